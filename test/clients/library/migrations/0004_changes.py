"""What a migration may do to a table with hooks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0003_hooks")]
    operations = [
        migrations.RenameField("Country", "title", "name"),
        migrations.AddField("Author", "born", models.IntegerField(null=True)),
        migrations.RemoveField("Author", "born"),
        # with CASCADE: the hook "coded" goes with it
        migrations.RemoveField("Country", "code"),
        migrations.DeleteModel("Gone"),
    ]
