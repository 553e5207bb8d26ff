-- Read models: folded from the log, disposable. The projection runner makes their tables; here stands only how far each has seen.
CREATE SCHEMA IF NOT EXISTS read;
-- Where a model is built again beside the live one, under the same table names, before the two are swapped.
CREATE SCHEMA IF NOT EXISTS read_building;

CREATE TABLE read.models (
    name       text        NOT NULL,
    version    integer     NOT NULL,
    -- Where its tables are: 'read', or 'read_building' during a rebuild.
    place      text        NOT NULL DEFAULT 'read' CHECK (place IN ('read', 'read_building')),
    -- Everything up to this log position is folded in.
    position   bigint      NOT NULL DEFAULT 0 CHECK (position >= 0),
    -- live; building: not yet at the end of the log; stopped: a fact could not be folded, `error` says which and why.
    state      text        NOT NULL CHECK (state IN ('live', 'building', 'stopped')),
    error      text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version, place),
    CONSTRAINT stopped_says_why CHECK (state <> 'stopped' OR error IS NOT NULL)
) WITH (fillfactor = 50);
