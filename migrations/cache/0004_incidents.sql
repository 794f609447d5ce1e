-- Columns that an action can change are effective: a function of the server's incident and the pending actions.
CREATE TABLE incident (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  device       INTEGER NOT NULL,
  state        INTEGER NOT NULL,           -- 0 new, 1 open, 2 pending, 3 solved, 4 closed
  recency      INTEGER NOT NULL,           -- minus its last event in microseconds: the newest comes first
  takes_part   INTEGER NOT NULL DEFAULT 0, -- the person opened it, moved it or wrote in it
  unread       INTEGER NOT NULL DEFAULT 0,
  last_message INTEGER NOT NULL DEFAULT 0,
  others_read  INTEGER NOT NULL DEFAULT 0, -- up to here somebody else has read
  closed       INTEGER,                    -- microseconds
  incident     TEXT NOT NULL,              -- Incident as it came, or as it was opened here
  revision     INTEGER NOT NULL            -- 0: on this phone only
) STRICT;
CREATE INDEX incident_newest ON incident (recency, id, organization, device, state, takes_part, unread);
CREATE INDEX incident_of_device ON incident (device);

CREATE TABLE read_position (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  incident     BLOB NOT NULL,
  up_to        INTEGER NOT NULL,
  revision     INTEGER NOT NULL
) STRICT;
CREATE INDEX read_position_of ON read_position (incident);

-- A message may come before its incident. `number` is its place in the server's order; one's own has none until it came
-- back, and stands behind all others.
CREATE TABLE message (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  incident     BLOB NOT NULL,
  number       INTEGER,
  place        INTEGER NOT NULL,           -- minus the number: the newest comes first
  mine         INTEGER NOT NULL,
  standing     INTEGER NOT NULL DEFAULT 0, -- 0 in the server's order, 1 on this phone, 2 on the server, 3 parked
  code         TEXT,                       -- why it is parked
  message      TEXT NOT NULL,              -- Message as it came, or as it was written here
  revision     INTEGER NOT NULL
) STRICT;
CREATE INDEX message_newest ON message (incident, place, n);
CREATE INDEX message_by_number ON message (incident, number) WHERE number IS NOT NULL;
CREATE INDEX message_mine ON message (incident, number) WHERE mine = 1 AND number IS NOT NULL;
CREATE INDEX message_own ON message (incident) WHERE number IS NULL;

-- The chats whose last messages a full read brings, and a digest counts: those of incidents that are not closed.
CREATE TABLE chat (
  incident     BLOB PRIMARY KEY,
  organization INTEGER NOT NULL,
  counted      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
