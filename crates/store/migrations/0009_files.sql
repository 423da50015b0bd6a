-- Files that people sent. Their bytes are objects of the storage, named after them. A temporary file is deleted at expires_at
-- unless it is attached to something before, which makes it permanent.
CREATE TABLE files (
    file_id TEXT NOT NULL PRIMARY KEY,
    owner_kind TEXT NOT NULL CHECK (owner_kind IN ('organization', 'account')),
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    file_type TEXT NOT NULL CHECK (file_type IN ('temp', 'permanent')),
    expires_at INTEGER,
    attached_to TEXT,
    created_at INTEGER NOT NULL,
    CHECK ((file_type = 'temp') = (expires_at IS NOT NULL)),
    CHECK ((file_type = 'permanent') = (attached_to IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX files_expiring ON files (expires_at) WHERE file_type = 'temp';
CREATE INDEX files_waiting ON files (owner_id, owner_kind) WHERE file_type = 'temp';

-- Under which name this database keeps its objects: databases that share a storage do not sweep each other's.
CREATE TABLE files_place (
    place INTEGER NOT NULL PRIMARY KEY CHECK (place = 1),
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Held by whoever adds a file of this owner, so that what waits is counted right.
CREATE TABLE file_owners (
    owner_id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
