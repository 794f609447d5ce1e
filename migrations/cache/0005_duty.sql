-- Objects of the feeds of duty. kind: 0 a site's fence and call list, 1 a person on duty or where the person is
CREATE TABLE duty_object (
  n            INTEGER PRIMARY KEY,
  organization INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  id           BLOB NOT NULL,
  detail       TEXT NOT NULL,              -- SiteEntry or DutyEntry as it came
  revision     INTEGER NOT NULL DEFAULT 0,
  UNIQUE (organization, kind, id)
) STRICT;
