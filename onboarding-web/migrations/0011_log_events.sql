-- What the analysis is to be told of logs, until it was told.
CREATE TABLE log_events (
    id TEXT PRIMARY KEY,               -- a digest of the message and the log's place in it
    body TEXT NOT NULL,
    next_at BIGINT NOT NULL            -- when it is due, or until when somebody has it in hand
);
CREATE INDEX log_events_due ON log_events (next_at);
