-- Subscription billing. An account is one environment (sandbox or production) of one merchant, and every
-- row belongs to one account. Money is whole New Taiwan dollars. Times are on the account's clock.

CREATE TABLE merchants (
    merchant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- clock_offset: how far the account's clock is ahead of real time; only a sandbox's can be.
CREATE TABLE billing_accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (merchant_id),
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    clock_offset INTEGER NOT NULL CHECK (clock_offset >= 0 AND (livemode = 0 OR clock_offset = 0)),
    clock_lease TEXT,
    clock_leased_until INTEGER,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (merchant_id, livemode)
) STRICT, WITHOUT ROWID;

CREATE TABLE billing_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    kind TEXT NOT NULL CHECK (kind IN ('secret', 'publishable')),
    token_hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    name TEXT NOT NULL,
    manages_keys INTEGER NOT NULL CHECK (manages_keys IN (0, 1)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_keys_of_account ON billing_keys (account_id, key_id);

CREATE TABLE billing_products (
    product_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    slug TEXT NOT NULL CHECK (length(slug) BETWEEN 1 AND 64),
    name TEXT NOT NULL,
    description TEXT,
    product_type TEXT NOT NULL CHECK (product_type IN ('SUBSCRIPTION', 'ONE_TIME', 'CREDITS', 'DONATION')),
    price INTEGER NOT NULL CHECK (price >= 0),
    interval_unit TEXT CHECK (interval_unit IN ('DAY', 'WEEK', 'MONTH', 'YEAR')),
    interval_count INTEGER CHECK (interval_count BETWEEN 1 AND 366),
    trial_days INTEGER CHECK (trial_days BETWEEN 1 AND 730),
    grace_days INTEGER NOT NULL CHECK (grace_days BETWEEN 0 AND 60),
    retry_days TEXT NOT NULL,
    credits INTEGER CHECK (credits > 0),
    product_family TEXT,
    display_order INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    certificate TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, slug),
    CHECK (certificate IS NULL OR product_type IN ('SUBSCRIPTION', 'ONE_TIME')),
    CHECK ((product_type = 'SUBSCRIPTION') = (interval_unit IS NOT NULL)),
    CHECK ((interval_unit IS NULL) = (interval_count IS NULL)),
    CHECK ((product_type = 'CREDITS') = (credits IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_products_of_account ON billing_products (account_id, product_id);

-- email_key: the address as addresses are compared.
CREATE TABLE billing_customers (
    customer_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    email TEXT,
    email_key TEXT,
    name TEXT,
    external_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'BANNED')),
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, email_key),
    UNIQUE (account_id, external_id),
    CHECK ((email IS NULL) = (email_key IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_customers_of_account ON billing_customers (account_id, customer_id);

-- token: what the gateway charges the card by. It is worth money: never shown, never logged.
CREATE TABLE billing_cards (
    card_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    customer_id TEXT NOT NULL REFERENCES billing_customers (customer_id),
    token TEXT NOT NULL,
    first_six TEXT NOT NULL,
    last_four TEXT NOT NULL,
    expires TEXT,
    created_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_cards_of_customer ON billing_cards (customer_id, card_id);

CREATE TABLE billing_coupons (
    coupon_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    name TEXT NOT NULL,
    discount_type TEXT NOT NULL CHECK (discount_type IN ('FIXED_AMOUNT', 'PERCENTAGE', 'FIRST_PERIOD_PRICE')),
    discount_amount INTEGER NOT NULL CHECK (discount_amount >= 0 AND (discount_type <> 'PERCENTAGE' OR discount_amount BETWEEN 1 AND 100)),
    duration TEXT NOT NULL CHECK (duration IN ('ONCE', 'REPEATING', 'FOREVER')),
    duration_periods INTEGER CHECK (duration_periods BETWEEN 1 AND 1200),
    bonus_trial_days INTEGER CHECK (bonus_trial_days BETWEEN 1 AND 730),
    bonus_months INTEGER CHECK (bonus_months BETWEEN 1 AND 24),
    minimum_amount INTEGER CHECK (minimum_amount >= 0),
    product_ids TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((duration = 'REPEATING') = (duration_periods IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_coupons_of_account ON billing_coupons (account_id, coupon_id);

CREATE TABLE billing_promotion_codes (
    promotion_code_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    coupon_id TEXT NOT NULL REFERENCES billing_coupons (coupon_id),
    code TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    valid_from INTEGER,
    valid_until INTEGER,
    max_redemptions INTEGER CHECK (max_redemptions >= 1),
    max_redemptions_per_customer INTEGER CHECK (max_redemptions_per_customer >= 1),
    current_redemptions INTEGER NOT NULL CHECK (current_redemptions >= 0),
    minimum_amount INTEGER CHECK (minimum_amount >= 0),
    customer_eligibility TEXT NOT NULL CHECK (customer_eligibility IN ('ALL', 'NEW_CUSTOMERS', 'EXISTING_CUSTOMERS')),
    restricted_to_customer_id TEXT,
    metadata TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, code),
    CHECK (max_redemptions IS NULL OR current_redemptions <= max_redemptions),
    CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_until > valid_from)
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_promotion_codes_of_account ON billing_promotion_codes (account_id, promotion_code_id);

-- A redemption is taken before the money is, and given back when the payment fails.
CREATE TABLE billing_redemptions (
    redemption_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    promotion_code_id TEXT NOT NULL REFERENCES billing_promotion_codes (promotion_code_id),
    customer_id TEXT NOT NULL REFERENCES billing_customers (customer_id),
    checkout_id TEXT NOT NULL UNIQUE,
    amount_off INTEGER NOT NULL CHECK (amount_off >= 0),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_redemptions_of_code ON billing_redemptions (promotion_code_id, customer_id);

CREATE TABLE billing_payment_links (
    payment_link_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    url_id TEXT NOT NULL UNIQUE,
    product_id TEXT NOT NULL REFERENCES billing_products (product_id),
    promotion_code TEXT,
    collect_payment_method TEXT NOT NULL CHECK (collect_payment_method IN ('always', 'if_required')),
    success_url TEXT,
    max_completions INTEGER CHECK (max_completions >= 1),
    metadata TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    view_count INTEGER NOT NULL,
    session_count INTEGER NOT NULL,
    completed_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_payment_links_of_account ON billing_payment_links (account_id, payment_link_id);

-- A checkout is the attempt to sell one product to one buyer, at most one charge of it open at a time. It has a
-- session id when a hosted page carries it out.
CREATE TABLE billing_checkouts (
    checkout_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    session_id TEXT UNIQUE,
    number TEXT NOT NULL UNIQUE,
    client_secret_hash TEXT NOT NULL,
    product_id TEXT NOT NULL REFERENCES billing_products (product_id),
    purpose TEXT NOT NULL CHECK (purpose IN ('PAYMENT', 'SUBSCRIPTION', 'SETUP')),
    status TEXT NOT NULL CHECK (status IN ('REQUIRES_PAYMENT_METHOD', 'REQUIRES_CONFIRMATION', 'REQUIRES_ACTION', 'PROCESSING', 'SUCCEEDED', 'CANCELED')),
    price INTEGER NOT NULL CHECK (price >= 0),
    plan TEXT NOT NULL,
    amount_off INTEGER NOT NULL CHECK (amount_off BETWEEN 0 AND price),
    charged INTEGER NOT NULL CHECK (charged >= 0),
    coupon TEXT NOT NULL,
    buyer TEXT NOT NULL,
    buyer_known INTEGER NOT NULL CHECK (buyer_known IN (0, 1)),
    customer_id TEXT REFERENCES billing_customers (customer_id),
    subscription_id TEXT,
    order_id TEXT,
    payment_link_id TEXT REFERENCES billing_payment_links (payment_link_id),
    success_url TEXT,
    cancel_url TEXT,
    metadata TEXT,
    origin TEXT,
    sdk_token TEXT,
    sdk_token_expires_at INTEGER,
    credit_token TEXT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts BETWEEN 0 AND max_attempts),
    max_attempts INTEGER NOT NULL,
    refusal TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    completed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_checkouts_of_account ON billing_checkouts (account_id, checkout_id);

CREATE TABLE billing_subscriptions (
    subscription_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    customer_id TEXT NOT NULL REFERENCES billing_customers (customer_id),
    product_id TEXT NOT NULL REFERENCES billing_products (product_id),
    checkout_id TEXT,
    card_id TEXT REFERENCES billing_cards (card_id),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'TRIAL', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELED', 'EXPIRED')),
    plan TEXT NOT NULL,
    anchor INTEGER NOT NULL,
    next_period INTEGER NOT NULL CHECK (next_period >= 0),
    current_period_start INTEGER NOT NULL,
    current_period_end INTEGER NOT NULL CHECK (current_period_end >= current_period_start),
    period_paid INTEGER NOT NULL CHECK (period_paid >= 0),
    trial_ends_at INTEGER,
    trial_noticed INTEGER NOT NULL CHECK (trial_noticed IN (0, 1)),
    coupon TEXT NOT NULL,
    periods_discounted INTEGER NOT NULL CHECK (periods_discounted >= 0),
    credit_left INTEGER NOT NULL CHECK (credit_left >= 0),
    credited TEXT NOT NULL,
    cancel_at_period_end INTEGER NOT NULL CHECK (cancel_at_period_end IN (0, 1)),
    cancel_reason TEXT,
    canceled_at INTEGER,
    ended_at INTEGER,
    past_due_since INTEGER,
    next_retry_at INTEGER,
    grace_ends_at INTEGER,
    paused_at INTEGER,
    scheduled TEXT NOT NULL,
    open_invoice_id TEXT,
    collecting INTEGER NOT NULL CHECK (collecting IN (0, 1)),
    next_action_at INTEGER,
    metadata TEXT,
    started_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- One valid subscription per customer and product.
CREATE UNIQUE INDEX billing_valid_subscriptions ON billing_subscriptions (customer_id, product_id)
    WHERE status IN ('TRIAL', 'ACTIVE', 'PAST_DUE');
CREATE INDEX billing_subscriptions_of_account ON billing_subscriptions (account_id, subscription_id);
CREATE INDEX billing_subscriptions_of_customer ON billing_subscriptions (customer_id, subscription_id);
CREATE INDEX billing_subscriptions_due ON billing_subscriptions (account_id, next_action_at)
    WHERE next_action_at IS NOT NULL;

-- What was bought at a checkout: one-time purchases and the first payment of a subscription.
CREATE TABLE billing_orders (
    order_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    checkout_id TEXT NOT NULL UNIQUE,
    subscription_id TEXT,
    customer_id TEXT NOT NULL REFERENCES billing_customers (customer_id),
    product_id TEXT NOT NULL REFERENCES billing_products (product_id),
    billing_reason TEXT NOT NULL CHECK (billing_reason IN ('PURCHASE', 'SUBSCRIPTION_CREATE')),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'PAID', 'REFUNDED', 'PARTIALLY_REFUNDED')),
    subtotal INTEGER NOT NULL CHECK (subtotal >= 0),
    discount INTEGER NOT NULL CHECK (discount >= 0),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    refunded_amount INTEGER NOT NULL CHECK (refunded_amount BETWEEN 0 AND amount),
    metadata TEXT,
    created_at INTEGER NOT NULL,
    paid_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX billing_orders_of_account ON billing_orders (account_id, order_id);
CREATE INDEX billing_orders_of_customer ON billing_orders (customer_id, order_id);

-- What a running subscription is asked for: renewals and switches. One renewal per period.
CREATE TABLE billing_invoices (
    invoice_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    number TEXT NOT NULL UNIQUE,
    subscription_id TEXT NOT NULL REFERENCES billing_subscriptions (subscription_id),
    customer_id TEXT NOT NULL REFERENCES billing_customers (customer_id),
    product_id TEXT NOT NULL REFERENCES billing_products (product_id),
    billing_reason TEXT NOT NULL CHECK (billing_reason IN ('SUBSCRIPTION_CYCLE', 'SUBSCRIPTION_UPDATE')),
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')),
    subtotal INTEGER NOT NULL CHECK (subtotal >= 0),
    discount INTEGER NOT NULL CHECK (discount >= 0),
    credit_applied INTEGER NOT NULL CHECK (credit_applied >= 0),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    refunded_amount INTEGER NOT NULL CHECK (refunded_amount BETWEEN 0 AND amount),
    period_start INTEGER NOT NULL,
    period_end INTEGER NOT NULL CHECK (period_end > period_start),
    attempt_count INTEGER NOT NULL CHECK (attempt_count >= 0),
    next_retry_at INTEGER,
    change TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    paid_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX billing_one_renewal_a_period ON billing_invoices (subscription_id, period_start)
    WHERE billing_reason = 'SUBSCRIPTION_CYCLE' AND status <> 'VOID';
CREATE INDEX billing_invoices_of_account ON billing_invoices (account_id, invoice_id);
CREATE INDEX billing_invoices_of_subscription ON billing_invoices (subscription_id, invoice_id);

-- One request for money to the gateway. The row is committed before the gateway is asked; mer_trade_no names
-- the trade there, so that it can be asked about and never made twice.
CREATE TABLE billing_charges (
    charge_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    mer_trade_no TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('CHECKOUT', 'INVOICE', 'CARD')),
    reference TEXT NOT NULL,
    customer_id TEXT REFERENCES billing_customers (customer_id),
    card_id TEXT REFERENCES billing_cards (card_id),
    sdk_token TEXT,
    amount INTEGER NOT NULL CHECK (amount > 0),
    refunded_amount INTEGER NOT NULL CHECK (refunded_amount BETWEEN 0 AND amount),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'REQUIRES_ACTION', 'SUCCEEDED', 'FAILED', 'REFUNDED')),
    trade_no TEXT,
    failure TEXT NOT NULL,
    three_d_url TEXT,
    checks INTEGER NOT NULL CHECK (checks >= 0),
    check_at INTEGER,
    created_at INTEGER NOT NULL,
    settled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX billing_one_open_charge ON billing_charges (reference) WHERE status IN ('PENDING', 'REQUIRES_ACTION');
CREATE INDEX billing_charges_of_reference ON billing_charges (reference, charge_id);
CREATE INDEX billing_charges_to_check ON billing_charges (account_id, check_at) WHERE check_at IS NOT NULL;

-- One refund of a charge under way at a time, so that what the gateway says it has refunded tells whether it was done.
CREATE TABLE billing_refunds (
    refund_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    number TEXT NOT NULL UNIQUE,
    charge_id TEXT NOT NULL REFERENCES billing_charges (charge_id),
    order_id TEXT,
    invoice_id TEXT,
    subscription_id TEXT,
    customer_id TEXT,
    amount INTEGER NOT NULL CHECK (amount > 0),
    refunded_before INTEGER NOT NULL CHECK (refunded_before >= 0),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'SUCCEEDED', 'FAILED')),
    reason TEXT NOT NULL CHECK (reason IN ('REQUESTED_BY_CUSTOMER', 'DUPLICATE', 'FRAUDULENT', 'OTHER', 'DUPLICATE_SUBSCRIPTION', 'VERIFICATION')),
    reason_detail TEXT,
    failure TEXT NOT NULL,
    checks INTEGER NOT NULL CHECK (checks >= 0),
    check_at INTEGER,
    claimed_until INTEGER,
    taken TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX billing_one_open_refund ON billing_refunds (charge_id) WHERE status IN ('PENDING', 'PROCESSING');
CREATE INDEX billing_refunds_of_account ON billing_refunds (account_id, refund_id);
CREATE INDEX billing_refunds_to_check ON billing_refunds (account_id, check_at) WHERE check_at IS NOT NULL;

CREATE TABLE billing_portal_sessions (
    portal_session_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES billing_accounts (account_id),
    token_hash TEXT NOT NULL UNIQUE,
    customer_id TEXT NOT NULL REFERENCES billing_customers (customer_id),
    return_url TEXT NOT NULL,
    locale TEXT,
    revoked_at INTEGER,
    accessed_at INTEGER,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
