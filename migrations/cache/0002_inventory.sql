-- Organizations, and what the signed-in person may do in each.
CREATE TABLE organization (
  n       INTEGER PRIMARY KEY,
  id      BLOB NOT NULL UNIQUE,
  label   TEXT NOT NULL DEFAULT '',
  me      TEXT,                              -- MyOrganization as it came; NULL against a server that does not tell
  reached INTEGER NOT NULL DEFAULT 0         -- the account may read it now
) STRICT;

-- Where the copy of each feed stands.
CREATE TABLE feed (
  organization INTEGER NOT NULL,
  name         TEXT NOT NULL,
  generation   BLOB,                       -- NULL with servers that have none
  position     INTEGER,                    -- the feed's offset; NULL before the first full read has ended
  times        TEXT NOT NULL DEFAULT '{}', -- what the schedule remembers
  skipped      INTEGER NOT NULL DEFAULT 0, -- rows that could not be taken since the last full read began
  PRIMARY KEY (organization, name)
) STRICT, WITHOUT ROWID;

-- state: 0 heard of but not seen yet, 1 present, 2 gone
CREATE TABLE location (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  state        INTEGER NOT NULL,
  parent       INTEGER,
  kind         TEXT NOT NULL DEFAULT '',
  label        TEXT NOT NULL DEFAULT '',
  address      TEXT NOT NULL DEFAULT '',
  revision     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX location_children ON location (parent);

CREATE TABLE device (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  state        INTEGER NOT NULL,
  parent       INTEGER,
  location     INTEGER,
  kind         TEXT NOT NULL DEFAULT '',
  model        TEXT NOT NULL DEFAULT '',
  manufacturer TEXT NOT NULL DEFAULT '',
  label        TEXT NOT NULL DEFAULT '',
  label_key    TEXT NOT NULL,              -- by which lists are ordered; what was not seen yet comes last
  place_key    TEXT NOT NULL,
  detail       TEXT NOT NULL DEFAULT '{}', -- what only the device's own page shows
  subscription INTEGER NOT NULL DEFAULT 0,
  revision     INTEGER NOT NULL DEFAULT 0,
  mute         TEXT,                       -- MuteAspect, effective
  mute_server  TEXT,                       -- the server's, while an action covers it
  mute_holds   INTEGER NOT NULL DEFAULT 0, -- its own mute holds now
  covered      INTEGER NOT NULL DEFAULT 0  -- its own or an enclosing device's mute holds now
) STRICT;
CREATE INDEX device_children ON device (parent);
CREATE INDEX device_at ON device (location);
CREATE INDEX device_by_label ON device (label_key, n);
CREATE INDEX device_by_place ON device (place_key, label_key, n);

-- Grows when a name, a place or a kind changes: tells whether the directory in memory is still true. It begins anywhere,
-- so that a file that takes another's place is not taken for it.
CREATE TABLE directory_version (
  only    INTEGER PRIMARY KEY CHECK (only = 1),
  version INTEGER NOT NULL
) STRICT;
INSERT INTO directory_version (only, version) VALUES (1, 1 + abs(random() % 1000000000000));

CREATE TABLE sensor (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  device       BLOB NOT NULL,
  label        TEXT NOT NULL DEFAULT '',
  detail       TEXT NOT NULL,              -- Sensor as it came
  revision     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sensor_of ON sensor (device);

CREATE TABLE person (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL,
  organization INTEGER NOT NULL,
  name         TEXT NOT NULL,
  detail       TEXT NOT NULL,              -- PersonEntry as it came
  revision     INTEGER NOT NULL DEFAULT 0,
  UNIQUE (organization, id)
) STRICT;

CREATE TRIGGER organization_is_new AFTER INSERT ON organization BEGIN
  UPDATE directory_version SET version = version + 1;
END;
