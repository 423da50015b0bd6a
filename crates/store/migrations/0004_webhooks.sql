-- Webhooks of every face. An owner is whoever a face says: its tenants' ids, which no other face uses.

-- events: a JSON list of kinds, null for all. options: the face's own. disabled_reason: null while enabled.
CREATE TABLE webhook_endpoints (
    endpoint_id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    events TEXT,
    options TEXT NOT NULL,
    secret TEXT NOT NULL,
    disabled_reason TEXT CHECK (disabled_reason IN ('owner', 'failing')),
    failing_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_endpoints_of_owner ON webhook_endpoints (owner, endpoint_id);

-- seq: the events of an owner in the order of their commits. occurred_at is on the owner's clock.
CREATE TABLE webhook_events (
    event_id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    data TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (owner, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_events_by_age ON webhook_events (created_at);

-- One event on its way to one endpoint. seq, kind and object_id are the event's.
CREATE TABLE webhook_deliveries (
    delivery_id TEXT NOT NULL PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    event_id TEXT NOT NULL REFERENCES webhook_events (event_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt_at INTEGER,
    last_status INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    UNIQUE (event_id, endpoint_id),
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'pending') = (completed_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, seq);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (endpoint_id, status, seq);
CREATE INDEX webhook_deliveries_untried ON webhook_deliveries (endpoint_id, object_id, seq)
    WHERE status = 'pending' AND attempts = 0;

-- What came of each attempt: the status, if there was an answer, and the start of its body.
CREATE TABLE webhook_attempts (
    delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (delivery_id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    status INTEGER,
    error TEXT,
    response TEXT,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    attempted_at INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
) STRICT, WITHOUT ROWID;
