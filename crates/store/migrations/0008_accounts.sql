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
