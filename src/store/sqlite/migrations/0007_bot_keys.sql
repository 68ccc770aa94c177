-- Keys of bots. Of a token only its SHA-256 is kept.
CREATE TABLE bot_keys (
    name TEXT PRIMARY KEY,
    key TEXT NOT NULL
) STRICT;
