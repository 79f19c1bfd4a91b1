-- Version 3. What was known in memory, or not at all, and must survive a restart.

-- Since when an upload waits because the service still works on something that could be it, until it is sent. It was
-- told by the words of its story before; what waits now begins anew.
ALTER TABLE upload ADD COLUMN unready_since INTEGER;

-- Which version of the program could not read a file of a device: another one may. '': none that has this column.
ALTER TABLE seen ADD COLUMN program TEXT NOT NULL DEFAULT '';

-- How often in a row an account had to be paused: its back-off counts by it.
ALTER TABLE account ADD COLUMN pauses INTEGER NOT NULL DEFAULT 0 CHECK (pauses >= 0);

-- A person has looked at the service and let the upload go, for one attempt.
ALTER TABLE upload ADD COLUMN released INTEGER NOT NULL DEFAULT 0 CHECK (released IN (0, 1));
