-- psql: scripts, savepoints of its own, COPY, several statements in one message.

\set VERBOSITY sqlstate
SET client_min_messages = warning;

CREATE TABLE author (id int PRIMARY KEY, name text);
CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE);
CREATE TABLE page (book_id int REFERENCES book ON DELETE CASCADE);
CREATE INDEX ON book (author_id);
CREATE INDEX ON page (book_id);
INSERT INTO author SELECT i, 'a' || i FROM generate_series(1, 20) i;
INSERT INTO book SELECT i, (i + 1) / 2 FROM generate_series(1, 40) i;
INSERT INTO page SELECT (i + 2) / 3 FROM generate_series(1, 120) i;

SELECT hooks.register('cascade', 'before_cascade', 'delete', 'author', 'claims.note', arguments =>
	'{SELECT count(*) FROM page p JOIN book b ON p.book_id = b.id JOIN old_table o ON o.id = b.author_id}') AS registered \gset
SELECT hooks.register('row', 'before', 'insert', 'author', 'claims.note') AS registered \gset
SELECT hooks.register('veto', 'before_cascade', 'delete', 'author', 'claims.veto', condition => 'OLD.id = 20') AS registered \gset

-- Two authors have four books, and these twelve pages
DELETE FROM author WHERE id <= 2;
SELECT claims.line('a DELETE is one firing before its cascade', claims.calls('cascade'), '1 calls, 2 rows, 12 counted');

-- \; sends both statements as one message
TRUNCATE claims.fired;
DELETE FROM author WHERE id = 3\; DELETE FROM author WHERE id IN (4, 5);
SELECT claims.line('two statements of one message are two firings', claims.calls('cascade'), '2 calls, 3 rows, 18 counted');

\set ON_ERROR_STOP off
\set ECHO none
TRUNCATE claims.fired;
DELETE FROM author WHERE id = 6\; DELETE FROM author WHERE id = 20;
SELECT claims.line('a veto has the SQLSTATE KH001', :'LAST_ERROR_SQLSTATE', 'KH001');
SELECT claims.line('a veto takes back the whole message',
	claims.calls('cascade') || ', ' || (SELECT count(*) FROM author WHERE id = 6), '0 calls, 0 rows, 1');

-- Each statement is in a savepoint of psql's own
\set ON_ERROR_ROLLBACK on
TRUNCATE claims.fired;
BEGIN;
DELETE FROM author WHERE id = 6;
DELETE FROM author WHERE id = 20;
SELECT :'SQLSTATE' AS later \gset
DELETE FROM author WHERE id = 7;
COMMIT;
SELECT claims.line('ON_ERROR_ROLLBACK: a veto takes back its own statement only',
	claims.calls('cascade') || ', ' || (SELECT string_agg(id::text, ' ') FROM author WHERE id IN (6, 7, 20)), '2 calls, 2 rows, 12 counted, 20');
\set ON_ERROR_ROLLBACK off

\set AUTOCOMMIT off
TRUNCATE claims.fired;
COMMIT;
DELETE FROM author WHERE id = 8;
ROLLBACK;
DELETE FROM author WHERE id = 9;
COMMIT;
\set AUTOCOMMIT on
SELECT claims.line('AUTOCOMMIT off: what is rolled back leaves no firing',
	claims.calls('cascade') || ', ' || (SELECT string_agg(id::text, ' ') FROM author WHERE id IN (8, 9)), '1 calls, 1 rows, 6 counted, 8');
\set ON_ERROR_STOP on

TRUNCATE claims.fired;
COPY author FROM STDIN;
101	x
102	y
103	z
\.
SELECT claims.line('COPY FROM STDIN: a row hook fires for each row', claims.calls('row'), '3 calls, 3 rows');

\copy (DELETE FROM author WHERE id > 100 RETURNING id) TO /dev/null
SELECT claims.line('\copy of a DELETE ... RETURNING fires', claims.calls('cascade'), '1 calls, 3 rows, 0 counted');

TRUNCATE claims.fired;
SELECT format('DELETE FROM author WHERE id = %s', i) FROM generate_series(10, 12) i \gexec
SELECT claims.line('\gexec fires for each statement', claims.calls('cascade'), '3 calls, 3 rows, 18 counted');

-- Rows that come in portions have nothing to do with firings
TRUNCATE claims.fired;
\set FETCH_COUNT 1
\o /dev/null
DELETE FROM author WHERE id IN (13, 14) RETURNING id;
WITH gone AS (DELETE FROM author WHERE id IN (15, 16) RETURNING id) SELECT * FROM gone;
\o
\unset FETCH_COUNT
SELECT claims.line('FETCH_COUNT: a DELETE in a WITH fires as well', claims.calls('cascade'), '2 calls, 4 rows, 24 counted');

TRUNCATE claims.fired;
PREPARE remove(int) AS DELETE FROM author WHERE id = $1;
EXECUTE remove(17);
SELECT hooks.disable('cascade') AS disabled \gset
EXECUTE remove(18);
SELECT hooks.enable('cascade') AS enabled \gset
EXECUTE remove(19);
SELECT claims.line('a prepared statement follows disable() and enable()',
	claims.calls('cascade') || ', ' || count(*), '2 calls, 2 rows, 12 counted, 0') FROM author WHERE id BETWEEN 17 AND 19;

-- All of a script or nothing
\setenv SCRIPT 'TRUNCATE claims.fired; DELETE FROM author WHERE id = 8; DELETE FROM author WHERE id = 20;'
\set status `echo "$SCRIPT" | psql -Xq -1 -v ON_ERROR_STOP=1 -f - 2>/dev/null; echo $?`
SELECT claims.line('psql -1 stops at a veto, and leaves nothing', :'status' || ', ' || string_agg(id::text, ' ' ORDER BY id), '3, 8 20') FROM author;

\set settings `PGOPTIONS='-c hooks.metadata={"request":7}' psql -XAtqc "DELETE FROM author WHERE id = 8" -c "SELECT metadata->>'request' FROM claims.fired ORDER BY n DESC LIMIT 1"`
SELECT claims.line('PGOPTIONS sets hooks.metadata for a session', :'settings', '7');

-- What \d shows are triggers as all others; the schema is not on the search_path
\set triggers `psql -Xc '\d author' | grep -c '"\?Hooks_'`
SELECT claims.line('\d shows the triggers of the hooks', :'triggers',
	(SELECT count(*)::text FROM pg_trigger WHERE tgrelid = 'author'::regclass AND tgname LIKE 'Hooks\_%'));
\set tables `psql -XAtc '\dt' | wc -l`
SELECT claims.line('\dt shows no table of the extension', :'tables', '3');

-- What no trigger sees, where the library is preloaded
\set preloaded `echo ${PRELOADED:-0}`
\if :preloaded
SELECT hooks.register('load', 'after', 'load', 'author', 'claims.note_event', on_error => 'abort'),
	hooks.register('dump', 'after', 'dump', 'author', 'claims.note_event', on_error => 'abort'),
	hooks.register('read', 'after', 'select', 'author', 'claims.note_event', on_error => 'abort') AS r \gset
TRUNCATE claims.fired;
\copy author FROM PROGRAM 'seq -f "%g,x" 501 600' (FORMAT csv)
\copy author (id) TO '/dev/null'
SELECT claims.line('\copy is a COPY for hooks on load and dump', claims.calls('load') || '; ' || claims.calls('dump'),
	'1 calls, 100 rows; 1 calls, ' || (SELECT count(*) FROM author) || ' rows');
TRUNCATE claims.fired;
\set FETCH_COUNT 7
\o /dev/null
SELECT id FROM author WHERE id > 500;
\o
\unset FETCH_COUNT
SELECT claims.line('FETCH_COUNT: a cursor is one read, with all of its rows', claims.calls('read'), '1 calls, 100 rows');
\endif

\echo done
