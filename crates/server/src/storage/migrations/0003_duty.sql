-- When each lease of a site ends (U7). The site itself is in the present object and nowhere else: no history is kept.
CREATE TABLE leases (
    organization BLOB    NOT NULL,
    person       BLOB    NOT NULL,
    until        INTEGER NOT NULL,
    PRIMARY KEY (organization, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_end ON leases (until);
CREATE INDEX actions_of_presence ON actions (arrived_at) WHERE kind = 'presence';

-- Whoever is offered all of our half is offered this too.
UPDATE organizations SET capabilities = json_insert(capabilities, '$[#]', 'duty') WHERE capabilities LIKE '%"digest"%';
