-- What a person did, until it is settled.
CREATE TABLE action (
  n     INTEGER PRIMARY KEY,               -- the order of making
  id    BLOB NOT NULL UNIQUE,
  entry TEXT NOT NULL
) STRICT;

-- Small things by name: the account, the session, choices.
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE saved_filter (
  name   TEXT PRIMARY KEY,
  filter TEXT NOT NULL,
  sort   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The flight recorder: codes, ids and times of the last 5,000 events.
CREATE TABLE journal (
  n            INTEGER PRIMARY KEY AUTOINCREMENT,
  at           INTEGER NOT NULL,           -- wall clock, microseconds
  code         TEXT NOT NULL,
  organization BLOB,
  subject      BLOB,
  action       BLOB,
  detail       TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX journal_of_subject ON journal (subject) WHERE subject IS NOT NULL;
CREATE INDEX journal_of_action ON journal (action) WHERE action IS NOT NULL;
