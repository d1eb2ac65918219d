-- restore() after a migration: wider types are no obstacle, columns that are gone
-- are left out if asked for; kept_rows() shows what can still be shown.  Tables
-- with rules on INSERT, or UPDATE of what is changed, are refused.
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE TABLE a (id int PRIMARY KEY, small smallint, name varchar(5), price numeric(4,2), gone text);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a ON DELETE SET NULL, t text);
INSERT INTO a VALUES (1, 2, 'one', 1.25, 'x'), (2, NULL, NULL, NULL, NULL);
INSERT INTO b VALUES (10, 1);
INSERT INTO c VALUES (20, 1, 't');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'a', 'hooks.keep');
SELECT setval('hooks.kept_kept_id_seq', 600) \g /dev/null
DELETE FROM a;

-- wider
BEGIN;
ALTER TABLE a ALTER id TYPE bigint, ALTER small TYPE int, ALTER name TYPE varchar(9), ALTER price TYPE numeric(8,2);
ALTER TABLE b ALTER id TYPE numeric, ALTER a TYPE bigint;
ALTER TABLE c ALTER a TYPE bigint;
SELECT hooks.kept_rows(601, NULL::a);
SELECT hooks.restore(601);
SELECT * FROM a, b, c ORDER BY 1;
ROLLBACK;
BEGIN; ALTER TABLE a ALTER name TYPE text, ALTER price TYPE numeric; SELECT hooks.restore(601); SELECT * FROM a ORDER BY 1; ROLLBACK;
-- narrower, or otherwise
BEGIN; ALTER TABLE a ALTER small TYPE text; SELECT hooks.restore(601); ROLLBACK;
BEGIN; ALTER TABLE a ALTER name TYPE varchar(4); SELECT hooks.restore(601); ROLLBACK;
BEGIN; ALTER TABLE a ALTER price TYPE numeric(8,3); SELECT hooks.restore(601); ROLLBACK;
BEGIN; ALTER TABLE b DROP CONSTRAINT b_a_fkey, ALTER a TYPE smallint; SELECT hooks.restore(601); ROLLBACK;

-- gone
BEGIN;
ALTER TABLE a DROP gone, DROP small;
SELECT hooks.kept_rows(601, NULL::a);
SAVEPOINT s;
SELECT hooks.restore(601);
ROLLBACK TO s;
SELECT hooks.restore(601, missing => 'skip');
SELECT * FROM a, b, c ORDER BY 1;
ROLLBACK;
BEGIN; ALTER TABLE c DROP t; SELECT hooks.restore(601, missing => 'skip'); SELECT * FROM c; ROLLBACK;
-- with it what was changed, or what tells rows apart
BEGIN; ALTER TABLE c DROP a; SELECT hooks.restore(601, missing => 'skip'); SELECT * FROM a, b, c ORDER BY 1; ROLLBACK;
BEGIN; ALTER TABLE b DROP id; SELECT hooks.restore(601, missing => 'skip'); SELECT * FROM b; ROLLBACK;
-- a table that is gone is an error still
BEGIN; DROP TABLE c; SELECT hooks.restore(601, missing => 'skip'); ROLLBACK;

-- rules
BEGIN; CREATE RULE r AS ON INSERT TO b DO INSTEAD NOTHING; SELECT hooks.restore(601); ROLLBACK;
BEGIN; CREATE RULE r AS ON UPDATE TO c DO ALSO NOTIFY x; SELECT hooks.restore(601); ROLLBACK;
BEGIN; CREATE RULE r AS ON UPDATE TO b DO INSTEAD NOTHING; SELECT hooks.restore(601); ROLLBACK;
BEGIN; CREATE RULE r AS ON INSERT TO b DO INSTEAD NOTHING; ALTER TABLE b DISABLE RULE r; SELECT hooks.restore(601); ROLLBACK;
SELECT hooks.restore(601);
BEGIN; CREATE RULE r AS ON INSERT TO b DO ALSO NOTIFY x; DELETE FROM a; ROLLBACK;
BEGIN; CREATE RULE r AS ON UPDATE TO c DO INSTEAD NOTHING; DELETE FROM a; ROLLBACK;

SELECT hooks.unregister('bin');
DROP TABLE a, b, c;
DELETE FROM hooks.kept;
