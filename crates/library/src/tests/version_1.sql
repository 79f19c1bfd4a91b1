-- A database as released version 1 left it. Never edited: it shows that today's code opens what was written then.
-- Version 1. Released steps are never edited; a change is a new file.
-- Times are whole milliseconds since 1970 UTC. Text from devices, files and services is data, never code.

-- One row: numbers that would otherwise take a walk through everything.
CREATE TABLE tally (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    revision   INTEGER NOT NULL,              -- rises when history would answer differently
    activities INTEGER NOT NULL
) STRICT;
INSERT INTO tally (id, revision, activities) VALUES (1, 0, 0);

CREATE TABLE device (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE,       -- stable across plug-ins
    name       TEXT    NOT NULL,
    approved   INTEGER CHECK (approved IN (0, 1)),                                      -- NULL: not answered
    choice     TEXT    CHECK (choice IN ('all', 'last_30_days', 'only_new', 'since')),  -- NULL: not answered
    since_ms   INTEGER,                       -- what started before is not sent; NULL: everything is
    chosen_at  INTEGER,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    CHECK ((choice IS NULL) = (chosen_at IS NULL))
) STRICT;

-- What the last look at a file of a device found: such a file is not opened again.
CREATE TABLE seen (
    device_id   INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    path        BLOB    NOT NULL,             -- below the device's root, as the system spells it
    size        INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('taken_in', 'ignored', 'unreadable', 'deleted')),
    sha256      BLOB    CHECK (length(sha256) = 32),
    kind        TEXT    NOT NULL DEFAULT '',  -- ignored: what it is instead of an activity
    code        TEXT    NOT NULL DEFAULT '',  -- unreadable: why
    title       TEXT    NOT NULL DEFAULT '',
    hint        TEXT    NOT NULL DEFAULT '',
    looked_at   INTEGER NOT NULL,
    PRIMARY KEY (device_id, path)
) STRICT, WITHOUT ROWID;

-- One file as it came, byte for byte.
CREATE TABLE original (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256  BLOB    NOT NULL UNIQUE CHECK (length(sha256) = 32),
    path    TEXT    NOT NULL UNIQUE,          -- below originals/, '/' between folder and name
    bytes   INTEGER NOT NULL CHECK (bytes >= 0),
    format  TEXT    NOT NULL CHECK (format IN ('fit', 'tcx', 'gpx')),
    whole   INTEGER NOT NULL CHECK (whole IN (0, 1)),   -- sizes and checksums right, or the XML root closed
    kept_at INTEGER NOT NULL
) STRICT;

-- Originals that a committed deletion has yet to take off the disk.
CREATE TABLE removal (
    path TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE activity (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    original_id   INTEGER NOT NULL REFERENCES original (id),
    part          INTEGER NOT NULL CHECK (part >= 0),   -- which of the file's activities
    identity      TEXT,
    twin_of       INTEGER REFERENCES activity (id) ON DELETE SET NULL,
    start_ms      INTEGER,
    order_ms      INTEGER NOT NULL,           -- start, or far in the past: what history is sorted by
    utc_offset_s  INTEGER,
    month         TEXT    NOT NULL,           -- '2026-11' by local time; '' without a start
    sport         TEXT    NOT NULL,
    sub_sport     TEXT,
    name          TEXT,
    distance_m    REAL,
    elapsed_s     REAL,
    timer_s       REAL,
    ascent_m      REAL,
    points        INTEGER NOT NULL,
    positions     INTEGER NOT NULL,
    laps          INTEGER NOT NULL,
    sessions      INTEGER NOT NULL,
    south         REAL,
    west          REAL,
    north         REAL,
    east          REAL,
    outline       BLOB    NOT NULL CHECK (length(outline) <= 200),
    skipped       TEXT    NOT NULL,           -- what could not be read, one line each
    manufacturer  TEXT,
    product       TEXT,
    serial        TEXT,
    device_id     INTEGER REFERENCES device (id),
    file_name     TEXT    NOT NULL,           -- as the device had it
    search        TEXT    NOT NULL,           -- lower case: name, sport, file name
    kept_at       INTEGER NOT NULL,
    UNIQUE (original_id, part)
) STRICT;
CREATE INDEX activity_by_start    ON activity (order_ms, id);
CREATE INDEX activity_by_sport    ON activity (sport, order_ms, id);
CREATE INDEX activity_by_month    ON activity (month, distance_m, timer_s);
CREATE INDEX activity_by_identity ON activity (identity) WHERE identity IS NOT NULL;
CREATE INDEX activity_by_twin     ON activity (twin_of) WHERE twin_of IS NOT NULL;
CREATE INDEX activity_by_device   ON activity (device_id, order_ms) WHERE device_id IS NOT NULL;

-- What the athlete deleted: a scan leaves it alone, a manual import clears it.
CREATE TABLE tombstone (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    part       INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL,
    UNIQUE (sha256, part)
) STRICT;

CREATE TABLE account (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    service         TEXT    NOT NULL,
    remote_id       TEXT,                     -- NULL where the service doesn't say who it is
    label           TEXT    NOT NULL,
    scopes          TEXT    NOT NULL,         -- blanks between them
    signed_in_at    INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('connected', 'needs_sign_in', 'paused', 'signed_out')),
    code            TEXT    NOT NULL DEFAULT '',
    title           TEXT    NOT NULL DEFAULT '',
    hint            TEXT    NOT NULL DEFAULT '',
    until_ms        INTEGER CHECK (until_ms IS NULL OR state = 'paused'),
    gap_ms          INTEGER NOT NULL DEFAULT 0 CHECK (gap_ms >= 0),
    next_allowed_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (service, remote_id)
) STRICT;
-- One account per service, for now.
CREATE UNIQUE INDEX account_in_use ON account (service) WHERE state <> 'signed_out';

-- One upload per activity and account, ever.
CREATE TABLE upload (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    activity_id     INTEGER NOT NULL REFERENCES activity (id) ON DELETE CASCADE,
    account_id      INTEGER NOT NULL REFERENCES account (id),
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'sending', 'processing', 'sent', 'existing',
                                                      'refused', 'unsure', 'held', 'dismissed')),
    reason_code     TEXT    NOT NULL DEFAULT '',
    reason          TEXT    NOT NULL DEFAULT '',
    due_at          INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,   -- claims, ever
    failures        INTEGER NOT NULL DEFAULT 0,   -- in a row without getting further
    perhaps_arrived INTEGER NOT NULL DEFAULT 0 CHECK (perhaps_arrived IN (0, 1)),
    remote_id       TEXT,
    link            TEXT,
    order_ms        INTEGER NOT NULL,             -- the activity's: oldest goes first
    changed_at      INTEGER NOT NULL,
    UNIQUE (activity_id, account_id),
    CHECK ((due_at IS NOT NULL) = (state IN ('waiting', 'processing', 'unsure')))
) STRICT;
CREATE INDEX upload_in_order ON upload (account_id, state, order_ms, id, due_at);
CREATE INDEX upload_by_due   ON upload (account_id, state, due_at);
CREATE INDEX upload_by_state ON upload (state, id);

CREATE TABLE story (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    upload_id INTEGER NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    state     TEXT    NOT NULL,
    what      TEXT    NOT NULL
) STRICT;
CREATE INDEX story_by_upload ON story (upload_id, id);

-- Where a deleted activity had already gone: a manual import takes it up again instead of sending it twice.
CREATE TABLE gone (
    tombstone_id    INTEGER NOT NULL REFERENCES tombstone (id) ON DELETE CASCADE,
    account_id      INTEGER NOT NULL REFERENCES account (id),
    state           TEXT    NOT NULL CHECK (state IN ('processing', 'sent', 'existing', 'unsure')),
    remote_id       TEXT,
    link            TEXT,
    PRIMARY KEY (tombstone_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_tally (
    account_id INTEGER NOT NULL REFERENCES account (id),
    state      TEXT    NOT NULL,
    uploads    INTEGER NOT NULL,
    PRIMARY KEY (account_id, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER activity_added AFTER INSERT ON activity BEGIN
    UPDATE tally SET activities = activities + 1;
END;
CREATE TRIGGER activity_removed AFTER DELETE ON activity BEGIN
    UPDATE tally SET activities = activities - 1;
END;
CREATE TRIGGER upload_added AFTER INSERT ON upload BEGIN
    INSERT INTO upload_tally (account_id, state, uploads) VALUES (new.account_id, new.state, 1)
        ON CONFLICT (account_id, state) DO UPDATE SET uploads = uploads + 1;
END;
CREATE TRIGGER upload_removed AFTER DELETE ON upload BEGIN
    UPDATE upload_tally SET uploads = uploads - 1 WHERE account_id = old.account_id AND state = old.state;
END;
CREATE TRIGGER upload_moved AFTER UPDATE OF state ON upload WHEN old.state <> new.state BEGIN
    UPDATE upload_tally SET uploads = uploads - 1 WHERE account_id = old.account_id AND state = old.state;
    INSERT INTO upload_tally (account_id, state, uploads) VALUES (new.account_id, new.state, 1)
        ON CONFLICT (account_id, state) DO UPDATE SET uploads = uploads + 1;
END;

-- What a version 1 may hold: two activities of one file, one of them a likely twin, three uploads and their stories.
INSERT INTO device (key, name, approved, choice, since_ms, chosen_at, first_seen, last_seen)
    VALUES ('garmin:7', 'Edge 530', 1, 'all', NULL, 1700000000000, 1700000000000, 1700000000000);
INSERT INTO seen (device_id, path, size, modified_ms, outcome, sha256, looked_at)
    VALUES (1, CAST('GARMIN/Activity/A.FIT' AS BLOB), 5, 1700000000000, 'taken_in', x'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 1700000000000);
INSERT INTO original (sha256, path, bytes, format, whole, kept_at)
    VALUES (x'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', '2023/2023-11-14T22-13-20Z-cycling-0123456789ab.fit', 5, 'fit', 1, 1700000000000);
INSERT INTO activity (original_id, part, identity, twin_of, start_ms, order_ms, utc_offset_s, month, sport, name, distance_m,
        elapsed_s, timer_s, points, positions, laps, sessions, outline, skipped, device_id, file_name, search, kept_at)
    VALUES (1, 0, 'fit:a', NULL, 1700000000000, 1700000000000, 3600, '2023-11', 'cycling', 'Evening', 20000.5,
            3600.0, 3500.0, 100, 100, 2, 1, x'00326400', '', 1, 'A.FIT', 'evening' || char(10) || 'cycling', 1700000000000),
           (1, 1, NULL, 1, NULL, -4611686018427387904, NULL, '', 'running', NULL, NULL,
            NULL, NULL, 0, 0, 0, 1, x'', 'The end is missing.', 1, 'A.FIT', 'running', 1700000000000);
INSERT INTO account (service, remote_id, label, scopes, signed_in_at, state, gap_ms, next_allowed_at)
    VALUES ('map-my-tracks', NULL, 'Map My Tracks', '', 1700000000000, 'connected', 1000, 1700000001000),
           ('trek-point', '42', 'ada', 'read write', 1700000000000, 'signed_out', 0, 0);
INSERT INTO upload (activity_id, account_id, state, reason_code, reason, due_at, attempts, failures, perhaps_arrived,
        remote_id, link, order_ms, changed_at)
    VALUES (1, 1, 'sent', '', '', NULL, 1, 0, 0, '99', NULL, 1700000000000, 1700000000000),
           (1, 2, 'sending', '', '', NULL, 1, 0, 1, NULL, NULL, 1700000000000, 1700000000000),
           (2, 1, 'held', 'twin', 'A twin.', NULL, 0, 0, 0, NULL, NULL, -4611686018427387904, 1700000000000);
INSERT INTO story (upload_id, at, state, what) VALUES (1, 1700000000000, 'waiting', 'Queued.'), (1, 1700000000500, 'sent', 'There.');
INSERT INTO tombstone (sha256, part, deleted_at) VALUES (x'fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210', 0, 1700000000000);
INSERT INTO gone (tombstone_id, account_id, state, remote_id, link) VALUES (1, 1, 'sent', '98', NULL);
UPDATE tally SET revision = 5;
PRAGMA user_version = 1;
