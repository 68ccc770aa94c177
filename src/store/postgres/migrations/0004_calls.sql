-- What has left for FYERS within a minute, as the keeper that holds the lease wrote it down (JSON): FYERS counts the calls of
-- all keepers of an account together. `holder`: where the latest keeper that acts was started. `is_whole`: nothing has left
-- since it was written.
CREATE TABLE lease_calls (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    calls TEXT,
    written_at TIMESTAMPTZ,
    holder BIGINT,
    is_whole BOOLEAN NOT NULL DEFAULT false
);
INSERT INTO lease_calls (one) VALUES (1);
