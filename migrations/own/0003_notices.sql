-- What this phone made of each event that it was told of, by push or by feed: one notification for each. Kept 30 days.
CREATE TABLE notice (
  organization BLOB    NOT NULL,
  key          TEXT    NOT NULL,
  subject      BLOB    NOT NULL,
  kind         TEXT    NOT NULL,
  count        INTEGER NOT NULL,           -- how many it stood for when it was decided last
  way          TEXT    NOT NULL,           -- push, inbox or feed: which came first
  at           INTEGER NOT NULL,           -- the event; all times are the server's, in microseconds
  decided_at   INTEGER NOT NULL,
  verdict      TEXT    NOT NULL,           -- what became of it here
  reasons      TEXT    NOT NULL,           -- Reasons
  shown_at     INTEGER,
  opened_at    INTEGER,
  untold       INTEGER NOT NULL DEFAULT 0, -- what the server is still to be told: 1 shown, 2 opened
  PRIMARY KEY (organization, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_of_subject ON notice (subject, decided_at);
CREATE INDEX notice_by_age ON notice (decided_at);
CREATE INDEX notice_untold ON notice (untold) WHERE untold > 0;

-- Where this phone's pushes go, and when the way was tested. One row.
CREATE TABLE push (
  only         INTEGER PRIMARY KEY CHECK (only = 1),
  address      TEXT,                       -- provider and token, as the phone's system gave them; NULL: none
  registered   TEXT,                       -- what the server was told last, when, and until when it holds
  canary_asked INTEGER,                    -- the server's time, microseconds
  canary_came  INTEGER
) STRICT;
INSERT INTO push (only) VALUES (1);
