//! Mail and text messages to people: over SMTP and HTTP, or into an outbox folder.
