-- The grants of an account and what lapsed of them, in the order of the log. Whoever tells an account of its credits asks for its last grant
-- each time, and a refund asks what lapsed. Without this index both look through all that has happened to the account: 11,000 entries and 5
-- to 15 ms after twenty minutes of a busy one, and ever more.
CREATE INDEX events_grants ON journal.events (account_id, position) WHERE topic IN ('credits.granted', 'credits.grant_expired');
