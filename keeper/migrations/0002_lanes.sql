-- What was thought of lanes, whenever it was something new. A history: nothing is read back but by people.
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    block INTEGER NOT NULL,
    requester BLOB NOT NULL,
    lane INTEGER NOT NULL,
    verdict TEXT NOT NULL
) STRICT;
CREATE INDEX verdicts_by_lane ON verdicts (requester, lane);
