"""The tables of the key store.  What each holds: `docs/formats/key-tree.md`."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE bucket (
    bucket INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
    entries INTEGER NOT NULL, head BLOB NOT NULL);
CREATE TABLE customer_key (
    bucket INTEGER NOT NULL, customer BLOB NOT NULL, version INTEGER NOT NULL,
    wrapped BLOB NOT NULL, reference BLOB, PRIMARY KEY (bucket, customer)) WITHOUT ROWID;
CREATE TABLE reference_list (place INTEGER PRIMARY KEY, list BLOB NOT NULL);
CREATE TABLE register (
    bucket INTEGER NOT NULL, n INTEGER NOT NULL, subject BLOB NOT NULL, fact TEXT NOT NULL,
    at TEXT NOT NULL, details BLOB NOT NULL, head BLOB NOT NULL,
    PRIMARY KEY (bucket, n)) WITHOUT ROWID;
CREATE TABLE authorisation (
    id BLOB PRIMARY KEY, verb TEXT NOT NULL, digest BLOB NOT NULL, approval BLOB NOT NULL,
    expires TEXT NOT NULL, mac BLOB NOT NULL) WITHOUT ROWID;
"""
