-- Accounts of a sign-in provider: who they are there. Both are empty for local accounts, which have
-- a password instead.
ALTER TABLE staff ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX staff_by_identity ON staff (issuer, subject) WHERE issuer <> '';
