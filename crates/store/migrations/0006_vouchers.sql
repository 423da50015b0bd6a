-- What was paid for and is had by showing a certificate. payment: one voucher each. sale: what the payment is a part of, often
-- itself. record_id: the form's record, once it is filled in; path: where the certificate is, once it is issued. refusal: why that
-- could not be done so far. revoked: why it does not count any more, null while it does.
CREATE TABLE vouchers (
    voucher_id TEXT NOT NULL PRIMARY KEY,
    seller TEXT NOT NULL CHECK (seller IN ('orders', 'billing')),
    payment TEXT NOT NULL,
    sale TEXT NOT NULL,
    tpl_id INTEGER NOT NULL REFERENCES forms_templates (tpl_id),
    code_id INTEGER NOT NULL REFERENCES forms_codes (code_id),
    facts TEXT NOT NULL,
    record_id INTEGER UNIQUE REFERENCES forms_records (record_id),
    path TEXT,
    refusal TEXT,
    wanted_at INTEGER NOT NULL,
    redeemed_at INTEGER,
    revoked TEXT CHECK (revoked IN ('refunded', 'order_cancelled', 'subscription_ended', 'replaced')),
    revoked_at INTEGER,
    UNIQUE (seller, payment),
    CHECK ((revoked IS NULL) = (revoked_at IS NULL)),
    CHECK (path IS NULL OR record_id IS NOT NULL),
    CHECK (redeemed_at IS NULL OR record_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX vouchers_of_sale ON vouchers (seller, sale);
CREATE INDEX vouchers_refused ON vouchers (wanted_at) WHERE refusal IS NOT NULL;
