-- Who sees what hooks.stats counts: the owner of the hook, superusers, members of
-- pg_read_all_stats; and only the owner begins anew.
CREATE ROLE regress_hooks_one;
CREATE ROLE regress_hooks_two;
CREATE ROLE regress_hooks_monitor IN ROLE pg_read_all_stats;
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE seen_one (id int);
CREATE TABLE seen_two (id int);
GRANT ALL ON seen_one TO regress_hooks_one;
GRANT ALL ON seen_two TO regress_hooks_two;
SET ROLE regress_hooks_one;
SELECT hooks.register('seen_one', 'before', 'insert', 'seen_one', 'seen');
INSERT INTO seen_one VALUES (1);
SET ROLE regress_hooks_two;
SELECT hooks.register('seen_two', 'before', 'insert', 'seen_two', 'seen');
INSERT INTO seen_two VALUES (1), (2);

SELECT hook, calls FROM hooks.stats ORDER BY hook;
SELECT hook, calls FROM hooks.stats() ORDER BY hook;
SELECT hooks.reset_stats('seen_one');
SELECT hooks.reset_stats();
SELECT hook, calls FROM hooks.stats ORDER BY hook;
-- what it is told of, it may not write
DELETE FROM hooks.stats;
SET ROLE regress_hooks_monitor;
SELECT hook, calls FROM hooks.stats WHERE hook LIKE 'seen\_%' ORDER BY hook;
SELECT hooks.reset_stats('seen_one');
SELECT hooks.reset_stats();
RESET ROLE;
SELECT hook, calls FROM hooks.stats WHERE hook LIKE 'seen\_%' ORDER BY hook;
-- a view of somebody else's does not show more
CREATE VIEW seen_view AS SELECT hook, calls FROM hooks.stats;
GRANT SELECT ON seen_view TO regress_hooks_two;
SET ROLE regress_hooks_two;
SELECT hook, calls FROM seen_view ORDER BY hook;
-- its owner may set it
SET hooks.track_timing = on;
RESET ROLE;

DROP VIEW seen_view;
DROP TABLE seen_one, seen_two;
DROP FUNCTION seen();
DROP ROLE regress_hooks_one, regress_hooks_two, regress_hooks_monitor;
