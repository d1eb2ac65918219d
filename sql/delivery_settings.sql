-- Parameters that are set for the owner of a hook are those of the session of its
-- deliveries, whether the owner can log in or not; nobody becomes another role by them.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA test_delivery_settings;
SET search_path = test_delivery_settings;
CREATE ROLE regress_hooks_ds_login LOGIN;
CREATE ROLE regress_hooks_ds_no_login NOLOGIN;
SELECT format('ALTER ROLE %I SET test.own = %L', r, r),
       format('ALTER ROLE %I SET test.twice = ''everywhere''', r),
       format('ALTER ROLE %I IN DATABASE %I SET test.twice = ''here''', r, current_database()),
       format('ALTER ROLE %I SET work_mem = ''3MB''', r),
       format('ALTER ROLE %I SET statement_timeout = 1', r),
       format('ALTER ROLE %I SET default_transaction_read_only = on', r)
  FROM unnest('{regress_hooks_ds_login,regress_hooks_ds_no_login}'::text[]) r
\set ECHO none
\gexec
\set ECHO all
-- that somebody else has set
SELECT format('ALTER ROLE regress_hooks_ds_no_login SET role = %I', rolname) AS command FROM pg_roles WHERE oid = 10
\gset
SET client_min_messages = error;
:command;
RESET client_min_messages;
-- and by which its owner would become another role, to the end of a portion
CREATE ROLE regress_hooks_ds_other;
GRANT regress_hooks_ds_other TO regress_hooks_ds_login;
ALTER ROLE regress_hooks_ds_login SET role = regress_hooks_ds_other;

CREATE TABLE t (id int);
CREATE TABLE done (who text, own text, twice text, work_mem text, super text);
CREATE TABLE late (who text DEFAULT current_user);
GRANT TRIGGER, SELECT ON t TO PUBLIC;
GRANT INSERT ON done, late TO PUBLIC;
GRANT USAGE ON SCHEMA test_delivery_settings TO PUBLIC;
CREATE FUNCTION note(jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO done VALUES (session_user || ' ' || current_user, current_setting('test.own', true),
                           current_setting('test.twice', true), current_setting('work_mem'), current_setting('is_superuser'))
$$;
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO test_delivery_settings.late DEFAULT VALUES;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON done DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION later();
SET ROLE regress_hooks_ds_login;
SELECT hooks.register('ds_login', 'after_commit', 'insert', 't', 'note', max_attempts => 1);
SET ROLE regress_hooks_ds_no_login;
SELECT hooks.register('ds_no_login', 'after_commit', 'insert', 't', 'note', max_attempts => 1);
RESET ROLE;
INSERT INTO t VALUES (1);
SELECT hooks.flush();
SELECT * FROM done ORDER BY who;
SELECT * FROM late ORDER BY who;
SELECT hook, last_error FROM hooks.outbox;

SET client_min_messages = error;
SELECT count(hooks.unregister(n)) FROM unnest('{ds_login,ds_no_login}'::text[]) n;
DROP SCHEMA test_delivery_settings CASCADE;
DROP OWNED BY regress_hooks_ds_login, regress_hooks_ds_no_login;
DROP ROLE regress_hooks_ds_login, regress_hooks_ds_no_login, regress_hooks_ds_other;
