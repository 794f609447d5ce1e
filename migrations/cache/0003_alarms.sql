CREATE TABLE category (
  n    INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- Columns that an action can change are effective: a function of the server's row and the pending actions. While an
-- action covers a row, `server` keeps the server's aspects.
CREATE TABLE alarm (
  n             INTEGER PRIMARY KEY,
  id            BLOB NOT NULL UNIQUE,
  organization  INTEGER NOT NULL,
  device        INTEGER NOT NULL,
  status        INTEGER NOT NULL,          -- 0 active, 1 cleared, 2 not shown
  recency       INTEGER NOT NULL,          -- minus the activation in microseconds: the newest comes first
  cleared       INTEGER,                   -- microseconds; NULL while active
  shown         INTEGER NOT NULL,          -- 0 critical, 1 warning
  severity      INTEGER NOT NULL,          -- the API's
  category      INTEGER NOT NULL DEFAULT 0,
  reactivations INTEGER NOT NULL DEFAULT 0,
  label         TEXT NOT NULL,
  message       TEXT NOT NULL,
  detail        TEXT,                      -- recommended actions, sensor, floor position
  revision      INTEGER NOT NULL,
  acknowledgement TEXT,                    -- AcknowledgementAspect
  assignee      BLOB,
  mute          TEXT,                      -- MuteAspect, the alarm's own
  mute_holds    INTEGER NOT NULL DEFAULT 0,
  muted         INTEGER NOT NULL DEFAULT 0,
  server        TEXT
) STRICT;
CREATE INDEX alarm_newest ON alarm
  (status, recency, id, organization, device, shown, category, muted, assignee);
CREATE INDEX alarm_severest ON alarm
  (status, shown, recency, id, organization, device, category, muted, assignee);
CREATE INDEX alarm_of_device ON alarm
  (device, status, recency, id, organization, shown, category, muted, assignee);
CREATE INDEX alarm_assigned ON alarm (assignee, status, recency, id) WHERE assignee IS NOT NULL;
CREATE INDEX alarm_muted ON alarm (status, recency, id) WHERE muted = 1;
CREATE INDEX alarm_covered ON alarm (id) WHERE server IS NOT NULL;

-- What label, message, device and location hold, as tokens; the row's number is the alarm's.
CREATE VIRTUAL TABLE alarm_words USING fts5
  (tokens, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');

-- What changes by time alone. subject: 0 alarm's mute, 1 device's mute
CREATE TABLE deadline (
  at      INTEGER NOT NULL,                -- server time, microseconds
  subject INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (subject, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX deadline_next ON deadline (at);

-- Answers that were seen once and are there without signal: histories and plots.
CREATE TABLE seen (
  kind    TEXT NOT NULL,
  id      BLOB NOT NULL,
  answer  TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
