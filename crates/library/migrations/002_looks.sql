-- Version 2. How often an upload of unknown outcome was looked for in the service's list, or sent once more to a service
-- that recognises what it has, since its outcome became unknown or a person last gave the word. It was counted in memory
-- before, so that a crash allowed one attempt more.
ALTER TABLE upload ADD COLUMN looks INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0);
-- A person had been asked about these: they are not sent again by themselves.
UPDATE upload SET looks = 1 WHERE state = 'unsure' AND reason_code = 'undecided';
