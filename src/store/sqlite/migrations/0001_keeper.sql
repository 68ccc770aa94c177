-- The keeper's memory. Times are milliseconds since 1970 UTC; dates are IST, as 2026-11-24.

CREATE TABLE session (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL,
    reason TEXT,
    access TEXT,
    source TEXT,
    verified_at INTEGER,
    refresh TEXT,
    previous_refresh TEXT,
    account TEXT,
    block_reason TEXT,
    block_day TEXT,
    block_credentials TEXT,
    login_asked_on TEXT,
    login_asked_for TEXT,
    ending_announced INTEGER,
    -- SHA-256 of the others: SQLite does not notice a bit that fell over inside a text.
    digest TEXT NOT NULL
) STRICT;

CREATE TABLE ticks (
    date TEXT PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    done_at INTEGER
) STRICT;

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL
) STRICT;

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    severity TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_at INTEGER
) STRICT;
CREATE INDEX alerts_waiting ON alerts (id) WHERE sent_at IS NULL;

-- Single values: how far the outbox has read the journal, the MockExchange's book, live positions, the halt.
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
