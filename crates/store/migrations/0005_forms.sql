-- Codes, forms, records, certificates and their verification. Every row belongs to one organization. Ids are whole
-- numbers below 2^53, larger ones later.

CREATE TABLE forms_organizations (
    org_id INTEGER NOT NULL PRIMARY KEY,
    org_code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE forms_projects (
    project_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX forms_projects_of_org ON forms_projects (org_id, project_id);

-- rights: a JSON list of read, write, reverse. project_ids: a JSON list of what the key sees, null for all.
CREATE TABLE forms_keys (
    api_key_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    rights TEXT NOT NULL,
    project_ids TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'revoked')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX forms_keys_of_org ON forms_keys (org_id, api_key_id);

-- path: the ids from the root to here, '/12/345/'.
CREATE TABLE forms_categories (
    category_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    project_id INTEGER NOT NULL REFERENCES forms_projects (project_id),
    parent_id INTEGER REFERENCES forms_categories (category_id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    path TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX forms_categories_of_org ON forms_categories (org_id, path);

-- A group of states. choices: a JSON list of {id, text}.
CREATE TABLE forms_states (
    state_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    project_id INTEGER NOT NULL REFERENCES forms_projects (project_id),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 64),
    choices TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX forms_states_of_org ON forms_states (org_id, state_id);

-- content, operations, states (state id to value id): JSON.
CREATE TABLE forms_codes (
    code_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    project_id INTEGER NOT NULL REFERENCES forms_projects (project_id),
    category_id INTEGER REFERENCES forms_categories (category_id),
    coding TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    content TEXT NOT NULL,
    operations TEXT NOT NULL,
    states TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
    expire_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX forms_codes_of_org ON forms_codes (org_id, code_id);
CREATE INDEX forms_codes_of_category ON forms_codes (category_id, code_id);

-- number: 'D1', 'D2' of the organization. definition, limits, audit, certificate, settings: JSON.
CREATE TABLE forms_templates (
    tpl_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    project_id INTEGER NOT NULL REFERENCES forms_projects (project_id),
    number TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    note TEXT NOT NULL,
    description TEXT NOT NULL,
    submit_button_title TEXT NOT NULL,
    definition TEXT NOT NULL,
    limits TEXT NOT NULL,
    audit TEXT NOT NULL,
    certificate TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    active_at INTEGER,
    deleted_at INTEGER,
    UNIQUE (org_id, number)
) STRICT;
CREATE INDEX forms_templates_of_org ON forms_templates (org_id, tpl_id);

-- kind: 0 a filled form, 3 a change of state, 7 an edit of a code. fields, submitter, audits: JSON.
CREATE TABLE forms_records (
    record_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    project_id INTEGER NOT NULL REFERENCES forms_projects (project_id),
    tpl_id INTEGER REFERENCES forms_templates (tpl_id),
    code_id INTEGER NOT NULL REFERENCES forms_codes (code_id),
    kind INTEGER NOT NULL CHECK (kind IN (0, 3, 7)),
    record_number TEXT NOT NULL,
    coding TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL,
    submitter TEXT NOT NULL,
    api_key_id INTEGER,
    fields TEXT NOT NULL,
    audit_status TEXT NOT NULL CHECK (audit_status IN ('none', 'pending', 'approved', 'rejected')),
    audit_level INTEGER NOT NULL CHECK (audit_level >= 0),
    audits TEXT NOT NULL,
    submit_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    UNIQUE (org_id, record_number),
    CHECK ((kind = 0) = (tpl_id IS NOT NULL))
) STRICT;
CREATE INDEX forms_records_of_org ON forms_records (org_id, record_id);
CREATE INDEX forms_records_of_code ON forms_records (code_id, record_id);
CREATE INDEX forms_records_of_template ON forms_records (tpl_id, record_id);

-- The text that records are searched by, in lower case. rowid: the record's id.
-- @full_text forms_texts

-- What a field of a form holds that may hold each value once: the SHA-256 of the normalised value.
CREATE TABLE forms_unique_values (
    tpl_id INTEGER NOT NULL REFERENCES forms_templates (tpl_id),
    field_id INTEGER NOT NULL,
    value_hash TEXT NOT NULL,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (tpl_id, field_id, value_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX forms_unique_values_of_record ON forms_unique_values (record_id);

-- How often a form was filled in for a code: by one person (subject), or by all (subject '').
-- period: 'D20260601', 'M202606', 'Y2026' or 'T'.
CREATE TABLE forms_counts (
    tpl_id INTEGER NOT NULL REFERENCES forms_templates (tpl_id),
    code_id INTEGER NOT NULL REFERENCES forms_codes (code_id),
    subject TEXT NOT NULL,
    period TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (tpl_id, code_id, subject, period)
) STRICT, WITHOUT ROWID;

-- The last number given out of a kind: 'D' for forms, 'L' for records.
CREATE TABLE forms_numbers (
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    kind TEXT NOT NULL,
    last INTEGER NOT NULL CHECK (last >= 1),
    PRIMARY KEY (org_id, kind)
) STRICT, WITHOUT ROWID;

-- revoked: why it no longer counts, null while it does.
CREATE TABLE forms_certificates (
    certificate_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    record_id INTEGER NOT NULL UNIQUE REFERENCES forms_records (record_id),
    tpl_id INTEGER NOT NULL REFERENCES forms_templates (tpl_id),
    code_id INTEGER NOT NULL REFERENCES forms_codes (code_id),
    coding TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    revoked TEXT,
    issued_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Every attempt to verify a certificate. outcome: what came of it; error_code of a refusal. certificate_id is null when the
-- code was none. reverses: the verification that this one undid; reason: why.
CREATE TABLE forms_verifications (
    verification_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    certificate_id INTEGER REFERENCES forms_certificates (certificate_id),
    presented TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('verified', 'refused', 'reversed')),
    error_code INTEGER,
    from_status TEXT,
    to_status TEXT,
    operator TEXT NOT NULL,
    api_key_id INTEGER,
    authorization_id INTEGER,
    nonce TEXT,
    request_hash TEXT NOT NULL,
    reverses INTEGER UNIQUE REFERENCES forms_verifications (verification_id),
    reason TEXT,
    at INTEGER NOT NULL,
    CHECK ((outcome = 'refused') = (error_code IS NOT NULL)),
    CHECK (outcome = 'refused' OR certificate_id IS NOT NULL),
    CHECK ((outcome = 'reversed') = (reverses IS NOT NULL))
) STRICT;
CREATE INDEX forms_verifications_of_certificate ON forms_verifications (certificate_id, verification_id);
CREATE INDEX forms_verifications_of_org ON forms_verifications (org_id, verification_id);
CREATE UNIQUE INDEX forms_verifications_by_nonce ON forms_verifications (org_id, nonce) WHERE nonce IS NOT NULL AND outcome = 'verified';
-- @append_only forms_verifications

CREATE TABLE forms_authorizations (
    authorization_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    tpl_id INTEGER NOT NULL REFERENCES forms_templates (tpl_id),
    code_hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    holder TEXT NOT NULL,
    expire_at INTEGER,
    max_uses INTEGER CHECK (max_uses >= 1),
    uses INTEGER NOT NULL CHECK (uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)),
    revoked_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX forms_authorizations_of_template ON forms_authorizations (tpl_id, authorization_id);

-- A file that a submission may refer to until it expires. body: Base64. record_id: what refers to it, which keeps it.
CREATE TABLE forms_uploads (
    upload_id TEXT NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    body TEXT NOT NULL,
    record_id INTEGER,
    expire_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX forms_uploads_by_age ON forms_uploads (expire_at);

-- What signs certificates (Ed25519) and keys their codes: made once, 32 bytes each in Base64.
CREATE TABLE forms_secrets (
    name TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Work on many records at once. work: JSON, what exactly. total, done, failed: items, of which done were dealt with and failed
-- of those were refused. position: how far it is, which only ever grows. failure: JSON, why all of it ended. upload_id: its file.
CREATE TABLE forms_jobs (
    job_id INTEGER NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES forms_organizations (org_id),
    project_id INTEGER NOT NULL REFERENCES forms_projects (project_id),
    tpl_id INTEGER NOT NULL REFERENCES forms_templates (tpl_id),
    api_key_id INTEGER REFERENCES forms_keys (api_key_id),
    work TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'cancelled', 'failed')),
    total INTEGER NOT NULL CHECK (total >= 0),
    done INTEGER NOT NULL CHECK (done >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0 AND failed <= done),
    position INTEGER NOT NULL CHECK (position >= 0),
    failure TEXT,
    upload_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((ended_at IS NULL) = (state IN ('waiting', 'running')))
) STRICT;
CREATE INDEX forms_jobs_of_org ON forms_jobs (org_id, job_id);
CREATE INDEX forms_jobs_by_age ON forms_jobs (created_at);

-- The rows of a file that are to be imported, some together. position: of the first of them. cells: JSON.
CREATE TABLE forms_job_rows (
    job_id INTEGER NOT NULL REFERENCES forms_jobs (job_id),
    position INTEGER NOT NULL,
    cells TEXT NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

-- What came of each item. item: the row of the file, or the number of the record. reference: the number or code of what was
-- made. refusal: JSON, why nothing was.
CREATE TABLE forms_job_results (
    job_id INTEGER NOT NULL REFERENCES forms_jobs (job_id),
    item INTEGER NOT NULL,
    record_id INTEGER,
    reference TEXT,
    refusal TEXT,
    PRIMARY KEY (job_id, item)
) STRICT, WITHOUT ROWID;
