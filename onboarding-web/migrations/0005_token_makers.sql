-- Whose rights a token has: the account of whoever made it, by id, since addresses change. Empty for one
-- made on the command line. One whose maker is not known stops.
ALTER TABLE api_tokens ADD COLUMN maker TEXT NOT NULL DEFAULT '';
UPDATE api_tokens
SET maker = COALESCE((SELECT id FROM staff WHERE staff.email = api_tokens.created_by), created_by)
WHERE created_by <> 'command line';
