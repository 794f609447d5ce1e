-- One row: what this data is called. A restored backup gets another name.
CREATE TABLE server (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    generation BLOB    NOT NULL
) STRICT;

CREATE TABLE organizations (
    id               BLOB    NOT NULL PRIMARY KEY,
    label            TEXT    NOT NULL,
    partner          BLOB,
    partner_name     TEXT    NOT NULL DEFAULT '',
    capabilities     TEXT    NOT NULL,
    last_offset      INTEGER NOT NULL DEFAULT 0,
    last_measurement INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Where each feed stands, and up to which offset its removals were forgotten.
CREATE TABLE feeds (
    organization     BLOB    NOT NULL,
    feed             TEXT    NOT NULL,
    last_offset      INTEGER NOT NULL,
    forgotten_before INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, feed)
) STRICT, WITHOUT ROWID;

-- Every object of every feed, in its present version, as it is written on the wire (without its revision).
CREATE TABLE objects (
    organization BLOB    NOT NULL,
    feed         TEXT    NOT NULL,
    id           BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    parent       BLOB,
    place        BLOB,
    audience     BLOB,
    changed_at   INTEGER NOT NULL,
    moved_at     INTEGER NOT NULL DEFAULT 0,
    ended_at     INTEGER,
    removed_at   INTEGER,
    body         TEXT    NOT NULL,
    PRIMARY KEY (organization, feed, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX objects_by_change ON objects (organization, feed, changed_at);
CREATE INDEX objects_by_parent ON objects (organization, parent, kind);
CREATE INDEX objects_by_place ON objects (organization, place, kind);
CREATE INDEX objects_locations ON objects (organization, parent) WHERE kind = 'location' AND removed_at IS NULL;
CREATE INDEX objects_removed ON objects (removed_at) WHERE removed_at IS NOT NULL;

-- Conditions that hold, or went a moment ago, and the alarm each is shown as.
CREATE TABLE conditions (
    organization  BLOB    NOT NULL,
    device        BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    alarm         BLOB    NOT NULL,
    reactivations INTEGER NOT NULL,
    gone_at       INTEGER,
    PRIMARY KEY (organization, device, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX conditions_gone ON conditions (gone_at) WHERE gone_at IS NOT NULL;

-- Which person is responsible for which alarm.
CREATE TABLE assignments (
    organization BLOB NOT NULL,
    alarm        BLOB NOT NULL,
    person       BLOB NOT NULL,
    PRIMARY KEY (organization, alarm)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignments_by_person ON assignments (organization, person);

CREATE TABLE people (
    id            BLOB NOT NULL PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT
) STRICT;

-- Who belongs to an organization; offsets below gone_before are gone for this person.
CREATE TABLE members (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    partner      BLOB,
    gone_before  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_person ON members (person);

CREATE TABLE person_groups (
    organization BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    PRIMARY KEY (organization, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    organization BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    person       BLOB    NOT NULL,
    PRIMARY KEY (organization, person, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_grants (
    organization BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    location     BLOB,
    role         TEXT    NOT NULL,
    PRIMARY KEY (organization, number, position)
) STRICT, WITHOUT ROWID;

-- A session is a family of refresh tokens, of which one is good at a time. Only hashes are kept.
CREATE TABLE sessions (
    family        BLOB    NOT NULL PRIMARY KEY,
    person        BLOB    NOT NULL,
    refresh_hash  BLOB    NOT NULL UNIQUE,
    refresh_until INTEGER NOT NULL,
    attempt       BLOB
) STRICT;

CREATE TABLE access_tokens (
    hash        BLOB    NOT NULL PRIMARY KEY,
    family      BLOB    NOT NULL,
    valid_until INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_by_family ON access_tokens (family);

CREATE TABLE spent_tokens (
    hash     BLOB    NOT NULL PRIMARY KEY,
    family   BLOB    NOT NULL,
    spent_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    hash       BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key_organizations (
    hash         BLOB NOT NULL,
    organization BLOB NOT NULL,
    PRIMARY KEY (hash, organization)
) STRICT, WITHOUT ROWID;

-- Every action that arrived, with what became of it.
CREATE TABLE actions (
    id           BLOB    NOT NULL PRIMARY KEY,
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    by_name      TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    outcome      TEXT    NOT NULL,
    result       TEXT    NOT NULL,
    details      TEXT    NOT NULL,
    made_at      INTEGER NOT NULL,
    arrived_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX actions_by_subject ON actions (organization, subject, arrived_at);
CREATE INDEX actions_by_arrival ON actions (arrived_at);

CREATE TABLE measurements (
    organization BLOB    NOT NULL,
    sensor       BLOB    NOT NULL,
    measured_at  INTEGER NOT NULL,
    number       REAL,
    word         TEXT,
    position     INTEGER NOT NULL,
    PRIMARY KEY (organization, sensor, measured_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX measurements_by_position ON measurements (organization, position);
