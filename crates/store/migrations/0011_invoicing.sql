-- E-invoices, whoever sells.

-- owner: whose books it is in (an organization, an account); sale: what was sold, in the seller's books. reference: ours at the
-- provider, new for every invoice, so that asking twice makes one. status: what is known for certain. asked: what the provider
-- was asked for without that its answer is known; automatic: whether a refusal that may pass is answered by asking again.
-- attempts: how often it was asked, which also tells one who asks from the next. claimed_until: who asks now has so long;
-- check_at: when somebody looks at it again. total, credited: whole TWD.
CREATE TABLE einvoices (
    invoice_id TEXT NOT NULL PRIMARY KEY,
    seller TEXT NOT NULL CHECK (seller IN ('orders', 'billing')),
    owner TEXT NOT NULL,
    sale TEXT NOT NULL,
    provider TEXT NOT NULL CHECK (provider IN ('ec_pay', 'ez_pay', 'amego', 'pay_uni')),
    reference TEXT NOT NULL,
    receive_type TEXT NOT NULL,
    tax_type TEXT NOT NULL,
    total INTEGER NOT NULL CHECK (total > 0),
    draft TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'issued', 'issue_failed', 'void')),
    asked TEXT CHECK (asked IN ('issue', 'void', 'allowance')),
    automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    checks INTEGER NOT NULL CHECK (checks >= 0),
    claimed_until INTEGER,
    check_at INTEGER,
    invoice_number TEXT,
    random_code TEXT,
    issued_at INTEGER,
    printed TEXT NOT NULL,
    credited INTEGER NOT NULL CHECK (credited BETWEEN 0 AND total),
    void_reason TEXT,
    voided_at INTEGER,
    failure TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    UNIQUE (provider, reference),
    -- Nothing is issued without its number. A draft that was given up is void without one.
    CHECK ((invoice_number IS NULL) = (issued_at IS NULL)),
    CHECK (status <> 'issued' OR invoice_number IS NOT NULL),
    CHECK (status NOT IN ('draft', 'issue_failed') OR invoice_number IS NULL),
    CHECK ((status = 'void') = (voided_at IS NOT NULL)),
    CHECK (asked IS NULL OR (asked = 'issue') = (status IN ('draft', 'issue_failed'))),
    CHECK (asked IS NULL OR status <> 'void'),
    CHECK ((asked IS NULL) = (check_at IS NULL))
) STRICT, WITHOUT ROWID;
-- One invoice that counts for a sale.
CREATE UNIQUE INDEX einvoices_live ON einvoices (seller, sale) WHERE status <> 'void';
CREATE INDEX einvoices_of_owner ON einvoices (seller, owner, invoice_id);
CREATE INDEX einvoices_to_check ON einvoices (check_at) WHERE check_at IS NOT NULL;

-- Money given back on an issued invoice. number: ours; provider_number: the provider's, where it has its own and has told.
CREATE TABLE einvoice_allowances (
    allowance_id TEXT NOT NULL PRIMARY KEY,
    invoice_id TEXT NOT NULL REFERENCES einvoices (invoice_id),
    number TEXT NOT NULL UNIQUE,
    provider_number TEXT,
    status TEXT NOT NULL CHECK (status IN ('asked', 'made', 'refused')),
    total INTEGER NOT NULL CHECK (total > 0),
    lines TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    made_at INTEGER,
    CHECK ((status = 'made') = (made_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX einvoice_allowances_of_invoice ON einvoice_allowances (invoice_id);
-- One at a time, so that what the provider has given back tells whether it was done.
CREATE UNIQUE INDEX einvoice_allowances_open ON einvoice_allowances (invoice_id) WHERE status = 'asked';

-- Every answer of a provider, and every lack of one.
CREATE TABLE einvoice_attempts (
    attempt_id TEXT NOT NULL PRIMARY KEY,
    invoice_id TEXT NOT NULL REFERENCES einvoices (invoice_id),
    operation TEXT NOT NULL CHECK (operation IN ('issue', 'query', 'void', 'allowance', 'print_url')),
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'undecided')),
    detail TEXT,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX einvoice_attempts_of_invoice ON einvoice_attempts (invoice_id);
-- @append_only einvoice_attempts
