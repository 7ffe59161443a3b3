-- What programs call the API with, and what was done once only.
CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,              -- separated by blanks
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);
CREATE TABLE idempotency_keys (
    token_id TEXT NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    idempotency_key TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    customer_ids TEXT NOT NULL,        -- JSON list of what was made
    created_at BIGINT NOT NULL,
    PRIMARY KEY (token_id, idempotency_key)
);

-- Who is told when a customer's state changes, and what they were told. The secret that deliveries
-- are signed with is derived from the webhook's id and the key.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY,
    -- No reference: a webhook that is removed meanwhile must not stop a change of state.
    webhook_id TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,              -- waiting, delivered or failed
    attempts BIGINT NOT NULL,
    outcome TEXT NOT NULL,             -- of the last attempt, in words
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,           -- when it is due, or until when somebody has it in hand
    done_at BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (status, next_at);
CREATE INDEX webhook_deliveries_last ON webhook_deliveries (webhook_id, created_at);
