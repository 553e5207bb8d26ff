-- Storage and vacuum of the two hottest tables, as measured in docs/decisions/0029-vacuum.md.

-- No update of a work row can be a heap-only one, because its state stands in the conditions of the indexes: room that is left on its
-- pages is room for nothing. And cutting off the table's end locks everybody out, for pages that are filled again in the next second.
ALTER TABLE dispatch.work RESET (fillfactor);
ALTER TABLE dispatch.work SET (vacuum_truncate = false);

-- The log is written once. Each vacuum has the same number of new events before it, however long the log is, and freezes their pages while
-- they are still in memory, so that none is ever written again for its age.
ALTER TABLE journal.events SET (
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000, autovacuum_freeze_min_age = 0
);
