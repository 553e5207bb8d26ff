-- The grants of an account, newest first. Whoever tells an account of its credits asks for the last one each time, and without this index
-- he looks through all that has happened since: 11,000 entries and 5 to 15 ms after twenty minutes of one busy account, and ever more.
CREATE INDEX events_grants ON journal.events (account_id, position) WHERE topic = 'credits.granted';
