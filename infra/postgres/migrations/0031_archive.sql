-- The archive: the words of old events lie in immutable files in the object store, so that the log's table holds little of them.
-- The rows stay, with everything that the append, the sums and the indexes need (decision 0030).
CREATE TABLE journal.segments (
    -- The positions it holds, all of them: a complete subtree of the notary's tree.
    first      bigint      PRIMARY KEY CHECK (first >= 1),
    last       bigint      NOT NULL UNIQUE CHECK (last >= first),
    -- Where the file lies, and what it is.
    object_key text        NOT NULL,
    bytes      bigint      NOT NULL CHECK (bytes > 0),
    sha256     bytea       NOT NULL CHECK (length(sha256) = 32),
    -- The root over its events.
    root       bytea       NOT NULL CHECK (length(root) = 32),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the words of all its rows were gone from the log's table; NULL: an archiver was interrupted, the next one goes on.
    thinned_at timestamptz
);
