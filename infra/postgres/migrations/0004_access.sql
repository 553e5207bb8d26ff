-- Sessions: operational, not part of the log. Losing this schema logs everybody out and nothing else.
CREATE SCHEMA access;

-- One log-in and all that was rotated from it: a family of tokens.
CREATE TABLE access.sessions (
    session    uuid        PRIMARY KEY,
    account_id uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    -- However busy it is, it ends here.
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    -- logout, password_changed or reuse.
    ended_by   text,
    CONSTRAINT end_has_a_cause CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX sessions_account ON access.sessions (account_id, created_at);
CREATE INDEX sessions_expiry ON access.sessions (expires_at);

-- Refresh tokens by their SHA-256. Each is used once; a used one is kept until its session has expired, to recognise reuse.
CREATE TABLE access.refresh_tokens (
    token_hash bytea       PRIMARY KEY,
    session    uuid        NOT NULL REFERENCES access.sessions ON DELETE CASCADE,
    -- Unused until then, it has lapsed.
    idle_until timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_session ON access.refresh_tokens (session);
