"""SQLAlchemy: who deletes the children, savepoints, the pool."""

import os

import sqlalchemy
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, delete, event, func, inspect, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, declarative_base, relationship
from sqlalchemy.orm.exc import StaleDataError

from claims import claim, preloaded

Base = declarative_base()


class Plain(Base):
    """Neither cascade nor passive_deletes"""

    __tablename__ = "plain"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    children = relationship("PlainChild")


class PlainChild(Base):
    __tablename__ = "plain_child"
    id = Column(Integer, primary_key=True)
    parent = Column(ForeignKey("plain.id", ondelete="CASCADE"), index=True)


class Cascade(Base):
    """The ORM's own cascade"""

    __tablename__ = "cascade"
    id = Column(Integer, primary_key=True)
    children = relationship("CascadeChild", cascade="all, delete-orphan")


class CascadeChild(Base):
    __tablename__ = "cascade_child"
    id = Column(Integer, primary_key=True)
    parent = Column(ForeignKey("cascade.id", ondelete="CASCADE"), index=True)


class Passive(Base):
    """The ORM's cascade for what is loaded, the database's for the rest"""

    __tablename__ = "passive"
    id = Column(Integer, primary_key=True)
    children = relationship("PassiveChild", cascade="all, delete-orphan", passive_deletes=True)


class PassiveChild(Base):
    __tablename__ = "passive_child"
    id = Column(Integer, primary_key=True)
    parent = Column(ForeignKey("passive.id", ondelete="CASCADE"), index=True)


class Left(Base):
    """All left to the database"""

    __tablename__ = "left"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    children = relationship("LeftChild", passive_deletes="all")


class LeftChild(Base):
    __tablename__ = "left_child"
    id = Column(Integer, primary_key=True)
    parent = Column(ForeignKey("left.id", ondelete="CASCADE"), index=True)


class Row(Base):
    """For hooks on rows"""

    __tablename__ = "row"
    id = Column(Integer, primary_key=True)
    name = Column(String)


engine = create_engine(f"postgresql+psycopg2://app@/{os.environ['PGDATABASE']}?host={os.environ['PGHOST']}",
                       pool_size=1, max_overflow=0, future=True)
sent = []


@event.listens_for(engine, "before_cursor_execute")
def note_statement(conn, cursor, statement, parameters, context, executemany):
    """What is sent to change rows: verb, table, and for how many rows"""
    words = statement.replace('"', "").split()
    if words[0] in ("DELETE", "UPDATE"):
        name = words[2 if words[0] == "DELETE" else 1]
        sent.append(f"{words[0]} {name}" + (f" x{len(parameters)}" if executemany else ""))


def value(statement, **values):
    with engine.begin() as conn:
        return conn.execute(text(statement), values).scalar()


def rows(statement, **values):
    with engine.begin() as conn:
        return [tuple(row) for row in conn.execute(text(statement), values)]


def run(statement, **values):
    with engine.begin() as conn:
        conn.execute(text(statement), values)


def calls(hook):
    return value("SELECT claims.calls(:hook)", hook=hook)


def fill(parent, child):
    """Ten parents with three children each"""
    run(f'TRUNCATE claims.fired, "{parent.__tablename__}", "{child.__tablename__}"')
    with Session(engine) as session:
        for i in range(1, 11):
            session.add(parent(id=i, children=[child(id=10 * i + j) for j in range(3)]))
        session.commit()
    sent.clear()


def register(model, child):
    table = model.__tablename__
    value("SELECT hooks.register(:name, 'before_cascade', 'delete', CAST(:table AS regclass), 'claims.note', arguments => ARRAY[:query])",
          name=table, table=f'"{table}"',
          query=f'SELECT count(*) FROM "{child.__tablename__}" c JOIN old_table o ON o.id = c.parent')


def cascades():
    """The table of doc/orm.md, line by line"""
    for model, child, load, what, statements, fired in (
            (Plain, PlainChild, False, "no cascade, no passive_deletes", ["UPDATE plain_child x3", "DELETE plain"], "1 calls, 1 rows, 0 counted"),
            (Cascade, CascadeChild, False, "cascade", ["DELETE cascade_child x3", "DELETE cascade"], "1 calls, 1 rows, 0 counted"),
            (Passive, PassiveChild, False, "passive_deletes, nothing loaded", ["DELETE passive"], "1 calls, 1 rows, 3 counted"),
            (Passive, PassiveChild, True, "passive_deletes, children loaded", ["DELETE passive_child x3", "DELETE passive"], "1 calls, 1 rows, 0 counted"),
            (Left, LeftChild, True, 'passive_deletes="all"', ["DELETE left"], "1 calls, 1 rows, 3 counted")):
        fill(model, child)
        with Session(engine) as session:
            parent = session.get(model, 4)
            if load:
                assert len(parent.children) == 3
            session.delete(parent)
            session.commit()
        claim(f"{what}: session.delete() sends {', '.join(statements)}", list(sent), statements)
        claim(f"{what}: before_cascade fires once", calls(model.__tablename__), fired)
        claim(f"{what}: the parent is gone",
              value(f'SELECT count(*) FROM "{model.__tablename__}"'), 9)

    fill(Cascade, CascadeChild)
    with Session(engine) as session:
        session.execute(delete(Cascade).where(Cascade.id.in_([1, 2, 3])))
        session.commit()
    claim("delete() of SQL is one statement, also under a cascade of the ORM", [list(sent), calls("cascade")],
          [["DELETE cascade"], "1 calls, 3 rows, 9 counted"])

    fill(Left, LeftChild)
    with Session(engine) as session:
        for parent in session.scalars(select(Left).where(Left.id <= 5)):
            session.delete(parent)
        session.commit()
    claim("five objects of one session.commit(): executemany, a firing for each", [list(sent), calls("left")],
          [["DELETE left x5"], "5 calls, 5 rows, 15 counted"])
    with Session(engine) as session:
        children = session.scalars(select(LeftChild).where(LeftChild.parent == 6)).all()
        session.execute(delete(Left).where(Left.id == 6), execution_options={"synchronize_session": False})
        session.commit()
        claim("objects that the database has deleted are gone when the session looks again",
              [inspect(child).persistent and session.get(LeftChild, 60 + i) is None for i, child in enumerate(children)], [True] * 3)


def keeps():
    """An entry of the bin for each statement of the ORM, restored together"""
    for table in ("cascade", "cascade_child"):
        value("SELECT hooks.register('keep_' || :name, 'before_cascade', 'delete', CAST(:table AS regclass), 'hooks.keep')",
              name=table, table=f'"{table}"')
    fill(Cascade, CascadeChild)
    with Session(engine) as session:
        session.delete(session.get(Cascade, 4))
        session.commit()
    claim("a cascade of the ORM makes an entry in the bin for each row that it deletes by itself",
          rows("SELECT relation, rows FROM hooks.kept ORDER BY kept_id"),
          [("cascade_child", 1)] * 3 + [("cascade", 1)])
    claim("restore_transaction() puts them back together",
          [value("SELECT hooks.restore_transaction(transaction_id) FROM hooks.kept LIMIT 1"),
           value('SELECT count(*) FROM "cascade_child" WHERE parent = 4')], [4, 3])
    run("SELECT hooks.unregister('keep_cascade'), hooks.unregister('keep_cascade_child')")


def savepoints():
    fill(Left, LeftChild)
    value("SELECT hooks.register('veto', 'before_cascade', 'delete', CAST('\"left\"' AS regclass), 'claims.veto', condition => 'OLD.id = 7')")
    error = None
    with Session(engine) as session:
        session.execute(text("SELECT set_config('hooks.metadata', :m, true)"), {"m": '{"request": 3}'})
        session.execute(delete(Left).where(Left.id == 1))
        try:
            with session.begin_nested():
                session.execute(delete(Left).where(Left.id == 2))
                session.delete(session.get(Left, 7))
                session.flush()
        except sqlalchemy.exc.DBAPIError as refused:
            diag = refused.orig.diag
            error = [type(refused).__name__, refused.orig.pgcode, diag.message_primary, diag.message_hint, diag.table_name]
        with session.begin_nested():
            session.execute(delete(Left).where(Left.id == 3))
        nested = session.begin_nested()
        session.execute(delete(Left).where(Left.id == 4))
        nested.rollback()
        session.commit()
    claim("begin_nested: a veto is a DBAPIError, whose orig has all that the hook said", error,
          ["DatabaseError", "KH001", "not this one", "try another one", "left"])
    claim("begin_nested: what is rolled back leaves no firing",
          [calls("left"), rows('SELECT id FROM "left" ORDER BY id')],
          ["2 calls, 2 rows, 6 counted", [(i,) for i in (2, 4, 5, 6, 7, 8, 9, 10)]])
    claim("begin_nested: metadata holds over savepoints",
          rows("SELECT metadata->>'request' FROM claims.fired WHERE hook = 'left' ORDER BY n"), [("3",), ("3",)])
    run("SELECT hooks.unregister('veto')")


def pool():
    """One connection: what one who had it leaves to the next"""
    fill(Left, LeftChild)
    with engine.connect() as conn:
        pid = conn.execute(select(func.pg_backend_pid())).scalar()
        conn.execute(text("SET LOCAL hooks.metadata = '{\"request\": 1}'"))
        conn.execute(text("SELECT hooks.pause('left', 'a test')"))
        conn.execute(delete(Left).where(Left.id == 1))
        conn.commit()
        conn.execute(text("SET hooks.metadata = '{\"request\": 2}'"))
        # not committed: the pool rolls it back when it takes the connection back
    with Session(engine) as session:
        session.execute(delete(Left).where(Left.id == 2))
        session.commit()
        again = session.execute(select(func.pg_backend_pid())).scalar()
    claim("pool: the connection is the same", again, pid)
    claim("pool: pause() has ended with its transaction", calls("left"), "1 calls, 1 rows, 3 counted")
    claim("pool: its rollback has taken back SET", rows("SELECT metadata->>'request' FROM claims.fired WHERE hook = 'left'"), [(None,)])

    def request_of_delete(number):
        """Which request the hook of a DELETE in a new session sees"""
        run("TRUNCATE claims.fired")
        with Session(engine) as session:
            session.execute(delete(Left).where(Left.id == number))
            session.commit()
        return value("SELECT metadata->>'request' FROM claims.fired WHERE hook = 'left'")

    run("SET hooks.metadata = '{\"request\": 2}'")
    claim("pool: SET that was committed stays for who comes next", request_of_delete(3), "2")

    @event.listens_for(engine, "checkin")
    def discard(dbapi_connection, record):
        with dbapi_connection.cursor() as cursor:
            dbapi_connection.autocommit = True
            cursor.execute("DISCARD ALL")
            dbapi_connection.autocommit = False

    run("SET hooks.metadata = '{\"request\": 4}'")
    claim("pool: DISCARD ALL when a connection comes back takes it back", request_of_delete(4), None)
    claim("pool: and hooks fire as before", calls("left"), "1 calls, 1 rows, 3 counted")
    event.remove(engine, "checkin", discard)


def rows_changed():
    """What a hook does to a row that the session holds"""
    run("""
        CREATE FUNCTION upper_name() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.name = 'skip' THEN
                RETURN NULL;
            END IF;
            NEW.name := upper(NEW.name);
            RETURN NEW;
        END $$;
        SELECT hooks.register('upper', 'before', 'insert, update', '"row"', 'upper_name');
        SELECT hooks.register('rows', 'after', 'insert, update, delete', '"row"', 'claims.note')""")
    run("TRUNCATE claims.fired")
    with Session(engine) as session:
        session.add_all([Row(id=i, name="a") for i in range(1, 101)])
        session.commit()
    claim("add_all: a row hook fires for each of 100 rows", calls("rows"), "100 calls, 100 rows")
    run("TRUNCATE claims.fired")
    with Session(engine) as session:
        row = session.get(Row, 1)
        row.name = "b"
        session.flush()
        seen = [row.name]
        session.refresh(row)
        seen.append(row.name)
        session.commit()
    claim("a value that a hook changes is there after refresh()", seen, ["b", "B"])
    with Session(engine) as session:
        session.get(Row, 2).name = "skip"
        try:
            session.flush()
            error = None
        except StaleDataError as stale:
            error = type(stale).__name__
    claim("a row that a before hook skips is a StaleDataError", error, "StaleDataError")
    run("TRUNCATE claims.fired")
    with Session(engine) as session:
        session.execute(update(Row).where(Row.id <= 50).values(name="c"))
        session.bulk_update_mappings(Row, [{"id": i, "name": "d"} for i in range(51, 61)])
        session.commit()
    claim("update() and bulk updates fire for each row", calls("rows"), "60 calls, 60 rows")
    run("SELECT hooks.unregister('upper'), hooks.unregister('rows')")


def no_trigger_sees():
    """Upserts and reads, where the library is preloaded"""
    run("""TRUNCATE claims.fired, "row" """)
    value("""SELECT hooks.register('put', 'after', 'put', '"row"', 'claims.note', on_error => 'abort')""")
    with Session(engine) as session:
        session.add_all([Row(id=i, name="old") for i in range(1, 6)])
        session.commit()
        insert = postgresql.insert(Row).values([{"id": i, "name": "new"} for i in range(3, 11)])
        session.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"name": insert.excluded.name}))
        session.execute(postgresql.insert(Row).values(id=1, name="none").on_conflict_do_nothing())
        session.commit()
    claim("on_conflict_do_update: a hook on put fires once for each row, with what it was",
          rows("SELECT op, count(*) FROM claims.fired WHERE hook = 'put' GROUP BY op ORDER BY op"), [("INSERT", 5), ("UPDATE", 3)])
    value("""SELECT hooks.register('read', 'after', 'select', '"row"', 'claims.note_event', on_error => 'abort')""")
    with engine.connect() as conn:
        read = sum(1 for _ in conn.execution_options(stream_results=True, max_row_buffer=3).execute(select(Row.id)))
        conn.commit()
    claim("stream_results: a cursor of the server is one read", [read, calls("read")], [10, "1 calls, 10 rows"])
    run("SELECT hooks.unregister('put'), hooks.unregister('read')")


Base.metadata.create_all(engine)
for parent_, child_ in ((Plain, PlainChild), (Cascade, CascadeChild), (Passive, PassiveChild), (Left, LeftChild)):
    register(parent_, child_)
cascades()
keeps()
savepoints()
pool()
rows_changed()
if preloaded:
    no_trigger_sees()
Base.metadata.drop_all(engine)
claim("drop_all() drops the tables with their hooks", value("SELECT count(*) FROM hooks.registry"), 0)
print("done")
