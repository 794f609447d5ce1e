-- What the person was told. `read` is effective: the server's value under the person's pending actions.
CREATE TABLE notification (
  n            INTEGER PRIMARY KEY,
  id           BLOB NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  recency      INTEGER NOT NULL,           -- minus its event in microseconds: the newest comes first
  read         INTEGER NOT NULL,
  read_server  INTEGER NOT NULL,
  came         INTEGER,                    -- when a push brought it that the feed has not brought yet, in microseconds
  notification TEXT NOT NULL,              -- Notification as it came, or as the push had it
  revision     INTEGER NOT NULL            -- 0: only a push has brought it
) STRICT;
CREATE INDEX notification_newest ON notification (recency, id, organization, read);
CREATE INDEX notification_of ON notification (organization, revision);
CREATE INDEX notification_unread ON notification (organization) WHERE read_server = 0;

-- How the person wishes to be told, by organization. `settings` is effective.
CREATE TABLE notice_settings (
  organization INTEGER PRIMARY KEY,
  id           BLOB NOT NULL,              -- the person, who is the object's id in the feed
  server       TEXT,                       -- StoredSettings as it came; missing: never chosen, as far as is known
  settings     TEXT NOT NULL,              -- NoticeSettings
  revision     INTEGER NOT NULL DEFAULT 0  -- 0: not from the feed
) STRICT;
