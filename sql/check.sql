-- hooks.check() runs the checks that are registered, each by itself, and ends with its own.
\set VERBOSITY default
\pset null -
CREATE ROLE regress_hooks_checker;
CREATE SCHEMA regress_hooks_check;
GRANT ALL ON SCHEMA regress_hooks_check TO regress_hooks_checker;
SET search_path = regress_hooks_check;
CREATE VIEW found AS SELECT severity, code, check_name, object, message FROM hooks.check() WHERE object ~ 'regress_hooks_check' OR check_name <> 'hooks';

SET ROLE regress_hooks_checker;
CREATE TABLE stock (n int);
INSERT INTO stock VALUES (-1);
CREATE FUNCTION low() RETURNS TABLE (severity text, object regclass, message text, hint text) LANGUAGE sql AS
  $$ SELECT 'warning', 'stock'::regclass, 'there are ' || n, 'buy some' FROM stock WHERE n < 1 $$;
CREATE FUNCTION who() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE sql AS
  $$ SELECT 'notice', NULL, current_user::text || ', ' || current_setting('search_path'), NULL $$;
CREATE FUNCTION raises() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO stock VALUES (5); RAISE EXCEPTION 'out of order' USING HINT = 'mend it'; END $$;
CREATE FUNCTION garbage() RETURNS TABLE (a text, b int, c text, d text) LANGUAGE sql AS
  $$ VALUES ('fatal', 1, 'x', NULL), (NULL, 2, 'x', NULL), ('error', 3, NULL, NULL), ('error', 4, 'good', NULL) $$;
CREATE FUNCTION many() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE sql AS
  $$ SELECT 'notice', i::text, 'x', NULL FROM generate_series(1, 1001) i $$;
CREATE FUNCTION becomes() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE plpgsql AS
  $$ BEGIN SET ROLE NONE; RETURN QUERY SELECT 'notice', NULL::text, current_user::text, NULL::text; END $$;
SELECT hooks.register_check('stock', 'low', 'shop'), hooks.register_check('stock', 'low()', package => 'shop'),
       hooks.register_check('who', 'regress_hooks_check.who'), hooks.register_check('raises', 'raises'),
       hooks.register_check('garbage', 'garbage'), hooks.register_check('becomes', 'becomes');
-- Another package is another check.
SELECT hooks.register_check('stock', 'low', 'store');
SELECT hooks.register_check('stock', 'low');
SELECT hooks.register_check('who', 'regress_hooks_check.who', 'shop');
RESET ROLE;

-- Each runs as its owner, under the owner's path, and cannot become somebody else; what fails, or is no
-- answer, is a row and has no effect.
SET search_path = pg_catalog;
SELECT severity, code, check_name, object, regexp_replace(message, 'cannot set.*', 'cannot ...') AS message, hint FROM hooks.check() WHERE check_name <> 'hooks';
SELECT * FROM regress_hooks_check.stock;
SELECT severity, check_name, message FROM hooks.check('shop');
SELECT hooks.register_check('garbage', 'regress_hooks_check.many', replace => true);
SELECT count(*), max(severity), min(message) FROM hooks.check() WHERE check_name = 'garbage' GROUP BY code ORDER BY 1;
-- A check does not run all checks, which would have no end; long texts are cut.  One that
-- drops itself has been one.
CREATE FUNCTION regress_hooks_check.again() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE sql AS
  $$ SELECT severity, object, message, hint FROM hooks.check() $$;
SELECT hooks.register_check('garbage', 'regress_hooks_check.again', replace => true);
SELECT severity, code, message FROM hooks.check() WHERE check_name = 'garbage';
CREATE FUNCTION regress_hooks_check.lengthy() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE sql AS
  $$ SELECT 'notice', repeat('ä', 5000), repeat('x', 10000), NULL $$;
SELECT hooks.register_check('garbage', 'regress_hooks_check.lengthy', replace => true);
SELECT severity, code, octet_length(object), octet_length(message) FROM hooks.check() WHERE check_name = 'garbage';
CREATE FUNCTION regress_hooks_check.leaves() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE plpgsql AS
  $$ BEGIN PERFORM hooks.unregister('garbage'); DROP FUNCTION regress_hooks_check.leaves; RETURN QUERY SELECT 'notice', 'o', 'gone', NULL; END $$;
SELECT hooks.register_check('garbage', 'regress_hooks_check.leaves', replace => true);
BEGIN;
SELECT severity, code, message FROM hooks.check() WHERE check_name = 'garbage';
SELECT severity, code, message FROM hooks.check() WHERE check_name = 'garbage';
ROLLBACK;

-- Its callback is not dropped, but renamed; script() writes it.  The schema, and the function that a check
-- is, keep their names and places.
SET search_path = regress_hooks_check;
DROP FUNCTION low;
ALTER FUNCTION low RENAME TO little;
SELECT * FROM hooks.script('shop') WITH ORDINALITY ORDER BY ordinality;
ALTER SCHEMA hooks_check RENAME TO regress_hooks_checks;
ALTER FUNCTION hooks_check.stock SET SCHEMA regress_hooks_check;
ALTER ROUTINE hooks_check.stock() RENAME TO regress_hooks_stock;

-- One name is one thing; who may change it.
CREATE ROLE regress_hooks_other;
GRANT USAGE ON SCHEMA regress_hooks_check TO regress_hooks_other;
SET ROLE regress_hooks_other;
SELECT hooks.unregister('stock');
SELECT hooks.unregister_package('shop');
SELECT hooks.register_check('stock', 'who', replace => true);
SELECT hooks.register_check('stock', 'who');
RESET ROLE;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT hooks.register('stock', 'after', 'insert', 'stock', 'f');
SELECT hooks.register_filter('stock', 'stock', 'true', enable => true);
SELECT hooks.register('hook', 'after', 'insert', 'stock', 'f');
SELECT hooks.register_check('hook', 'who');
SELECT hooks.unregister('hook'), hooks.unregister_package('shop'), hooks.unregister('who'), hooks.unregister('raises'),
       hooks.unregister('garbage'), hooks.unregister('becomes');
SELECT count(*) FROM hooks.check() WHERE check_name <> 'hooks';

-- Bad input
CREATE FUNCTION three() RETURNS TABLE (a text, b text, c text) LANGUAGE sql AS $$ VALUES ('', '', '') $$;
CREATE FUNCTION one() RETURNS text LANGUAGE sql AS $$ SELECT '' $$;
CREATE TYPE four AS (a text, b text, c text, d text);
CREATE DOMAIN domain_of_four AS four;
CREATE FUNCTION domains() RETURNS SETOF domain_of_four LANGUAGE sql AS $$ SELECT ROW('', '', '', '')::domain_of_four $$;
CREATE FUNCTION one_of_four() RETURNS four LANGUAGE sql AS $$ SELECT '', '', '', '' $$;
CREATE FUNCTION any_rows() RETURNS SETOF record LANGUAGE sql AS $$ VALUES ('', '', '', '') $$;
SELECT hooks.register_check('c', 'three');
CREATE FUNCTION pg_temp.ends() RETURNS TABLE (a text, b text, c text, d text) LANGUAGE sql AS $$ VALUES ('', '', '', '') $$;
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT hooks.register_check('c', 'pg_temp.ends');
RESET client_min_messages;
\set VERBOSITY default
SELECT hooks.register_check('c', 'one');
SELECT hooks.register_check('c', 'one_of_four');
SELECT hooks.register_check('c', 'domains');
SELECT hooks.register_check('c', 'any_rows');
SELECT hooks.register_check('c', 'no_such');
SELECT hooks.register_check('c', 'who(int)');
SELECT hooks.register_check('c', 'who"; DROP');
SELECT hooks.register_check(NULL, 'who');
SELECT hooks.register_check('c', NULL);
SELECT hooks.register_check('', 'who');
SELECT hooks.register_check(repeat('c', 64), 'who');
SELECT hooks.register_check('"; DROP SCHEMA hooks; --', 'who', repeat('p', 256));
SELECT hooks.register_check('"; DROP SCHEMA hooks; --', 'who', '');
SELECT check_name, message FROM hooks.check() WHERE check_name <> 'hooks';
-- Who owns its callback can replace that, and should have the rights of the check's owner.
SELECT severity, object, replace(message, '"' || current_user || '"', 'a superuser') AS message, hint FROM hooks.check() WHERE code = 'callback_of_other';
SELECT hooks.unregister('"; DROP SCHEMA hooks; --');

SET client_min_messages = warning;
DROP SCHEMA regress_hooks_check CASCADE;
DROP ROLE regress_hooks_checker, regress_hooks_other;
