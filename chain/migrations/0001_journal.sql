-- Whose journal this is. One row.
CREATE TABLE owner (
    account BLOB NOT NULL,
    chain INTEGER NOT NULL,
    genesis BLOB NOT NULL
) STRICT;

-- What is meant. A row without a nonce has never been sent, or lost its nonce to somebody else.
CREATE TABLE intents (
    key TEXT PRIMARY KEY,
    target BLOB NOT NULL,
    calldata BLOB NOT NULL,
    value TEXT NOT NULL,
    deadline INTEGER,
    gas_floor INTEGER NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('planned', 'sent', 'included', 'final')),
    nonce INTEGER UNIQUE,
    -- The block at which it was first sent.
    since INTEGER,
    trouble TEXT,
    -- Of an included intent: the attempt, its block, and whether the caller knows.
    hash BLOB,
    block INTEGER,
    block_hash BLOB,
    result TEXT CHECK (result IN ('landed', 'reverted', 'cancelled')),
    told INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX intents_stage ON intents (stage) WHERE stage <> 'final';

-- What was signed, before it was sent. Never deleted: a nonce keeps its meaning.
CREATE TABLE attempts (
    hash BLOB PRIMARY KEY,
    key TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    raw BLOB NOT NULL,
    gas INTEGER NOT NULL,
    max_fee TEXT NOT NULL,
    tip TEXT NOT NULL,
    cancel INTEGER NOT NULL,
    block INTEGER NOT NULL
) STRICT;

CREATE INDEX attempts_nonce ON attempts (nonce);
