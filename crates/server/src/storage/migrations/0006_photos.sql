-- The bytes of photos as they came, each part with the byte at which it begins. Which photo it is and where it stands is in its
-- message.
CREATE TABLE photo_parts (
    organization BLOB    NOT NULL,
    message      BLOB    NOT NULL,
    begins       INTEGER NOT NULL,
    bytes        BLOB    NOT NULL,
    PRIMARY KEY (organization, message, begins)
) STRICT;
