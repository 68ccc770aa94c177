-- Orders on their way to FYERS: a row is there before the first byte leaves, and `outcome` is NULL until what came of
-- it is known.
CREATE TABLE order_intents (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    intent TEXT NOT NULL,
    outcome TEXT
) STRICT;
CREATE INDEX order_intents_open ON order_intents (id) WHERE outcome IS NULL;

-- What is known of the positions at FYERS is a value with a state of its own. What an older keeper had read counts as
-- read long ago: it stays protected until it is read again.
INSERT OR REPLACE INTO facts (name, value)
    SELECT 'positions_at_fyers',
           json_object('positions', json(value), 'was_live', json('true'), 'read_at', '2000-01-01T00:00:00Z')
    FROM facts WHERE name = 'live_positions' AND json_valid(value);
DELETE FROM facts WHERE name = 'live_positions';
