-- How somebody gets the e-invoices of subscription billing, where they have said so. subject: a customer, or a checkout whose buyer is no
-- customer yet.
CREATE TABLE billing_einvoice_buyers (
    subject TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    receive TEXT NOT NULL,
    name TEXT,
    ubn TEXT,
    address TEXT,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
