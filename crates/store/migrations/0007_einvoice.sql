-- The books of the simulated e-invoice providers (crate simulators). Nothing is asked for but by its keys, so
-- the rest of a row is one JSON document.

-- The numbers a provider may still give out in a two-month period.
CREATE TABLE sim_einvoice_ranges (
    provider TEXT NOT NULL,
    period TEXT NOT NULL,
    track TEXT NOT NULL,
    next INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (provider, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE sim_einvoice_invoices (
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    number TEXT NOT NULL,
    invoice TEXT NOT NULL,
    PRIMARY KEY (provider, reference),
    UNIQUE (provider, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sim_einvoice_allowances (
    provider TEXT NOT NULL,
    allowance_number TEXT NOT NULL,
    allowance TEXT NOT NULL,
    PRIMARY KEY (provider, allowance_number)
) STRICT, WITHOUT ROWID;

-- Addresses at which an invoice can be printed for a while.
CREATE TABLE sim_einvoice_prints (
    token TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    number TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
