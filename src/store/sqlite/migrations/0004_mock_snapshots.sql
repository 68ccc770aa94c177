-- The MockExchange's account as it stood when a day opened: what a start replays the journal from. The two newest ones
-- are kept, and the records since the older of them.
CREATE TABLE mock_snapshots (
    -- The number of the last record that is in it.
    after INTEGER PRIMARY KEY,
    -- IST.
    day TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    -- SHA-256 of the snapshot: SQLite does not notice a bit that fell over inside a text.
    digest TEXT NOT NULL
) STRICT;
