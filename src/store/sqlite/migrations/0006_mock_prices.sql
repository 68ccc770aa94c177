-- The last real price of each symbol with its day, as JSON: what prices are after a restart.
CREATE TABLE mock_prices (
    symbol TEXT PRIMARY KEY,
    price TEXT NOT NULL
) STRICT;
