//! E-invoices from draft to void, whoever sells: states, attempts and reconciliation over the drivers of `einvoice`.
