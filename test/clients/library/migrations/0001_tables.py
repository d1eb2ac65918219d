"""The tables."""

from django.db import migrations, models


def key():
    return ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def name(field, length):
    return (field, models.CharField(max_length=length, default=""))


def to(model, action, **options):
    return (model.lower(), models.ForeignKey(on_delete=action, to=f"library.{model}", **options))


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Author", [key(), name("name", 100)]),
        migrations.CreateModel("Book", [key(), to("Author", models.CASCADE)]),
        migrations.CreateModel("Note", [key(), to("Author", models.SET_NULL, null=True)]),
        migrations.CreateModel("Country", [key(), name("title", 100), name("code", 2)]),
        migrations.CreateModel("City", [key(), to("Country", models.DO_NOTHING)]),
        migrations.CreateModel("Street", [key(), to("City", models.DO_NOTHING)]),
        migrations.CreateModel("Stamp", [key(), to("Country", models.PROTECT)]),
        migrations.CreateModel("Gone", [key()]),
    ]
