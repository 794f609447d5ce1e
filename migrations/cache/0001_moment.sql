-- The number of the last commit: tells a reader what its snapshot contains.
CREATE TABLE moment (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  seq  INTEGER NOT NULL
) STRICT;
INSERT INTO moment (only, seq) VALUES (1, 0);
