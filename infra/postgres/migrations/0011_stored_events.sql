-- The log under the names of the eventsourcing library, so that a stock application can read it.
CREATE VIEW journal.stored_events AS
SELECT stream AS originator_id, version::bigint AS originator_version, topic, state, position AS notification_id
FROM journal.events;
