-- Which chain and market the rest is about; one row.
CREATE TABLE identity (
    chain_id INTEGER NOT NULL,
    market BLOB NOT NULL,
    genesis BLOB NOT NULL,
    code BLOB NOT NULL
) STRICT;

-- Proofs handed in. Not on the chain, so this table is their only home until they are settled.
CREATE TABLE proofs (
    request BLOB NOT NULL,
    prover BLOB NOT NULL,
    digest BLOB NOT NULL,
    proof BLOB NOT NULL,
    due INTEGER NOT NULL,
    received_block INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('accepted', 'settled', 'rejected')),
    reason TEXT,
    batch TEXT,
    transaction_hash BLOB,
    settled_block INTEGER,
    PRIMARY KEY (request, prover, digest)
) STRICT;
CREATE INDEX proofs_by_status ON proofs (status);
CREATE INDEX proofs_by_block ON proofs (settled_block) WHERE settled_block IS NOT NULL;

-- What was decided, and why. A history: nothing is read back but by people.
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    block INTEGER NOT NULL,
    key TEXT NOT NULL,
    action TEXT NOT NULL,
    request BLOB,
    reason TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_key ON decisions (key);

-- The last heads that were decided on.
CREATE TABLE heads (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;
