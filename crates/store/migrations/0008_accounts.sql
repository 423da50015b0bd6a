-- People: accounts, their sessions, who belongs to which organization, and codes sent to phones.

-- Robots. The key that signs challenges: made once, 32 bytes in Base64.
CREATE TABLE robot_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Challenges that were solved: once each. Kept until they have expired.
CREATE TABLE robot_challenges_used (
    challenge_id TEXT NOT NULL PRIMARY KEY,
    expire_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX robot_challenges_used_by_age ON robot_challenges_used (expire_at);
-- email is in lower case, phone in E.164. is_operator: may enable and disable organizations.
CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    phone TEXT NOT NULL,
    phone_verified_at INTEGER,
    password_hash TEXT NOT NULL,
    is_operator INTEGER NOT NULL CHECK (is_operator IN (0, 1)),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account_sessions (
    account_session_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    token_hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX account_sessions_of ON account_sessions (account_id);
CREATE INDEX account_sessions_by_end ON account_sessions (expires_at);

CREATE TABLE organization_members (
    organization_id TEXT NOT NULL REFERENCES organizations (organization_id),
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_members_of ON organization_members (account_id);

-- The last code sent to a phone or an e-mail address. It counts until it expires, has been typed right, or has been typed wrong
-- too often.
CREATE TABLE verification_codes (
    recipient TEXT NOT NULL PRIMARY KEY,
    code_hash TEXT NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What people say of their organization; those that the operator made have none of it.
ALTER TABLE organizations ADD COLUMN contact_email TEXT;
ALTER TABLE organizations ADD COLUMN contact_phone TEXT;
ALTER TABLE organizations ADD COLUMN tax_id TEXT;
ALTER TABLE organizations ADD COLUMN logo_file_id TEXT;
ALTER TABLE organizations ADD COLUMN updated_at INTEGER;

-- The person who made the key; null: the operator.
ALTER TABLE private_keys ADD COLUMN created_by TEXT REFERENCES accounts (account_id);
