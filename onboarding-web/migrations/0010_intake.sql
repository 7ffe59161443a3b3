-- What SNS brought. A message stays in the queue until what follows from it is done; that it came is
-- remembered for longer than SNS tries.

CREATE TABLE intake_queue (
    id TEXT PRIMARY KEY,               -- a digest of topic and MessageId
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,                -- the content, or the token of a confirmation
    received_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL            -- when it is due, or until when somebody has it in hand
);
CREATE INDEX intake_queue_due ON intake_queue (account, region, next_at);
CREATE TABLE intake_seen (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
CREATE INDEX intake_seen_by_time ON intake_seen (at);

-- What needs attention sorts first, and there are more states than before.
UPDATE customers SET rank = CASE state
    WHEN 'failed' THEN 0
    WHEN 'stale' THEN 3
    WHEN 'running' THEN 4
    WHEN 'opened' THEN 5
    WHEN 'sent' THEN 6
    WHEN 'removed' THEN 8
    WHEN 'active' THEN 9
    ELSE rank END;
