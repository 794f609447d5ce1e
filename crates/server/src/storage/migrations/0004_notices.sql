-- What was decided for each person and event, and what became of it. Kept 30 days; visible to that person alone.
CREATE TABLE notices (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    key          TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    verdict      TEXT    NOT NULL,
    reasons      TEXT    NOT NULL,
    handed_at    INTEGER,
    shown_at     INTEGER,
    opened_at    INTEGER,
    PRIMARY KEY (organization, person, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_by_subject ON notices (organization, person, subject, made_at);
CREATE INDEX notices_by_age ON notices (made_at);

-- The newest instant pushes of an organization to a person, and the storm they are counted into.
CREATE TABLE notice_storms (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    newest       TEXT    NOT NULL,
    began        INTEGER,
    count        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;

-- Events that wait to be told together.
CREATE TABLE notice_bundles (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    due_at       INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_bundles_due ON notice_bundles (due_at);

-- When a mute is announced, and when it ends.
CREATE TABLE mute_moments (
    organization BLOB    NOT NULL,
    subject      BLOB    NOT NULL,
    moment       TEXT    NOT NULL,
    subject_kind TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (organization, subject, moment)
) STRICT, WITHOUT ROWID;
CREATE INDEX mute_moments_due ON mute_moments (at);

-- When each daily push comes next.
CREATE TABLE daily_pushes (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    due_at       INTEGER NOT NULL,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_pushes_due ON daily_pushes (due_at);

-- Where pushes of an installation go. It belongs to one session, and so to one person.
CREATE TABLE registrations (
    installation BLOB    NOT NULL PRIMARY KEY,
    person       BLOB    NOT NULL,
    family       BLOB    NOT NULL,
    provider     TEXT    NOT NULL,
    token        TEXT    NOT NULL,
    public_key   BLOB    NOT NULL,
    auth         BLOB    NOT NULL,
    until        INTEGER NOT NULL,
    UNIQUE (provider, token)
) STRICT;
CREATE INDEX registrations_by_person ON registrations (person);
CREATE INDEX registrations_by_family ON registrations (family);

-- Pushes that are to be handed over. One of the same event takes the place of the one that waits.
CREATE TABLE pushes (
    installation BLOB    NOT NULL,
    key          TEXT    NOT NULL,
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    clear        TEXT    NOT NULL,
    words        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    due_at       INTEGER NOT NULL,
    PRIMARY KEY (installation, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX pushes_due ON pushes (due_at);

-- Keys of this server.
CREATE TABLE server_keys (
    name   TEXT NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT;
