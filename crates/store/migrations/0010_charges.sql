-- Credit that is paid for. total: TWD. account_id: the person who made it, null when no person did. trade: the one that paid, or the
-- latest; pay_uni_trade_no: the gateway's number of it. file_id, last_five: the proof of a transfer, and from whose bank account.
CREATE TABLE credit_charges (
    credit_charge_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    account_id TEXT,
    credit_charge_number TEXT NOT NULL UNIQUE,
    quantity INTEGER NOT NULL CHECK (quantity >= 1),
    total INTEGER NOT NULL CHECK (total >= 1),
    payment_type TEXT NOT NULL CHECK (payment_type IN ('pay_uni', 'bank_transfer')),
    credit_charge_status TEXT NOT NULL
        CHECK (credit_charge_status IN ('wait_payment', 'complete', 'fail', 'cancel', 'expire')),
    return_url TEXT,
    pay_uni_trade_no TEXT,
    file_id TEXT,
    last_five TEXT CHECK (length(last_five) = 5),
    remitted_at INTEGER,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    completed_at INTEGER,
    CHECK ((credit_charge_status = 'complete') = (completed_at IS NOT NULL)),
    CHECK (payment_type = 'bank_transfer' OR remitted_at IS NULL),
    CHECK (payment_type = 'pay_uni' OR pay_uni_trade_no IS NULL),
    CHECK ((remitted_at IS NULL) = (file_id IS NULL)),
    CHECK ((remitted_at IS NULL) = (last_five IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX credit_charges_of_organization ON credit_charges (organization_id, credit_charge_id);
CREATE INDEX credit_charges_waiting ON credit_charges (expires_at) WHERE credit_charge_status = 'wait_payment';

-- Attempts at paying a charge. Each has a number of its own at the gateway, which is never used again. paid: the credit was given for
-- it. surplus: paid after the charge had been. mismatch: paid, but another amount. The money of the last two goes back: handled_at.
CREATE TABLE charge_trades (
    mer_trade_no TEXT NOT NULL PRIMARY KEY,
    credit_charge_id TEXT NOT NULL REFERENCES credit_charges (credit_charge_id),
    organization_id TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 1),
    trade_state TEXT NOT NULL
        CHECK (trade_state IN ('open', 'paid', 'surplus', 'mismatch', 'fail', 'cancel', 'expire')),
    trade_no TEXT,
    paid_amount INTEGER,
    checks INTEGER NOT NULL CHECK (checks >= 0),
    check_at INTEGER,
    created_at INTEGER NOT NULL,
    decided_at INTEGER,
    handled_at INTEGER,
    CHECK (trade_state <> 'paid' OR paid_amount = amount),
    CHECK (handled_at IS NULL OR trade_state IN ('surplus', 'mismatch'))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX charge_trades_paid ON charge_trades (credit_charge_id) WHERE trade_state = 'paid';
CREATE INDEX charge_trades_of_charge ON charge_trades (credit_charge_id, created_at);
CREATE INDEX charge_trades_to_check ON charge_trades (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX charge_trades_to_return ON charge_trades (mer_trade_no)
    WHERE trade_state IN ('surplus', 'mismatch') AND handled_at IS NULL;

-- Whatever anybody reported about a payment, and what came of it.
CREATE TABLE charge_notices (
    notice_id TEXT NOT NULL PRIMARY KEY,
    credit_charge_id TEXT,
    mer_trade_no TEXT,
    trade_no TEXT,
    via TEXT NOT NULL CHECK (via IN ('notify', 'return', 'query', 'operator')),
    trade_status TEXT,
    amount INTEGER,
    outcome TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX charge_notices_of_charge ON charge_notices (credit_charge_id, notice_id);
-- @append_only charge_notices
