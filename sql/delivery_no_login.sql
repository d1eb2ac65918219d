-- Hooks of a role that cannot log in are served too, and what is called then
-- cannot become anybody with more rights.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_no_login;
SET search_path = test_no_login;
SET client_min_messages = warning;
CREATE ROLE regress_hooks_no_login NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA test_no_login TO regress_hooks_no_login;
SET ROLE regress_hooks_no_login;
CREATE TABLE t (todo text);
CREATE TABLE done (n bigint GENERATED ALWAYS AS IDENTITY, todo text, who text DEFAULT session_user || ' ' || current_user || ' ' || current_setting('is_superuser'));
CREATE FUNCTION act(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE command text := event->'new'->0->>'todo';
BEGIN
  EXECUTE command;
  INSERT INTO done (todo) VALUES (command);
END $$;
-- the same where it is called when the transaction commits
CREATE TABLE later (todo text);
CREATE FUNCTION act_later() RETURNS trigger LANGUAGE plpgsql SET search_path = test_no_login AS $$
BEGIN
  EXECUTE NEW.todo;
  INSERT INTO done (todo) VALUES ('later: ' || NEW.todo);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER act_later AFTER INSERT ON later DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION act_later();
CREATE FUNCTION act_at_commit(event jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE (SELECT todo FROM later);
  INSERT INTO done (todo) SELECT 'at commit: ' || todo FROM later;
END $$;
SELECT hooks.register('nl', 'after_commit', 'insert', 't', 'act', max_attempts => 1);

INSERT INTO t VALUES ('SELECT 1');
INSERT INTO t VALUES ('SET ROLE NONE');
INSERT INTO t VALUES ('RESET ROLE');
INSERT INTO t VALUES ('RESET SESSION AUTHORIZATION');
INSERT INTO t VALUES ('SET LOCAL SESSION AUTHORIZATION DEFAULT');
INSERT INTO t SELECT format('SET SESSION AUTHORIZATION %I', rolname) FROM pg_roles WHERE oid = 10;
INSERT INTO t VALUES ('RESET ALL');
INSERT INTO t VALUES ('INSERT INTO later VALUES (''SELECT 2'')');
INSERT INTO t VALUES ('INSERT INTO later VALUES (''RESET SESSION AUTHORIZATION'')');
SELECT hooks.flush();
SELECT hooks.register('nl_commit', 'before_commit', 'insert', 'later', 'act_at_commit');
ALTER TABLE later DISABLE TRIGGER act_later;
TRUNCATE later;
INSERT INTO t VALUES ('INSERT INTO later VALUES (''SELECT 3'')');
SELECT hooks.flush();
TRUNCATE later;
INSERT INTO t VALUES ('INSERT INTO later VALUES (''SET ROLE NONE'')');
SELECT hooks.flush();
SELECT todo FROM done WHERE todo !~ 'SET' ORDER BY n;
-- the others are refused, or do nothing: that depends on the server's version
SELECT DISTINCT who FROM done;
SELECT count(*) FROM hooks.outbox WHERE last_error !~ '^(42501|42P01)';
SELECT hooks.unregister('nl'), hooks.unregister('nl_commit');
RESET ROLE;
DROP SCHEMA test_no_login CASCADE;
DROP OWNED BY regress_hooks_no_login;
DROP ROLE regress_hooks_no_login;
