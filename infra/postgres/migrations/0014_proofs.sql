-- What the notary keeps: the Merkle tree over the log, its signed checkpoints, its keys. The tree can be made again from the log,
-- checkpoints and keys cannot. The writer of the log never touches this schema.
CREATE SCHEMA proofs;

-- The incarnations of the log. A restore that lost events begins the next one, whose number is part of every origin.
CREATE TABLE proofs.log (
    incarnation integer     PRIMARY KEY CHECK (incarnation >= 1),
    -- The first position that the incarnation before had and lost.
    lost_from   bigint      CHECK (lost_from >= 1),
    begun_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT only_the_first_lost_nothing CHECK ((incarnation = 1) = (lost_from IS NULL))
);
INSERT INTO proofs.log (incarnation) VALUES (1);

-- How many events are leaves of the tree; one row, moved by compare-and-set.
CREATE TABLE proofs.tree (
    single     boolean PRIMARY KEY DEFAULT true CHECK (single),
    size       bigint  NOT NULL DEFAULT 0 CHECK (size >= 0),
    -- Why nothing is signed, when the log or the tree no longer leads to the last checkpoint.
    refusal    text
) WITH (fillfactor = 50);
INSERT INTO proofs.tree DEFAULT VALUES;

-- Roots of complete subtrees: (level, index) covers the leaves index * 2^level to (index + 1) * 2^level - 1, counted from 0.
-- Levels 0 to 3 are not kept: sixteen rows of the log give them at any time.
CREATE TABLE proofs.nodes (
    level smallint NOT NULL CHECK (level >= 4),
    index bigint   NOT NULL CHECK (index >= 0),
    hash  bytea    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- Every signed tree head: `note` is the whole C2SP note, signatures included; size, root and origin stand in it, too.
CREATE TABLE proofs.checkpoints (
    size         bigint      PRIMARY KEY CHECK (size >= 1),
    root         bytea       NOT NULL CHECK (length(root) = 32),
    origin       text        NOT NULL,
    note         text        NOT NULL,
    signed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the object store had it, too.
    published_at timestamptz
);
CREATE INDEX checkpoints_unpublished ON proofs.checkpoints (size) WHERE published_at IS NULL;

-- Ed25519 keys. The private half is wrapped by a key that follows from DAYBOOK_SECRET_KEY, and destroyed when the key retires;
-- the public half stays for ever, so that old checkpoints can be checked.
CREATE TABLE proofs.keys (
    number     integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL,
    key_id     bytea       NOT NULL CHECK (length(key_id) = 4),
    public     bytea       NOT NULL UNIQUE CHECK (length(public) = 32),
    -- The id of the secret key that wraps the private half.
    epoch      text        NOT NULL,
    wrapped    bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at timestamptz,
    CONSTRAINT retired_is_gone CHECK ((wrapped IS NULL) = (retired_at IS NOT NULL))
);
-- One key signs.
CREATE UNIQUE INDEX keys_signing ON proofs.keys ((true)) WHERE retired_at IS NULL;
