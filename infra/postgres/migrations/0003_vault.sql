-- Keys. Everything in here is wrapped by a key that follows from DAYBOOK_SECRET_KEY and never stands in the database.
CREATE SCHEMA vault;

-- The data key of each person. Its destruction (wrapped = NULL) is the erasure of everything sealed with it.
CREATE TABLE vault.subject_keys (
    account_id   uuid        PRIMARY KEY,
    -- The id of the secret key that wraps it.
    epoch        text        NOT NULL,
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CONSTRAINT destroyed_is_gone CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

-- Keys that must outlive every change of the secret key, such as the one that keeps e-mail addresses unique.
CREATE TABLE vault.standing_keys (
    purpose    text        PRIMARY KEY,
    epoch      text        NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
