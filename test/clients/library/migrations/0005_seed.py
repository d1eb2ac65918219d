"""Writes rows: what it commits is delivered by a worker, which is still in a test
database when that is copied.
"""

from django.db import migrations


def seed(apps, schema_editor):
    country = apps.get_model("library", "Country")
    country.objects.create(name="first")
    country.objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("library", "0004_changes")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
