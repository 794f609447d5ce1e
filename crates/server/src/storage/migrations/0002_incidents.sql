-- Which incident of a device is new, open or pending: at most one.
CREATE TABLE incidents_under_way (
    organization BLOB NOT NULL,
    device       BLOB NOT NULL,
    incident     BLOB NOT NULL,
    PRIMARY KEY (organization, device)
) STRICT, WITHOUT ROWID;

-- Which incident names an alarm: an alarm opens or joins one once.
CREATE TABLE incident_alarms (
    organization BLOB NOT NULL,
    alarm        BLOB NOT NULL,
    incident     BLOB NOT NULL,
    PRIMARY KEY (organization, alarm)
) STRICT, WITHOUT ROWID;

-- The order of a chat.
CREATE TABLE chat_lines (
    organization BLOB    NOT NULL,
    incident     BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    message      BLOB    NOT NULL,
    PRIMARY KEY (organization, incident, number)
) STRICT, WITHOUT ROWID;

-- How far somebody has read a chat. All agents of the service bureau are one reader, of sixteen zeros.
CREATE TABLE chat_readers (
    organization BLOB    NOT NULL,
    incident     BLOB    NOT NULL,
    reader       BLOB    NOT NULL,
    object       BLOB    NOT NULL,
    up_to        INTEGER NOT NULL,
    PRIMARY KEY (organization, incident, reader)
) STRICT, WITHOUT ROWID;

-- What time brings: incidents close, mutes end.
CREATE TABLE due (
    organization BLOB    NOT NULL,
    subject      BLOB    NOT NULL,
    what         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (organization, subject, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_by_time ON due (at);
