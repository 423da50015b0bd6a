-- One text for both databases. INTEGER is 64 bits, times are UTC microseconds, flags are 0 or 1.
-- src/dialect.rs says what is rewritten for PostgreSQL.

CREATE TABLE organizations (
    organization_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE private_keys (
    private_key_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    key_hash TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- The ledger. The balance is the sum of the postings; it can never fall below zero.
CREATE TABLE credit_accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance BETWEEN 0 AND 9007199254740991)
) STRICT, WITHOUT ROWID;

-- One posting of a kind for one reference: what is posted twice by mistake is refused here.
CREATE TABLE postings (
    account_id TEXT NOT NULL REFERENCES credit_accounts (account_id),
    posting_id TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE,
    amount INTEGER NOT NULL CHECK (amount <> 0),
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, posting_id),
    UNIQUE (reference, kind)
) STRICT, WITHOUT ROWID;
-- @append_only postings

-- price: thousandths of a credit for one unit.
CREATE TABLE products (
    product_id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    product_type TEXT NOT NULL,
    product_category TEXT NOT NULL,
    main_product_category TEXT NOT NULL,
    price INTEGER NOT NULL CHECK (price >= 0),
    min INTEGER NOT NULL CHECK (min >= 1),
    max INTEGER NOT NULL CHECK (max >= min),
    order_no INTEGER NOT NULL,
    dynamic_probability TEXT NOT NULL,
    increase_speed TEXT NOT NULL,
    service_type TEXT NOT NULL,
    on_sale INTEGER NOT NULL CHECK (on_sale IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    supplier_service_id TEXT,
    supplier_name TEXT,
    supplier_rate TEXT,
    supplier_min INTEGER,
    supplier_max INTEGER,
    is_drip_feed INTEGER NOT NULL CHECK (is_drip_feed IN (0, 1)),
    is_refillable INTEGER NOT NULL CHECK (is_refillable IN (0, 1)),
    is_cancelable INTEGER NOT NULL CHECK (is_cancelable IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    order_id TEXT NOT NULL,
    order_number TEXT NOT NULL UNIQUE,
    payment_type TEXT NOT NULL,
    order_status TEXT NOT NULL,
    payment_status TEXT NOT NULL,
    total INTEGER NOT NULL CHECK (total >= 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    PRIMARY KEY (organization_id, order_id)
) STRICT, WITHOUT ROWID;

-- What was ordered, and how far it is. dispatch_state: queued, sending, sent, unconfirmed, refused, ended.
CREATE TABLE order_details (
    order_id TEXT NOT NULL,
    order_detail_id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    product_id TEXT NOT NULL REFERENCES products (product_id),
    title TEXT NOT NULL,
    product_type TEXT NOT NULL,
    quantity INTEGER,
    price INTEGER NOT NULL,
    subtotal INTEGER NOT NULL CHECK (subtotal >= 0),
    units INTEGER NOT NULL CHECK (units >= 0),
    link TEXT,
    username TEXT,
    comments TEXT,
    runs INTEGER,
    interval_minutes INTEGER,
    min_quantity INTEGER,
    max_quantity INTEGER,
    delay_minutes TEXT,
    new_post_count INTEGER,
    old_post_count INTEGER,
    expiry_date INTEGER,
    start_count INTEGER,
    remains INTEGER,
    dispatch_state TEXT NOT NULL,
    supplier_service_id TEXT,
    supplier_order_id TEXT,
    checked_times INTEGER NOT NULL DEFAULT 0,
    check_at INTEGER,
    PRIMARY KEY (order_id, order_detail_id),
    FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_details_to_check ON order_details (check_at) WHERE check_at IS NOT NULL;

CREATE TABLE refills (
    refill_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    supplier_refill_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (organization_id, order_id) REFERENCES orders (organization_id, order_id)
) STRICT, WITHOUT ROWID;

-- Work that must survive a crash: enqueued in the transaction that makes it necessary, deleted in the
-- one that completes it. A job belongs to a node while leased_until lies ahead.
CREATE TABLE jobs (
    job_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    dedupe_key TEXT UNIQUE,
    payload TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    lease_owner TEXT,
    last_error TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (run_at);

-- status and body are null from the commit of the change to that of its answer.
CREATE TABLE idempotency_keys (
    scope TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    reference TEXT,
    status INTEGER,
    body TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE sequences (
    name TEXT NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rate_windows (
    quota TEXT NOT NULL PRIMARY KEY,
    window_start INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The simulated supplier's own books (crate simulators).
CREATE TABLE simulator_services (
    service INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    category TEXT NOT NULL,
    rate TEXT NOT NULL,
    min INTEGER NOT NULL,
    max INTEGER NOT NULL,
    dripfeed INTEGER NOT NULL,
    refill INTEGER NOT NULL,
    cancel INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL
) STRICT;

CREATE TABLE simulator_orders (
    supplier_order INTEGER NOT NULL PRIMARY KEY,
    reference TEXT UNIQUE,
    service INTEGER NOT NULL,
    link TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    interval_minutes INTEGER NOT NULL,
    old_posts INTEGER,
    delay_minutes INTEGER NOT NULL,
    expires_at INTEGER,
    rate TEXT NOT NULL,
    fate TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    stopped_at INTEGER,
    times_received INTEGER NOT NULL
) STRICT;

CREATE INDEX simulator_orders_by_link ON simulator_orders (link, service);

CREATE TABLE simulator_refills (
    refill INTEGER NOT NULL PRIMARY KEY,
    supplier_order INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
