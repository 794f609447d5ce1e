-- The last switch of duty of each person: when it was pressed, and in which session. What was pressed earlier on another
-- phone and arrives later is told from what is new. Off is forgotten after half an hour, on when duty ends.
CREATE TABLE duty_switches (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    on_duty      INTEGER NOT NULL,
    made_at      INTEGER NOT NULL,
    family       BLOB,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_switches_by_family ON duty_switches (family);
CREATE INDEX duty_switches_off ON duty_switches (made_at) WHERE on_duty = 0;

-- The ids of stays could be turned back into their persons, and stayed for 90 days. All of them go; who is at a site says so
-- again within five minutes, under an id that says nothing.
DELETE FROM leases;
DELETE FROM objects WHERE feed = 'duty' AND kind = 'presence';
UPDATE feeds SET forgotten_before = last_offset WHERE feed = 'duty';
