-- Each channel has alerts of its own and its own place in the journal, so that the outage of one never holds up the
-- other. `chat` is Telegram, or the log without it.
ALTER TABLE alerts ADD COLUMN channel TEXT NOT NULL DEFAULT 'chat';
-- The event's name, for programs that read alerts.
ALTER TABLE alerts ADD COLUMN event TEXT NOT NULL DEFAULT '';
-- What a merged alert stands for: a JSON list of short texts.
ALTER TABLE alerts ADD COLUMN items TEXT NOT NULL DEFAULT '[]';
