-- Forgetting people: finding what is open, and the keys above the subject keys.

-- Erasures that are open: few rows, whatever the log's length.
CREATE INDEX events_erasures ON journal.events (topic, stream) WHERE topic IN ('accounts.erasure_requested', 'accounts.erased');

-- An address is welcomed once, also after its account was erased. Who registered before this release was welcomed then.
INSERT INTO journal.claims (claim, stream)
SELECT 'welcome:' || substr(claim, 7), stream FROM journal.claims WHERE claim LIKE 'email:%'
ON CONFLICT DO NOTHING;

-- Subject keys are wrapped by an epoch's key. The epoch's key itself lies in the object store, wrapped by the secret key, so a copy
-- of the database alone opens nothing, and once an epoch is destroyed no copy from its time ever opens again.
CREATE TABLE vault.epochs (
    epoch        text        PRIMARY KEY,
    number       integer     NOT NULL UNIQUE,
    -- Where its wrapped key lies.
    object_key   text        NOT NULL,
    -- The id of the secret key that wraps it.
    secret_key   text        NOT NULL,
    created_at   timestamptz NOT NULL,
    -- When nothing hung on it any more; copies made until then may still need it.
    emptied_at   timestamptz,
    destroyed_at timestamptz,
    CONSTRAINT emptied_before_destroyed CHECK (destroyed_at IS NULL OR emptied_at IS NOT NULL)
);
-- What still hangs on an epoch.
CREATE INDEX subject_keys_epoch ON vault.subject_keys (epoch) WHERE wrapped IS NOT NULL;
