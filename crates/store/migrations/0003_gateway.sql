-- The simulated payment gateway's own books (crate simulators). Nothing is asked for but by its keys, so
-- the rest of a row is one JSON document.

CREATE TABLE gateway_shops (
    mer_id TEXT NOT NULL PRIMARY KEY,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1))
) STRICT, WITHOUT ROWID;

-- attempt counts the trades with one number of the shop: two at once cannot both be the next.
CREATE TABLE gateway_trades (
    trade_no TEXT NOT NULL PRIMARY KEY,
    mer_trade_no TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    trade TEXT NOT NULL,
    UNIQUE (mer_trade_no, attempt)
) STRICT, WITHOUT ROWID;

-- Tokens of the card form.
CREATE TABLE gateway_tokens (
    token TEXT NOT NULL PRIMARY KEY,
    session TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Cards that may be charged again. No number of a card is kept, unless it is one of the test cards.
CREATE TABLE gateway_cards (
    credit_hash TEXT NOT NULL PRIMARY KEY,
    credit_token TEXT NOT NULL,
    credit_token_type TEXT NOT NULL,
    card TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX gateway_cards_by_token ON gateway_cards (credit_token, credit_token_type);

-- due_at is null once the shop has answered 200, or is not asked any more.
CREATE TABLE gateway_notifies (
    notify_id TEXT NOT NULL PRIMARY KEY,
    trade_no TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER,
    delivered_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gateway_notifies_due ON gateway_notifies (due_at) WHERE due_at IS NOT NULL;
