-- What a person began to write in a chat and did not send.
CREATE TABLE draft (
  incident BLOB PRIMARY KEY,
  text     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
