-- What the holder is set up for (account, app, sandbox, as JSON): another keeper that is set up otherwise does not take
-- its place. `unended`: a keeper has begun and its end was not told. `after_crash`: it was so when the present one began.
ALTER TABLE lease ADD COLUMN served TEXT,
    ADD COLUMN unended BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN after_crash BOOLEAN NOT NULL DEFAULT false;
