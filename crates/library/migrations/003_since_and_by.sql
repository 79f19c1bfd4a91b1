-- Version 3. Since when an upload waits because the service still works on something that could be it, until it is sent. It was
-- told by the words of its story before; what waits now begins anew.
ALTER TABLE upload ADD COLUMN unready_since INTEGER;

-- Which version of the program could not read a file of a device: another one may. '': none that has this column.
ALTER TABLE seen ADD COLUMN program TEXT NOT NULL DEFAULT '';
