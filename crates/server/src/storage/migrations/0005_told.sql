-- The moments of a mute stand with everything else that time brings, and nowhere else.
INSERT INTO due (organization, subject, what, at)
SELECT organization, subject, subject_kind || CASE moment WHEN 'ended' THEN '_mute_ends' ELSE '_mute_announced' END, at
  FROM mute_moments WHERE true
    ON CONFLICT (organization, subject, what) DO NOTHING;
DROP TABLE mute_moments;

-- What is counted together is counted by kind; a storm that was on is a minute old at most.
DROP TABLE notice_storms;
CREATE TABLE notice_storms (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    newest       TEXT    NOT NULL,
    began        INTEGER,
    count        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization, person, kind)
) STRICT, WITHOUT ROWID;

-- The notification of a chat that its person has not read yet: its first message, its last, how many it stands for, and
-- when its last push goes or went.
CREATE TABLE chat_notices (
    organization  BLOB    NOT NULL,
    person        BLOB    NOT NULL,
    incident      BLOB    NOT NULL,
    first_message INTEGER NOT NULL,
    last_message  INTEGER NOT NULL,
    count         INTEGER NOT NULL,
    pushed_at     INTEGER NOT NULL,
    PRIMARY KEY (organization, person, incident)
) STRICT, WITHOUT ROWID;

-- When and why a push was not handed over after all.
ALTER TABLE notices ADD COLUMN withheld_at INTEGER;
ALTER TABLE notices ADD COLUMN withheld TEXT;

-- The log forgets switches of duty as it forgets presences: it is no history of who was there when.
DROP INDEX actions_of_presence;
CREATE INDEX actions_of_duty ON actions (arrived_at) WHERE kind IN ('presence', 'duty');

-- What an organization is offered is kept only where its document cuts it down; `null` is all that this server has, now and
-- after the next upgrade. These are the full lists of earlier versions.
UPDATE organizations SET capabilities = 'null' WHERE capabilities IN (
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","duty"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","incidents"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","incidents","duty"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","notifications"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","notifications","duty"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","duty","incidents"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","notifications","incidents"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","notifications","incidents","duty"]',
    '["acknowledge","mute","category","sensor_history","alarm_history","floor_position","people","events","digest","duty","notifications","incidents"]'
);
