#!/usr/bin/env bash
#
# pg_repack: gives a table new storage while others write to it.  The table's hooks
# stay, its own copying fires none, and what others write fires once.

# shellcheck source=test/clients/claims.sh
. ./claims.sh

psql -Xqt -o /dev/null -v ON_ERROR_STOP=1 <<'END'
SET client_min_messages = warning;
CREATE TABLE author (id int PRIMARY KEY, name text);
CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE, title text);
CREATE INDEX ON book (author_id);
CREATE TABLE writes (id int, op text);
INSERT INTO author SELECT i, 'a' || i FROM generate_series(1, 5000) i;
INSERT INTO book SELECT i, 1 + i % 5000, repeat('t', 100) FROM generate_series(1, 20000) i;
DELETE FROM book WHERE id % 4 = 0;
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO writes VALUES ((coalesce(NEW, OLD)).id, TG_OP);
	RETURN coalesce(NEW, OLD);
END $$;
SELECT hooks.register('row', 'before', 'insert, update, delete', 'book', 'see');
SELECT hooks.register('all', 'after', 'write', 'book', 'claims.note', level => 'statement');
SELECT hooks.register('cascade', 'before_cascade', 'delete', 'author', 'claims.note', arguments =>
	'{SELECT count(*) FROM book b JOIN old_table o ON o.id = b.author_id}');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'author', 'hooks.keep');
SELECT hooks.register('later', 'after_commit', 'insert', 'book', 'claims.note_event');
END
psql -XAtq -U postgres -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pg_repack'

repack()
{
	pg_repack -U postgres --no-superuser-check -d "$PGDATABASE" --elevel=WARNING "$@" 2>&1
}

# Everything about the hooks of the tables that must stay
state()
{
	sql -c "SELECT name, relation, enabled FROM hooks.registry ORDER BY 1" \
		-c "SELECT tgrelid::regclass, tgname, tgenabled, tgfoid::regproc, tgdeferrable FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2" \
		-c "SELECT c.* FROM unnest('{author, book}'::regclass[]) t, hooks.chain(t) c" \
		-c "SELECT severity, object, message FROM hooks.check()"
}

rows()
{
	sql -c "SELECT count(*), md5(string_agg(b::text, ' ' ORDER BY id)) FROM book b"
}

storage()
{
	sql -c "SELECT pg_relation_filenode('$1')"
}

before=$(state)
at=$(storage book)
sql -c 'TRUNCATE claims.fired, writes; DELETE FROM author WHERE id = 5000; TRUNCATE claims.fired, writes'
had=$(rows)
repack -t book
claim "a table with hooks has new storage" "$([ "$(storage book)" != "$at" ] && echo new)" new
claim "and the rows that it had" "$(rows)" "$had"
claim "the hooks are all there" "$(state)" "$before"
claim "none has fired" "$(sql -c 'SELECT count(*) FROM claims.fired' -c 'SELECT count(*) FROM writes')" $'0\n0'

sql -c "INSERT INTO book VALUES (100000, 1, 'new'); UPDATE book SET title = 'newer' WHERE id >= 99999; DELETE FROM author WHERE id = 2"
claim "afterwards they fire for each write" \
	"$(sql -c "SELECT string_agg(op || ' ' || n, ', ' ORDER BY op) FROM (SELECT op, count(*) AS n FROM writes GROUP BY op) x" -c "SELECT claims.calls('cascade')")" \
	$'DELETE 4, INSERT 1, UPDATE 1\n1 calls, 1 rows, 4 counted'
claim "what was kept before is put back into the new storage" \
	"$(sql -c 'SELECT hooks.restore(kept_id) FROM hooks.kept WHERE rows > 1 ORDER BY kept_id' -c 'SELECT count(*) FROM author')" $'5\n5\n5000'

at=$(storage author)
repack -t author
claim "a table that others refer to, with a cascade" "$([ "$(storage author)" != "$at" ] && state)" "$before"
repack -x -t book
claim "its indexes only" "$(state)" "$before"

# Prepared statements of other sessions, which write all the time: those rows come to
# the copy by pg_repack's own trigger and log, and each fires once.
sql -c 'TRUNCATE claims.fired, writes'
cat >"$TMPDIR/write.sql" <<'END'
\set id random(1, 19999)
BEGIN;
INSERT INTO book VALUES (nextval('ids'), 1, 'new');
UPDATE book SET title = 'changed' WHERE id = :id - :id % 4 + 1;
DELETE FROM book WHERE id = currval('ids') - 3;
INSERT INTO done VALUES (1);
COMMIT;
END
sql -U app -c 'CREATE SEQUENCE ids START 200000; CREATE TABLE done (n int); CREATE SEQUENCE repacked'
pgbench -n -M prepared -c 2 -T 120 -U app -f "$TMPDIR/write.sql" >"$TMPDIR/bench.log" 2>&1 &
bench=$!
for round in 1 2 3; do
	poll "SELECT count(*) > $((round * 100)) FROM done"
	at=$(storage book)
	repack -t book
	[ "$(storage book)" != "$at" ] && sql -c "SELECT nextval('repacked')" >/dev/null
done
kill $bench
wait $bench 2>/dev/null
poll "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgbench')"
claim "three times while others write" "$(sql -c 'SELECT last_value FROM repacked')" 3
claim "each of their statements fired once" \
	"$(sql -c "SELECT (SELECT count(*) FROM writes WHERE op = 'INSERT') - count(*), (SELECT count(*) FROM writes WHERE op = 'UPDATE') - count(*),
		(SELECT count(*) FROM claims.fired WHERE hook = 'all') - 3 * count(*), count(*) > 300 FROM done")" '0|0|0|t'
claim "and their rows are there" \
	"$(sql -c "SELECT count(*) - (SELECT count(*) FROM writes WHERE op = 'INSERT') + (SELECT count(*) FROM writes WHERE op = 'DELETE') FROM book WHERE id >= 200000")" 0
claim "none of them had an error" "$(grep -cE 'ERROR|aborted' "$TMPDIR/bench.log")" 0
claim "after_commit has an event for each row, and none for its copy" \
	"$(sql -c "SELECT hooks.flush()" -c "SELECT sum(rows) - (SELECT count(*) FROM done), count(*) > 300 FROM claims.fired WHERE hook = 'later'")" $'t\n0|t'
claim "the hooks are as they were" "$(state)" "$before"

# All tables of the database, those of the extension included, while deliveries wait
sql -c "LOAD 'hooks'" -c "ALTER SYSTEM SET hooks.workers = off" -c "SELECT pg_reload_conf()" >/dev/null
poll "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'hooks worker')"
sql -c "TRUNCATE claims.fired, writes; INSERT INTO book SELECT i, 3, 'waits' FROM generate_series(300001, 300020) i;
	INSERT INTO book VALUES (300021, 3, 'waits')"
sql -c "DELETE FROM author WHERE id = 4"
kept=$(sql -c "SELECT kept_id, rows FROM hooks.kept ORDER BY 1")
waiting=$(sql -c 'SELECT count(*) FROM hooks.outbox')
at=$(storage hooks.kept_row)
repack
claim "all tables: those of the extension are among them" "$([ "$(storage hooks.kept_row)" != "$at" ] && echo new)" new
claim "all tables: deliveries that wait go on waiting" "$(sql -c 'SELECT count(*) FROM hooks.outbox' -c 'SELECT count(*) > 0 FROM hooks.outbox')" "$waiting"$'\nt'
claim "all tables: the recycle bin, too" "$(sql -c "SELECT kept_id, rows FROM hooks.kept ORDER BY 1")" "$kept"
sql -c "LOAD 'hooks'" -c "ALTER SYSTEM RESET hooks.workers" -c "SELECT pg_reload_conf()" >/dev/null
claim "all tables: what waited is delivered once" \
	"$(sql -c 'SELECT hooks.flush()' -c "SELECT claims.calls('later')" -c 'SELECT count(*) FROM hooks.outbox')" $'t\n2 calls, 21 rows\n0'
claim "all tables: the hooks are as they were" "$(state)" "$before"
claim "all tables: what is in the bin can be put back" \
	"$(sql -c "SELECT hooks.restore(kept_id) FROM hooks.kept ORDER BY kept_id DESC LIMIT 1" -c 'SELECT count(*) FROM author')" $'5\n5000'

# A wide hook is for new tables as well: one of the whole database for those that
# pg_repack makes in a schema of its own, and fills
for schema in "'public'" NULL; do
	sql -c 'SET client_min_messages = warning' -c "SELECT hooks.register('wide', 'after', 'insert', NULL, 'claims.note', level => 'statement', schema => $schema)" >/dev/null
	sql -c 'TRUNCATE claims.fired'
	repack -t author
	sql -c "SELECT hooks.unregister('wide')" >/dev/null
	if [ "$schema" = NULL ]; then
		claim "a wide hook of the database is told of the copy, under its own name" \
			"$(sql -c "SELECT relation ~ '^table_[0-9]+$', op, rows FROM claims.fired WHERE rows > 0")" 't|INSERT|5000'
	else
		claim "a wide hook of the table's schema is not" "$(sql -c 'SELECT count(*) FROM claims.fired')" 0
	fi
	claim "and it leaves nothing" "$(state)" "$before"
done
claim "pg_repack has left nothing" "$(sql -c "SELECT count(*) FROM pg_class WHERE relnamespace = 'repack'::regnamespace AND relkind = 'r'" -c "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%repack%'")" $'0\n0'

echo 'done'
