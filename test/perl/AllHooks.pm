# Tables with hooks of all kinds on a DELETE, and what is true of them whatever
# happened to the statements that deleted.

package AllHooks;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(all_hooks whole);

# Each group g of parent has 3 rows, each of these 2 of child, each of these one of
# leaf, whose reference is set to null.  Every hook tells of each of its rows or
# firings in the transaction, but for that of after_commit, which is delivered.
# One fails, and is isolated as others are.
sub all_hooks
{
	my ($groups) = @_;

	return qq{
	CREATE EXTENSION IF NOT EXISTS hooks;
	CREATE TABLE parent (id int PRIMARY KEY, g int);
	CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
	CREATE TABLE leaf (id int PRIMARY KEY, child int REFERENCES child ON DELETE SET NULL);
	CREATE INDEX ON child (parent);
	CREATE INDEX ON leaf (child);
	CREATE TABLE told (hook text, n bigint);
	CREATE TABLE delivered (n bigint);
	INSERT INTO parent SELECT g * 10 + i, g FROM generate_series(1, $groups) g, generate_series(1, 3) i;
	INSERT INTO child SELECT p.id * 10 + i, p.id FROM parent p, generate_series(1, 2) i;
	INSERT INTO leaf SELECT id, id FROM child;
	CREATE FUNCTION tell_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO told VALUES (TG_NAME, 1); RETURN coalesce(NEW, OLD); END';
	CREATE FUNCTION tell_rows() RETURNS trigger LANGUAGE plpgsql AS
	  'BEGIN INSERT INTO told SELECT TG_NAME, count(*) FROM old_table; RETURN NULL; END';
	CREATE FUNCTION doomed() RETURNS trigger LANGUAGE plpgsql AS
	  'BEGIN INSERT INTO told SELECT TG_NAME, count(*) FROM hooks.doomed(NULL::child); RETURN NULL; END';
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO told VALUES (TG_NAME, 1); RAISE ''fails''; END';
	CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
	  'BEGIN INSERT INTO told VALUES (TG_NAME, 1); RETURN NULL; END';
	CREATE FUNCTION commits(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO told VALUES (''before_commit'', 1)';
	CREATE FUNCTION deliver(event jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO delivered VALUES (jsonb_array_length(event->''old''))';
	SELECT hooks.register('before_statement', 'before', 'delete', 'parent', 'noted', level => 'statement');
	SELECT hooks.register('before_row', 'before', 'delete', 'child', 'tell_row', level => 'row', condition => 'OLD.id > 0');
	SELECT hooks.register('cascade_parent', 'before_cascade', 'delete', 'parent', 'tell_rows');
	SELECT hooks.register('cascade_child', 'before_cascade', 'delete', 'child', 'tell_rows', on_error => 'isolate', timeout => '1 min');
	SELECT hooks.register('doomed', 'before_cascade', 'delete', 'parent', 'doomed');
	SELECT hooks.register('keep', 'before_cascade', 'delete', 'parent', 'hooks.keep');
	SELECT hooks.register('closure', 'before_closure', 'delete', 'child', 'tell_rows');
	SELECT hooks.register('set_null', 'before', 'update', 'leaf', 'tell_row', level => 'row', columns => '{child}');
	SELECT hooks.register('fails', 'before_cascade', 'delete', 'parent', 'fail', on_error => 'isolate');
	SELECT hooks.register('after_row', 'after', 'update', 'leaf', 'tell_row', level => 'row');
	SELECT hooks.register('after_statement', 'after', 'delete', 'parent', 'tell_rows', level => 'statement');
	SELECT hooks.register('audit', 'after', 'delete', 'parent', 'hooks.audit', level => 'statement');
	SELECT hooks.register('before_commit', 'before_commit', 'delete', 'child', 'commits');
	SELECT hooks.register('after_commit', 'after_commit', 'delete', 'child', 'deliver')};
}

# A query that returns what is not as it must be, given which groups are gone: each
# hook has told of each row that is gone, once, and of no other.
my $whole = q{
	WITH gone AS (SELECT %s - count(DISTINCT g) AS n FROM parent),
	expected (hook, n) AS (VALUES ('before_statement', 1), ('before_row', 6), ('cascade_parent', 3), ('cascade_child', 6),
		('doomed', 6), ('closure', 6), ('set_null', 6), ('after_row', 6), ('after_statement', 3), ('before_commit', 1),
		('delivered', 6), ('kept', 1), ('audited', 3), ('failures', 1), ('child', -6), ('parent', -3), ('orphans', 0)),
	found (hook, n) AS (
		SELECT hook, sum(n) FROM told GROUP BY 1
		UNION ALL SELECT 'delivered', sum(n) FROM delivered
		UNION ALL SELECT 'kept', count(*) FROM hooks.kept
		UNION ALL SELECT 'audited', count(*) FROM hooks.audited_row
		UNION ALL SELECT 'failures', count(*) FROM hooks.failure
		UNION ALL SELECT 'child', count(*) - %s * 6 FROM child
		UNION ALL SELECT 'parent', count(*) - %s * 3 FROM parent
		UNION ALL SELECT 'orphans', count(*) - (SELECT n FROM gone) * 6 FROM leaf WHERE child IS NULL)
	SELECT coalesce(e.hook, f.hook) || ': ' || coalesce(f.n, 0) || ' for ' || gone.n
	FROM gone, expected e FULL JOIN found f USING (hook)
	WHERE coalesce(f.n, 0) IS DISTINCT FROM e.n * gone.n};

sub whole
{
	my ($groups) = @_;

	return sprintf($whole, $groups, $groups, $groups);
}

1;
