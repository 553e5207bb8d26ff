-- Keys that callers brought for providers. That one was set or removed stands in the log; the key itself only here, so that it is
-- gone when it is removed. `sealed` is ciphertext under the account's data key, bound to account, provider and key.
CREATE TABLE vault.provider_keys (
    key_id     uuid        PRIMARY KEY,
    account_id uuid        NOT NULL REFERENCES vault.subject_keys (account_id),
    provider   text        NOT NULL,
    sealed     text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_keys_account ON vault.provider_keys (account_id);
