-- The first schema. `body` is the row as JSON; the other columns are what look-ups need, and the
-- bytes that JSON would bloat. `one` is the key of tables with one row.

CREATE TABLE ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL,
    -- The public key that signs the checkpoints.
    verifier TEXT
) STRICT;

-- The end of the log: rewritten in every transaction.
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    turn INTEGER NOT NULL,
    at_millis INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;

-- Short, rising numbers for correlations, so that every index by tree grows at its end however
-- random the correlations are.
CREATE TABLE trees (
    number INTEGER PRIMARY KEY,
    tree TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE stamps (
    number INTEGER PRIMARY KEY,
    at_millis INTEGER NOT NULL,
    kind TEXT NOT NULL,
    execution BLOB,
    tree INTEGER,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX stamps_of_tree ON stamps (tree) WHERE tree IS NOT NULL;
-- An execution's stamps are found through its tree; these are the ones without.
CREATE INDEX stamps_without_tree ON stamps (execution) WHERE tree IS NULL AND execution IS NOT NULL;

-- Hashes of the log's tiles, appended: a tile is its rows in the order of `start`.
CREATE TABLE tiles (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, number, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;

CREATE TABLE executions (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    tree INTEGER NOT NULL,
    open INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX executions_of_tree ON executions (tree);
CREATE INDEX executions_open ON executions (tree) WHERE open = 1;

CREATE TABLE recorded (
    key BLOB PRIMARY KEY,
    tree INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_of_tree ON recorded (tree);

CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    tree INTEGER NOT NULL,
    open INTEGER NOT NULL,
    body TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_of_tree ON outbox (tree);
CREATE INDEX outbox_open ON outbox (sequence) WHERE open = 1;

-- `wake_millis` is the earlier of due and deadline.
CREATE TABLE parked (
    execution BLOB PRIMARY KEY,
    sequence INTEGER NOT NULL,
    tree INTEGER NOT NULL,
    handler TEXT NOT NULL,
    wake_millis INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    lane TEXT,
    plan BLOB,
    scope BLOB,
    body TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_by_wake ON parked (handler, wake_millis, sequence);
CREATE INDEX parked_of_tree ON parked (tree);
CREATE INDEX parked_of_lane ON parked (handler, lane, claimed DESC, sequence) WHERE lane IS NOT NULL;
CREATE INDEX parked_for_plan ON parked (plan, sequence) WHERE plan IS NOT NULL;
CREATE INDEX parked_for_scope ON parked (scope, sequence) WHERE scope IS NOT NULL;

-- `pending` waits to be undone or is being undone; `open` is every state that is not settled.
CREATE TABLE effects (
    sequence INTEGER PRIMARY KEY,
    execution BLOB NOT NULL,
    position INTEGER NOT NULL,
    tree INTEGER NOT NULL,
    open INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    body TEXT NOT NULL,
    before BLOB NOT NULL,
    UNIQUE (execution, position)
) STRICT;
CREATE INDEX effects_of_tree ON effects (tree);
CREATE INDEX effects_open ON effects (tree) WHERE open = 1;
CREATE INDEX effects_pending ON effects (sequence) WHERE pending = 1;

CREATE TABLE plans (
    digest BLOB PRIMARY KEY,
    asked_millis INTEGER NOT NULL,
    open INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX plans_open ON plans (asked_millis) WHERE open = 1;

CREATE TABLE fences (
    tree TEXT PRIMARY KEY,
    open INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX fences_open ON fences (tree) WHERE open = 1;

CREATE TABLE automata (
    scope BLOB PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY,
    execution BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL,
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE controls (
    target TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workers (
    id BLOB PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL
) STRICT;

CREATE TABLE counters (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL
) STRICT;
