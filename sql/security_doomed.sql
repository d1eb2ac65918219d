-- What hooks.doomed() tells is for those who may read all tables on the way to it,
-- whoever has asked in the same statement before.
SET client_min_messages = warning;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE);
INSERT INTO a VALUES (1), (2);
INSERT INTO b SELECT id, id FROM a;
INSERT INTO c SELECT id, id FROM a;
CREATE ROLE regress_all;
CREATE ROLE regress_some;
GRANT SELECT, TRIGGER ON a TO regress_all, regress_some;
GRANT SELECT ON b TO regress_all;
GRANT SELECT ON c TO regress_all, regress_some;
GRANT CREATE ON SCHEMA public TO regress_all, regress_some;

SET ROLE regress_some;
CREATE FUNCTION tell_some() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% is told of % rows', current_user, (SELECT count(*) FROM hooks.doomed(NULL::c));
  RETURN NULL;
END $$;
SELECT hooks.register('some', 'before_cascade', 'delete', 'a', 'tell_some', on_error => 'isolate');
SET ROLE regress_all;
CREATE FUNCTION tell_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE WARNING '% is told of % rows', current_user, (SELECT count(*) FROM hooks.doomed(NULL::c));
  RETURN NULL;
END $$;
SELECT hooks.register('all', 'before_cascade', 'delete', 'a', 'tell_all', priority => 1);
RESET ROLE;

-- asked before the other one, and after it
DELETE FROM a WHERE id = 1;
SET ROLE regress_all;
SELECT hooks.register('all', 'before_cascade', 'delete', 'a', 'tell_all', priority => -1, replace => true);
RESET ROLE;
DELETE FROM a WHERE id = 2;

DROP TABLE a, b, c;
DROP FUNCTION tell_some, tell_all;
REVOKE CREATE ON SCHEMA public FROM regress_all, regress_some;
DROP ROLE regress_all, regress_some;
