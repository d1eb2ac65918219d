"""Foreign keys with the action in the database."""

from django.db import migrations

# Their names have a part that Django makes up
CASCADE = """
DO $$
DECLARE
    k record;
BEGIN
    FOR k IN SELECT conname, conrelid::regclass AS relation, pg_get_constraintdef(oid) AS key FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('library_city'::regclass, 'library_street'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s', k.relation, k.conname,
            replace(k.key, ' DEFERRABLE', ' ON DELETE CASCADE DEFERRABLE'));
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("library", "0001_tables")]
    operations = [migrations.RunSQL(CASCADE, migrations.RunSQL.noop)]
