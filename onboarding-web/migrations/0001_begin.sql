-- For SQLite and PostgreSQL alike: TEXT and BIGINT only, times in milliseconds since 1970, empty
-- text and 0 for "none".

CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    account TEXT NOT NULL,
    aws_partition TEXT NOT NULL,
    existing_bucket TEXT NOT NULL,
    retention_days BIGINT NOT NULL,
    template_version TEXT NOT NULL,
    owner TEXT NOT NULL,
    notes TEXT NOT NULL,
    load_balancers TEXT NOT NULL,      -- as staff typed them
    -- The link to the customer's page. Its token is derived from id and generation.
    generation BIGINT NOT NULL,
    page_digest TEXT NOT NULL UNIQUE,
    expires_days BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    opened_count BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    offboarded_at BIGINT NOT NULL,
    -- For the list: what is searched, and where the customer stands.
    search TEXT NOT NULL,
    regions TEXT NOT NULL,
    state TEXT NOT NULL,
    rank BIGINT NOT NULL,
    news_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX customers_by_rank ON customers (rank, changed_at DESC, id);
CREATE INDEX customers_by_name ON customers (LOWER(name), id);
CREATE INDEX customers_by_change ON customers (changed_at DESC, id);
CREATE INDEX customers_by_account ON customers (account);

-- One stack for each region of a customer.
CREATE TABLE onboardings (
    customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    region TEXT NOT NULL,
    selectors TEXT NOT NULL,           -- the value of the stack's parameter LoadBalancers
    stack_name TEXT NOT NULL,
    status TEXT NOT NULL,              -- JSON
    asked_at BIGINT NOT NULL,          -- when what the stack is to do last changed
    dropped_at BIGINT NOT NULL,        -- staff took the region's load balancers off the list
    PRIMARY KEY (customer_id, region)
);
CREATE INDEX onboardings_by_region ON onboardings (region, customer_id);

-- What stacks report with. Those of earlier links stay, for the stacks that were launched with them.
CREATE TABLE stack_tokens (
    digest TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    region TEXT NOT NULL,
    generation BIGINT NOT NULL
);

-- What happened to a customer, for people to read.
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_customer ON events (customer_id, at);

CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password TEXT NOT NULL,            -- argon2id, PHC string
    must_change BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    epoch BIGINT NOT NULL,             -- sessions of an earlier epoch are over
    theme TEXT NOT NULL,
    shortcuts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    digest TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Failed attempts to sign in, by account and by address.
CREATE TABLE sign_in_failures (
    subject TEXT PRIMARY KEY,
    count BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

-- Nothing updates or deletes here. Each row's hash covers the one before it.
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    ip TEXT NOT NULL,
    action TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_by_customer ON audit (customer_id, seq);
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE template_versions (
    template_id TEXT NOT NULL,
    version TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    notes TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    retired_at BIGINT NOT NULL,
    PRIMARY KEY (template_id, version)
);

-- Uploaded lists between dry run and confirmation.
CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL,
    file_name TEXT NOT NULL,
    content TEXT NOT NULL,
    done TEXT NOT NULL,                -- JSON list of the customers made; empty before
    left_out BIGINT NOT NULL,          -- rows that were not taken
    created_at BIGINT NOT NULL
);
