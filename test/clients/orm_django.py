"""Django: who deletes the children, migrations, test cases.

The application is in library/.
"""

import io
import os
import time
import unittest
from unittest import mock

import django
import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.test.runner import DiscoverRunner
from django.test.utils import CaptureQueriesContext

from claims import claim, preloaded

settings.configure(
    INSTALLED_APPS=["library"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": "app",
            "HOST": os.environ["PGHOST"],
            "TEST": {"NAME": "test_library", "TEMPLATE": "with_hooks"},
        }
    },
)
django.setup()

# The models need the settings
from library.models import Author, Book, City, Country, Note, Stamp, Street  # noqa: E402


PURGE = "GRANT SELECT, DELETE ON hooks.kept, hooks.kept_row TO app"


def rows(statement, values=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def value(statement, values=None):
    return rows(statement, values)[0][0]


def calls(hook):
    return value("SELECT claims.calls(%s)", [hook])


def begin():
    rows("TRUNCATE claims.fired, library_author, library_book, library_note, library_country, library_city, library_street, library_stamp")
    rows("SELECT hooks.purge_kept('0')")
    rows("SELECT hooks.flush()")
    rows("TRUNCATE claims.fired")


def author(books, notes=0):
    parent = Author.objects.create(name="a")
    Book.objects.bulk_create([Book(author=parent) for _ in range(books)])
    Note.objects.bulk_create([Note(author=parent) for _ in range(notes)])
    return parent


def country(cities):
    """Three streets each"""
    parent = Country.objects.create(name="c")
    made = City.objects.bulk_create([City(country=parent) for _ in range(cities)])
    Street.objects.bulk_create([Street(city=city) for city in made for _ in range(3)])
    return parent


def statements(work):
    """The DELETE and UPDATE statements that it sends, as verb and table"""
    with CaptureQueriesContext(connection) as queries:
        work()
    words = [query["sql"].split() for query in queries]
    return [f"{w[0]} {w[2 if w[0] == 'DELETE' else 1]}".replace('"library_', "").replace('"', "")
            for w in words if w[0] in ("DELETE", "UPDATE")]


def error_of(work):
    """SQLSTATE of the error that it ends with, and the exception's class"""
    try:
        with transaction.atomic():
            work()
    except DatabaseError as error:
        return [type(error).__name__, error.__cause__.pgcode]
    return None


def hooks():
    return value("SELECT count(*) FROM hooks.registry WHERE package = 'library'")


def triggers():
    return value("SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'library%' AND tgname ILIKE 'hooks%'")


def migrate(*target):
    call_command("migrate", *target, verbosity=0)


def administer():
    """What a superuser does once: the extension, a template for test databases with it,
    and the right to empty the recycle bin"""
    for database, statements_ in (
            ("postgres", ["CREATE DATABASE with_hooks"]),
            ("with_hooks", ["CREATE EXTENSION hooks", PURGE]),
            (os.environ["PGDATABASE"], [PURGE]),
            ("postgres", ["ALTER DATABASE with_hooks IS_TEMPLATE true"])):
        conn = psycopg2.connect(host=os.environ["PGHOST"], user="postgres", dbname=database)
        conn.autocommit = True
        for statement in statements_:
            conn.cursor().execute(statement)
        conn.close()


def migrations():
    migrate("library", "0002")
    claim("migrations: no hook before the migration that registers them", [hooks(), triggers()], [0, 0])
    migrate("library", "0003")
    claim("migrations: it registers them", [hooks(), triggers() > 0], [14, True])
    migrate("library", "0002")
    claim("migrations: taken back, hooks and triggers are gone", [hooks(), triggers()], [0, 0])
    migrate("library", "0003")
    claim("migrations: and forward again", hooks(), 14)
    migrate()
    names = [row[0] for row in rows("SELECT name FROM hooks.registry WHERE package = 'library'")]
    claim("migrations: RemoveField drops with CASCADE, and unregisters a hook that uses the column", "coded" in names, False)
    claim("migrations: DeleteModel takes the hooks of its table along", "gone" in names, False)
    claim("migrations: all others are there", len(names), 12)
    claim("migrations: RenameField goes into the hook's condition",
          value("SELECT condition FROM hooks.registry WHERE name = 'titled'"), "((new.name)::text = 'yy'::text)")
    Country.objects.create(name="yy")
    claim("migrations: which goes on", calls("titled"), "1 calls, 1 rows")
    out = io.StringIO()
    try:
        call_command("makemigrations", "library", check=True, dry_run=True, stdout=out)
        changed = 0
    except SystemExit as stop:
        changed = stop.code
    claim("migrations: makemigrations sees no change", changed, 0)
    migrate()
    claim("migrations: migrate once more changes nothing", hooks(), 12)


def alter():
    """What a hook's condition keeps Django from"""
    field = models.TextField(default="")
    field.set_attributes_from_name("name")

    def change_type():
        with connection.schema_editor() as editor:
            editor.alter_field(Country, Country._meta.get_field("name"), field)

    claim("migrations: AlterField of a column that a hook uses is refused", error_of(change_type), ["NotSupportedError", "0A000"])
    claim("migrations: DROP COLUMN without CASCADE is refused",
          error_of(lambda: rows("ALTER TABLE library_country DROP COLUMN name")), ["InternalError", "2BP01"])
    begin()
    with connection.schema_editor() as editor:
        editor.alter_db_table(Author, "library_author", "library_writer")
    rows("INSERT INTO library_writer (name) VALUES ('x')")
    rows("DELETE FROM library_writer")
    with connection.schema_editor() as editor:
        editor.alter_db_table(Author, "library_writer", "library_author")
    claim("migrations: a table that is renamed keeps its hooks", calls("author"), "1 calls, 1 rows, 0 counted")


def django_deletes():
    begin()
    parent = author(books=3, notes=2)
    claim("CASCADE, SET_NULL: Django sends the children first", statements(parent.delete),
          ["DELETE book", "UPDATE note", "DELETE author"])
    claim("CASCADE: before_cascade comes when the children are gone", calls("author"), "1 calls, 1 rows, 0 counted")
    claim("CASCADE: a hook of the children's table fires once for their statement", calls("book"), "1 calls, 3 rows")
    claim("SET_NULL: and for the UPDATE", calls("note"), "1 calls, 2 rows")

    begin()
    for _ in range(250):
        author(books=1)
    sent = statements(Author.objects.all().delete)
    claim("CASCADE: a queryset of 250 comes in DELETEs of 100 at most", [sent.count("DELETE author"), calls("author")],
          [3, "3 calls, 250 rows, 0 counted"])


def database_deletes():
    begin()
    parent = country(cities=4)
    other = country(cities=1)
    claim("DO_NOTHING: one DELETE is sent", statements(parent.delete), ["DELETE country"])
    claim("DO_NOTHING: before_cascade fires once, all dependents there", calls("country"), "1 calls, 1 rows, 12 counted")
    claim("DO_NOTHING: hooks.doomed() has them", calls("doomed"), "1 calls, 1 rows, 12 counted")
    claim("DO_NOTHING: hooks of the dependents fire for each", calls("city"), "4 calls, 4 rows")
    claim("DO_NOTHING: what others have stays", [City.objects.count(), Street.objects.count()], [1, 3])
    claim("DO_NOTHING: one entry in the recycle bin", rows("SELECT count(*), sum(rows)::int FROM hooks.kept"), [(1, 17)])
    with transaction.atomic():
        restored = value("SELECT hooks.restore(kept_id) FROM hooks.kept")
    claim("DO_NOTHING: which puts back all of it",
          [restored, Country.objects.count(), City.objects.count(), Street.objects.count()], [17, 2, 5, 15])
    other.delete()

    begin()
    for _ in range(3):
        country(cities=2)
    claim("DO_NOTHING: a queryset is one DELETE", statements(Country.objects.filter(name="c").delete), ["DELETE country"])
    claim("DO_NOTHING: and one firing with all of it", calls("country"), "1 calls, 3 rows, 18 counted")
    claim("DO_NOTHING: nothing is left", [City.objects.count(), Street.objects.count()], [0, 0])

    begin()
    parent = country(cities=2)
    Stamp.objects.create(country=parent)
    try:
        parent.delete()
        refused = False
    except models.ProtectedError:
        refused = True
    claim("PROTECT: Django refuses, and nothing fires", [refused, calls("country")], [True, "0 calls, 0 rows"])


def writes():
    begin()
    Country.objects.bulk_create([Country(name=str(i)) for i in range(50)])
    claim("bulk_create fires for each row", calls("made"), "50 calls, 50 rows")
    begin()
    made = [Country.objects.create(name=str(i)) for i in range(5)]
    Country.objects.update(name="all")
    claim("update() fires for each row", calls("made"), "10 calls, 10 rows")
    for one in made:
        one.name = "each"
    Country.objects.bulk_update(made, ["name"])
    claim("bulk_update() as well", calls("made"), "15 calls, 15 rows")
    rows("TRUNCATE claims.fired")
    dump = io.StringIO()
    call_command("dumpdata", "library.country", stdout=dump)
    Country.objects.all().delete()
    rows("TRUNCATE claims.fired")
    with mock.patch("sys.stdin", io.StringIO(dump.getvalue())):
        call_command("loaddata", "-", format="json", verbosity=0)
    claim("loaddata fires for each row that it writes", [Country.objects.count(), calls("made").split()[-2]], [5, "5"])


def transactions():
    begin()
    parents = [country(cities=1) for _ in range(4)]
    rows("SELECT hooks.register('veto', 'before_cascade', 'delete', 'library_country', 'claims.veto', condition => %s)",
         [f"OLD.id = {parents[1].id}"])
    error = None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('hooks.metadata', %s, true)", ['{"request": 5}'])
        parents[0].delete()
        try:
            with transaction.atomic():
                parents[2].delete()
                parents[1].delete()
        except DatabaseError as refused:
            diag = refused.__cause__.diag
            error = [type(refused).__name__, refused.__cause__.pgcode, diag.message_primary, diag.message_hint, diag.table_name]
    claim("atomic: a veto is a DatabaseError, whose cause has all that the hook said", error,
          ["DatabaseError", "KH001", "not this one", "try another one", "library_country"])
    claim("atomic: an inner block is taken back with its firings", [calls("country"), Country.objects.count()],
          ["1 calls, 1 rows, 3 counted", 3])
    parents[3].delete()
    claim("atomic: hooks.metadata is of its own transaction",
          [row[0] for row in rows("SELECT metadata->>'request' FROM claims.fired WHERE hook = 'country' ORDER BY n")], ["5", None])
    rows("SELECT hooks.flush()")
    claim("atomic: before_commit and after_commit fire for what commits", [calls("ended"), calls("told")],
          ["2 calls, 0 rows", "2 calls, 2 rows"])
    rows("SELECT hooks.unregister('veto')")


def introspection():
    out = io.StringIO()
    call_command("inspectdb", stdout=out)
    tables = [line.split("'")[1] for line in out.getvalue().splitlines() if "db_table = " in line]
    claim("inspectdb sees the application's tables only", {name.split("_")[0] for name in tables}, {"library", "django"})
    out = io.StringIO()
    call_command("sqlflush", stdout=out)
    claim("sqlflush names no table of the extension", ["library_country" in out.getvalue(), "hooks" in out.getvalue()], [True, False])


def no_trigger_sees():
    """Reads and failures, where the library is preloaded"""
    begin()
    rows("""SELECT hooks.register('read', 'after', 'select', 'library_country', 'claims.note_event', on_error => 'abort'),
            hooks.register('failed', 'on_failure', 'insert', 'library_country', 'claims.note_event')""")
    Country.objects.bulk_create([Country(name=str(i)) for i in range(30)])
    rows("TRUNCATE claims.fired")
    read = len(list(Country.objects.iterator(chunk_size=7)))
    claim("iterator() is one read with all of its rows, by a cursor of the server", [read, calls("read")], [30, "1 calls, 30 rows"])
    rows("TRUNCATE claims.fired")
    exists = Country.objects.filter(name="5").exists()
    claim("exists() is a read of one row", [exists, calls("read")], [True, "1 calls, 1 rows"])
    one = Country.objects.first()
    error = error_of(lambda: Country(pk=one.pk).save(force_insert=True))
    for _ in range(300):
        if calls("failed") != "0 calls, 0 rows":
            break
        time.sleep(0.1)
    claim("an IntegrityError is told to a hook of on_failure", [error, calls("failed")], [["IntegrityError", "23505"], "1 calls, 0 rows"])
    rows("SELECT hooks.unregister('read'), hooks.unregister('failed')")


class Claims(unittest.TextTestResult):
    """Each test is a claim"""

    prefix = ""

    def addSuccess(self, test):
        super().addSuccess(test)
        claim(self.prefix + test.shortDescription(), True, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        claim(self.prefix + test.shortDescription(), str(err[1]), True)

    addError = addFailure


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Claims


def test_cases():
    for parallel, prefix, database in ((1, "", "^test_library$"), (2, "parallel ", "^test_library_[12]$")):
        Claims.prefix = prefix
        os.environ["TEST_DATABASE"] = database
        runner = Runner(verbosity=0, interactive=False, parallel=parallel)
        runner.run_tests(["library.tests"])
        claim(f"{prefix}test databases are gone", value("SELECT count(*) FROM pg_database WHERE datname LIKE 'test%%'"), 0)


administer()
migrations()
alter()
django_deletes()
database_deletes()
writes()
transactions()
introspection()
if preloaded:
    no_trigger_sees()
test_cases()
print("done")
