-- How customers of subscription billing get their e-invoices, where they have said so.
CREATE TABLE billing_einvoice_buyers (
    customer_id TEXT NOT NULL PRIMARY KEY REFERENCES billing_customers (customer_id),
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    receive TEXT NOT NULL,
    name TEXT,
    ubn TEXT,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
