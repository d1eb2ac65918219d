"""Alembic: autogenerate leaves the extension alone; migrations register hooks, and
change tables that have some.
"""

import os
import tempfile
import warnings

import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, inspect, text

from claims import claim

# SQLAlchemy does not know the types of all columns of the extension's tables
warnings.filterwarnings("ignore", "Did not recognize type")

metadata = MetaData()
Table("row", metadata, Column("id", Integer, primary_key=True), Column("name", String))
engine = create_engine(f"postgresql+psycopg2://app@/{os.environ['PGDATABASE']}?host={os.environ['PGHOST']}", future=True)


def rows(statement, **values):
    with engine.begin() as conn:
        return [tuple(row) for row in conn.execute(text(statement), values)]


def run(statement):
    with engine.begin() as conn:
        conn.execute(text(statement))


def calls(hook):
    return rows("SELECT claims.calls(:hook)", hook=hook)[0][0]


ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

options = context.config.attributes["options"]
with create_engine(context.config.attributes["url"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=context.config.attributes["metadata"], version_table_schema="public", **options)
    with context.begin_transaction():
        context.run_migrations()
"""

MIGRATION = '''
"""hooks"""
from alembic import op

revision = "1"
down_revision = None


def upgrade():
    op.execute("SELECT hooks.register('row_bin', 'before_cascade', 'delete', '\\"row\\"', 'hooks.keep', package => 'app')")
    op.execute("SELECT hooks.register('named', 'before', 'insert', '\\"row\\"', 'claims.note', condition => $$NEW.name = 'x'$$, package => 'app')")


def downgrade():
    op.execute("SELECT hooks.unregister_package('app')")
'''

RENAME = '''
"""changes of a table with hooks"""
import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade():
    op.alter_column("row", "name", new_column_name="title")
    op.rename_table("row", "line")


def downgrade():
    op.rename_table("line", "row")
    op.alter_column("row", "title", new_column_name="name")
'''

DROP = '''
"""what is refused"""
from alembic import op

revision = "3"
down_revision = "2"


def upgrade():
    op.drop_column("line", "title")


def downgrade():
    pass
'''


def include_name(name, type_, parent_names):
    """As in doc/orm.md, and without the tables of this test"""
    return not (type_ == "schema" and name in ("hooks", "claims"))


def autogenerate():
    with engine.connect() as conn:
        for what, options, found in (
                ("with all schemas autogenerate would drop the extension's tables", {"include_schemas": True}, True),
                ("with include_name it would change nothing", {"include_schemas": True, "include_name": include_name}, False),
                ("without include_schemas neither", {}, False)):
            diff = compare_metadata(MigrationContext.configure(conn, opts=options), metadata)
            dropped = [change for change in diff if change[0] == "remove_table" and change[1].schema == "hooks"]
            claim(f"{what}", [bool(dropped), bool(diff)], [found, found])
        schemas = inspect(conn).get_schema_names()
        claim("the other schemas of the extension have no tables",
              [inspect(conn).get_table_names(schema=name) for name in schemas if name.startswith("hooks_")], [[], []])


def migrate():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/versions")
        for name, content in (("env.py", ENV), ("script.py.mako", ""), ("versions/1.py", MIGRATION), ("versions/2.py", RENAME), ("versions/3.py", DROP)):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(content)
        config = Config()
        config.set_main_option("script_location", folder)
        config.attributes.update(url=engine.url, metadata=metadata, options={"include_schemas": True, "include_name": include_name})

        def registered():
            return rows("SELECT name, relation::text, condition FROM hooks.registry WHERE package = 'app' ORDER BY 1")

        command.upgrade(config, "1")
        claim("upgrade registers", registered(),
              [("named", '"row"', "((new.name)::text = 'x'::text)"), ("row_bin", '"row"', None)])
        command.downgrade(config, "base")
        claim("downgrade unregisters", registered(), [])
        command.upgrade(config, "2")
        claim("hooks go along when table and column are renamed", registered(),
              [("named", "line", "((new.title)::text = 'x'::text)"), ("row_bin", "line", None)])
        run("TRUNCATE claims.fired; INSERT INTO line VALUES (1001, 'x'), (1002, 'y')")
        claim("and fire", calls("named"), "1 calls, 1 rows")
        try:
            command.upgrade(config, "3")
            error = None
        except sqlalchemy.exc.DBAPIError as refused:
            error = refused.orig.pgcode
        claim("drop_column does not drop a column that a hook uses", error, "2BP01")
        command.downgrade(config, "1")
        claim("and back", registered(),
              [("named", '"row"', "((new.name)::text = 'x'::text)"), ("row_bin", '"row"', None)])
        with engine.connect() as conn:
            diff = compare_metadata(MigrationContext.configure(conn, opts=config.attributes["options"]), metadata)
            claim("with hooks registered, too, autogenerate finds nothing but its own table",
                  [(change[0], change[1].name) for change in diff if change[1].name != "alembic_version"], [])


metadata.create_all(engine)
autogenerate()
migrate()
metadata.drop_all(engine)
claim("drop_all() drops the table with its hooks", rows("SELECT count(*) FROM hooks.registry"), [(0,)])
print("done")
