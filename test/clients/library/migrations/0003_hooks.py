"""Registers hooks, and unregisters them when it is taken back."""

from django.db import migrations

REGISTER = """
CREATE SCHEMA IF NOT EXISTS claims;
CREATE TABLE IF NOT EXISTS claims.fired (n bigint GENERATED ALWAYS AS IDENTITY, hook text, phase text, op text, relation text,
    rows bigint, counted bigint, metadata jsonb);
CREATE OR REPLACE FUNCTION claims.seen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rows bigint := 1;
    counted bigint;
BEGIN
    IF TG_LEVEL = 'STATEMENT' AND TG_OP <> 'TRUNCATE' THEN
        EXECUTE format('SELECT count(*) FROM %I', CASE TG_OP WHEN 'INSERT' THEN 'new_table' ELSE 'old_table' END) INTO rows;
    END IF;
    IF TG_NARGS > 0 THEN
        EXECUTE TG_ARGV[0] INTO counted;
    END IF;
    INSERT INTO claims.fired (hook, op, relation, rows, counted, metadata)
        VALUES (TG_NAME, TG_OP, TG_TABLE_NAME, rows, counted, (hooks.context()).metadata);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE OR REPLACE FUNCTION claims.told(event jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO claims.fired (hook, op, rows) VALUES (event->>'hook', event->>'action', jsonb_array_length(event->'old'))
$$;
CREATE OR REPLACE FUNCTION claims.no() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hooks.cancel('no');
END $$;
SELECT hooks.register('author', 'before_cascade', 'delete', 'library_author', 'claims.seen', package => 'library', arguments =>
    '{SELECT count(*) FROM library_book b JOIN old_table o ON o.id = b.author_id}');
SELECT hooks.register('book', 'after', 'delete', 'library_book', 'claims.seen', level => 'statement', package => 'library');
SELECT hooks.register('note', 'after', 'update', 'library_note', 'claims.seen', level => 'statement', package => 'library');
SELECT hooks.register('country', 'before_cascade', 'delete', 'library_country', 'claims.seen', package => 'library', arguments =>
    '{SELECT count(*) FROM library_street s JOIN library_city c ON s.city_id = c.id JOIN old_table o ON o.id = c.country_id}');
SELECT hooks.register('doomed', 'before_cascade', 'delete', 'library_country', 'claims.seen', package => 'library', arguments =>
    '{SELECT count(*) FROM hooks.doomed(NULL::library_street)}');
SELECT hooks.register('city', 'after', 'delete', 'library_city', 'claims.seen', package => 'library');
SELECT hooks.register('bin', 'before_cascade', 'delete', 'library_country', 'hooks.keep', package => 'library');
SELECT hooks.register('made', 'before', 'insert, update', 'library_country', 'claims.seen', package => 'library');
SELECT hooks.register('emptied', 'before', 'truncate', 'library_country', 'claims.seen', package => 'library');
SELECT hooks.register('told', 'after_commit', 'delete', 'library_country', 'claims.told', package => 'library');
SELECT hooks.register('ended', 'before_commit', 'delete', 'library_country', 'claims.told', package => 'library');
SELECT hooks.register('coded', 'before', 'insert', 'library_country', 'claims.seen', condition => $$NEW.code = 'xx'$$, package => 'library');
SELECT hooks.register('titled', 'before', 'insert', 'library_country', 'claims.seen', condition => $$NEW.title = 'yy'$$, package => 'library');
SELECT hooks.register('gone', 'before', 'insert', 'library_gone', 'claims.seen', package => 'library');
"""


class Migration(migrations.Migration):
    dependencies = [("library", "0002_cascade")]
    operations = [migrations.RunSQL(REGISTER, "SELECT hooks.unregister_package('library')")]
