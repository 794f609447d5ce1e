-- What waits to be handed over goes by how urgent it is, and on a lane of its own for each push service, so that a slow one
-- holds nobody else up.
ALTER TABLE pushes ADD COLUMN rank INTEGER NOT NULL DEFAULT 1;
UPDATE pushes SET rank = CASE
    WHEN clear LIKE '%"channel":"critical"%' OR words LIKE '%"urgency":"critical"%' THEN 2
    WHEN clear LIKE '%"kind":"daily"%' OR clear LIKE '%"kind":"bundle"%' OR clear LIKE '%"kind":"alarm_cleared"%' THEN 0
    ELSE 1 END;
ALTER TABLE registrations ADD COLUMN lane TEXT NOT NULL DEFAULT '';
UPDATE registrations SET lane = CASE
    WHEN provider <> 'web_push' THEN provider
    WHEN instr(substr(token, 9), '/') > 0 THEN substr(token, 1, 7 + instr(substr(token, 9), '/'))
    ELSE token END;

-- An event that waits in its person's bundle: who may see what is asked when the bundle is told.
ALTER TABLE notices ADD COLUMN bundled INTEGER NOT NULL DEFAULT 0;
UPDATE notices SET bundled = 1 WHERE verdict = 'bundle' AND EXISTS (
    SELECT 1 FROM notice_bundles
     WHERE notice_bundles.organization = notices.organization AND notice_bundles.person = notices.person
       AND notices.made_at >= notice_bundles.due_at - 300000000);
CREATE INDEX notices_bundled ON notices (organization, person) WHERE bundled = 1;
ALTER TABLE notice_bundles DROP COLUMN count;

-- How often an alarm has become worse: each time is an event of its own. Missing: never.
CREATE TABLE alarm_worsenings (
    organization BLOB    NOT NULL,
    alarm        BLOB    NOT NULL,
    times        INTEGER NOT NULL,
    PRIMARY KEY (organization, alarm)
) STRICT, WITHOUT ROWID;
INSERT INTO alarm_worsenings (organization, alarm, times)
SELECT DISTINCT organization, subject, 1 FROM notices WHERE kind = 'alarm' AND key LIKE '%/1';
