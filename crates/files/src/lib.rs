//! Files that people send: taken in as a stream, known by their bytes, kept in a folder or in S3-compatible storage.
