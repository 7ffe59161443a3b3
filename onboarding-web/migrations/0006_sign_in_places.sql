-- Where accounts were signed in to with the right password: digests of account and network. Who comes from
-- there is not made to wait for what others do elsewhere.
CREATE TABLE sign_in_places (
    place TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
