-- The MockExchange's journal: replaying it in order gives the book.
CREATE TABLE mock_records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    record TEXT NOT NULL
) STRICT;

-- Every order a bot sent: where it went and what came back.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    entry TEXT NOT NULL
) STRICT;

DELETE FROM facts WHERE name = 'book';
