-- How many customers are in each state, as changes to be added up: nobody waits for anybody to count.
-- They are put together now and then.
CREATE TABLE customer_counts (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    change BIGINT NOT NULL
);
INSERT INTO customer_counts (id, state, change)
SELECT 'before ' || state, state, COUNT(*) FROM customers GROUP BY state;

-- What the list's filters offer and ask for.
CREATE INDEX onboardings_listed ON onboardings (region, customer_id) WHERE dropped_at = 0;
DROP INDEX onboardings_by_region;
CREATE INDEX customers_by_version ON customers (template_version);
CREATE INDEX customers_by_owner ON customers (owner);
