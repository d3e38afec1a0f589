"""The tables of a recording, and the views that answer questions directly. Described in `docs/recording.md`."""

from __future__ import annotations

from typing import Final

from inspector.record.codec import FORMAT

APPLICATION_ID: Final = 0x4D435049  # "MCPI"

MARKS: Final = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"

SUMMARY: Final = """
CREATE TABLE names (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE summary (
  number INTEGER PRIMARY KEY,
  call_id INTEGER NOT NULL,
  at REAL NOT NULL,
  connection INTEGER NOT NULL,
  client INTEGER NOT NULL,
  server INTEGER NOT NULL,
  tool INTEGER NOT NULL,
  rule INTEGER NOT NULL,
  word TEXT NOT NULL,
  outcome TEXT,
  risk TEXT NOT NULL,
  ms REAL,
  forwarded_at REAL,
  legs INTEGER NOT NULL,
  edited INTEGER NOT NULL,
  repeats INTEGER NOT NULL,
  size INTEGER NOT NULL,
  note TEXT,
  arguments TEXT NOT NULL
);
CREATE TABLE summarised (seq INTEGER NOT NULL);
INSERT INTO summarised VALUES (0);
"""
INSERT_SUMMARY: Final = f"INSERT OR REPLACE INTO summary VALUES ({', '.join('?' * 19)})"  # noqa: S608
INSERT_NAME: Final = "INSERT INTO names (number, text) VALUES (?, ?)"

_REST: Final = """
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  at REAL NOT NULL,
  call_id INTEGER,
  payload TEXT NOT NULL,
  blob BLOB
);
CREATE TABLE policies (hash TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE INDEX events_of_call ON events (call_id, kind) WHERE call_id IS NOT NULL;
CREATE INDEX later_legs ON events (json_extract(payload, '$.root'))
  WHERE kind = 'CallArrived' AND json_extract(payload, '$.leg') > 1;
CREATE INDEX events_of_run ON events (seq)
  WHERE call_id IS NULL AND kind NOT IN ('Counted', 'FrameSeen');
CREATE INDEX answers ON events (call_id) WHERE kind IN ('HoldEnded', 'ApprovalRemembered');

CREATE VIEW runs AS SELECT
  json_extract(payload, '$.run') AS run,
  datetime(at, 'unixepoch') AS started,
  json_extract(payload, '$.version') AS version,
  json_extract(payload, '$.pid') AS pid,
  json_extract(payload, '$.endpoint') AS endpoint,
  json_extract(payload, '$.upstreams') AS upstreams
FROM events WHERE kind = 'RunStarted';

CREATE VIEW decisions AS SELECT
  call_id,
  strftime('%Y-%m-%d %H:%M:%f', at, 'unixepoch') AS time,
  json_extract(payload, '$.decision.server') AS server,
  json_extract(payload, '$.decision.tool') AS tool,
  json_extract(payload, '$.decision.verdict') AS verdict,
  json_extract(payload, '$.decision.rule') AS rule,
  json_extract(payload, '$.decision.message') AS message,
  json_extract(payload, '$.decision.trace') AS trace,
  json_extract(payload, '$.decision.readings') AS readings,
  json_extract(payload, '$.decision.policy_hash') AS policy_hash,
  at,
  seq
FROM events WHERE kind = 'Decided';

CREATE VIEW calls AS SELECT
  arrived.call_id,
  datetime(arrived.at, 'unixepoch') AS time,
  json_extract(arrived.payload, '$.caller.client') AS client,
  json_extract(arrived.payload, '$.server') AS server,
  json_extract(arrived.payload, '$.tool') AS tool,
  json_extract(arrived.payload, '$.arguments') AS arguments,
  (SELECT json_extract(payload, '$.decision.verdict') FROM events
    WHERE call_id = arrived.call_id AND kind = 'Decided' ORDER BY seq DESC LIMIT 1) AS verdict,
  (SELECT json_extract(payload, '$.decision.rule') FROM events
    WHERE call_id = arrived.call_id AND kind = 'Decided' ORDER BY seq DESC LIMIT 1) AS rule,
  (SELECT json_extract(payload, '$.outcome') FROM events
    WHERE call_id = arrived.call_id AND kind = 'Finished' ORDER BY seq DESC LIMIT 1) AS outcome,
  (SELECT round(1000 * (finished.at - forwarded.at), 1) FROM events AS forwarded, events AS finished
    WHERE forwarded.call_id = arrived.call_id AND forwarded.kind = 'Forwarded'
      AND finished.call_id = arrived.call_id AND finished.kind = 'Finished' LIMIT 1) AS ms,
  (SELECT CAST(blob AS TEXT) FROM events
    WHERE call_id = arrived.call_id AND kind = 'Finished' ORDER BY seq DESC LIMIT 1) AS response,
  json_extract(arrived.payload, '$.root') AS root,
  json_extract(arrived.payload, '$.leg') AS leg,
  arrived.at
FROM events AS arrived WHERE kind = 'CallArrived';

CREATE VIEW frames AS SELECT
  seq, at, call_id,
  json_extract(payload, '$.connection') AS connection,
  json_extract(payload, '$.upstream') AS upstream,
  json_extract(payload, '$.direction') AS direction,
  CAST(blob AS TEXT) AS text
FROM events WHERE kind = 'FrameSeen'
UNION ALL SELECT
  seq, at, call_id,
  json_extract(payload, '$.connection'),
  json_extract(payload, '$.server'),
  'c→',
  CAST(blob AS TEXT)
FROM events WHERE kind = 'CallArrived' AND length(blob) > 0
UNION ALL SELECT
  ended.seq, ended.at, ended.call_id,
  json_extract(arrived.payload, '$.connection'),
  json_extract(arrived.payload, '$.server'),
  iif(json_extract(ended.payload, '$.relayed'), 'u→', '→c'),
  CAST(ended.blob AS TEXT)
FROM events AS ended JOIN events AS arrived ON arrived.call_id = ended.call_id AND arrived.kind = 'CallArrived'
WHERE ended.kind = 'Finished' AND length(ended.blob) > 0
  AND (json_extract(ended.payload, '$.relayed') OR json_extract(ended.payload, '$.outcome') IN ('not_sent', 'unknown'))
ORDER BY seq;

CREATE VIEW stderr AS SELECT
  seq, at,
  json_extract(payload, '$.upstream') AS upstream,
  json_extract(payload, '$.text') AS text
FROM events WHERE kind = 'StderrLine';
"""
SCHEMA: Final = f"BEGIN;{SUMMARY}{_REST}COMMIT;"
