"""pgbouncer in transaction mode: each transaction of a client may have another
server connection, and each server connection serves one client after another.

Settings of a transaction must reach its own firings and no others; what the
extension keeps in a session must be nobody's.
"""

import contextlib
import os
import subprocess
import tempfile
import threading
import time

import psycopg2

from claims import claim, preloaded

server = os.environ["PGHOST"]
database = os.environ["PGDATABASE"]


@contextlib.contextmanager
def bouncer(settings):
    """Runs pgbouncer in a folder of its own, which is also where its socket is"""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/users", "w", encoding="utf-8") as users:
            users.write('"app" ""\n"postgres" ""\n')
        with open(f"{folder}/ini", "w", encoding="utf-8") as ini:
            ini.write(f"""
[databases]
shop = host={server} dbname={database}
opted = host={server} dbname={database} connect_query='SET hooks.opt_in = audit'
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
admin_users = postgres
pool_mode = transaction
{settings}
""")
        with open(f"{folder}/log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(["pgbouncer", f"{folder}/ini"], stdout=log, stderr=log)
        try:
            for _ in range(300):
                if os.path.exists(f"{folder}/.s.PGSQL.6432"):
                    break
                time.sleep(0.1)
            yield folder
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def connection(host=server, dbname=database, user="app", autocommit=False):
    """A connection, by a pgbouncer if host is its folder"""
    conn = psycopg2.connect(host=host, dbname=dbname, user=user, port=5432 if host == server else 6432)
    conn.autocommit = autocommit
    try:
        yield conn
    finally:
        conn.close()


def run(conn, statement, values=None):
    """The first column of the first row of a statement, or None"""
    with conn.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else None


def direct(statement, values=None):
    """The same beside pgbouncer"""
    with connection(autocommit=True) as conn:
        return run(conn, statement, values)


def calls(hook):
    return direct("SELECT claims.calls(%s)", [hook])


def fill():
    direct("""
        TRUNCATE claims.fired, author, book;
        INSERT INTO author SELECT i FROM generate_series(1, 400) i;
        INSERT INTO book SELECT i, (i + 2) / 3 FROM generate_series(1, 1200) i""")


def one_connection(folder):
    """Two clients that share one server connection"""
    fill()
    with connection(folder, "shop") as one, connection(folder, "shop") as two:
        pids = [run(one, "SELECT pg_backend_pid()")]
        run(one, """SET LOCAL hooks.metadata = '{"request": "one"}'; SET LOCAL hooks.opt_in = audit""")
        run(one, "DELETE FROM author WHERE id = 1")
        one.commit()
        run(two, "DELETE FROM author WHERE id = 2")
        pids.append(run(two, "SELECT pg_backend_pid()"))
        two.commit()
        claim("both clients have the same server connection", pids[0], pids[1])
        claim("SET LOCAL hooks.metadata is of its transaction only",
              direct("SELECT string_agg(coalesce(metadata->>'request', '-'), ' ' ORDER BY n) FROM claims.fired WHERE hook = 'cascade'"), "one -")
        claim("SET LOCAL hooks.opt_in is of its transaction only", calls("audit"), "1 calls, 1 rows")

        run(one, "SELECT hooks.pause('cascade', 'a test')")
        run(one, "DELETE FROM author WHERE id = 3")
        one.commit()
        claim("hooks.pause() holds to the end of the transaction", calls("cascade"), "2 calls, 2 rows, 6 counted")
        run(two, "DELETE FROM author WHERE id = 4")
        two.commit()
        claim("and not for whom the connection serves next", calls("cascade"), "3 calls, 3 rows, 9 counted")

        run(one, "DELETE FROM author WHERE id = 5")
        try:
            run(one, "DELETE FROM author WHERE id = 400")
            state = None
        except psycopg2.Error as error:
            state = (error.pgcode, error.diag.message_detail, error.diag.table_name)
        one.rollback()
        claim("a veto comes through with all that the hook said", state, ("KH001", "because the hook says so", "author"))
        run(two, "DELETE FROM author WHERE id = 6")
        two.commit()
        claim("after a veto the connection serves on", calls("cascade"), "4 calls, 4 rows, 12 counted")

        run(one, "CREATE TEMPORARY TABLE mine (id int) ON COMMIT DROP")
        run(one, "INSERT INTO mine VALUES (7), (8)")
        run(one, "DELETE FROM author WHERE id IN (SELECT id FROM mine)")
        one.commit()
        run(two, "CREATE TEMPORARY TABLE mine (id int) ON COMMIT DROP")
        run(two, "INSERT INTO mine VALUES (9)")
        run(two, "DELETE FROM author WHERE id IN (SELECT id FROM mine)")
        two.commit()
        claim("temporary tables of one and the other", calls("cascade"), "6 calls, 7 rows, 21 counted")

        # A client that goes away in a transaction takes its server connection along
        three = psycopg2.connect(host=folder, dbname="shop", user="app", port=6432)
        run(three, "SET LOCAL hooks.opt_in = audit")
        run(three, "DELETE FROM author WHERE id = 10")
        three.close()
        run(two, "DELETE FROM author WHERE id = 11")
        two.commit()
        claim("of a client that leaves in a transaction nothing stays",
              [calls("cascade"), calls("audit"), direct("SELECT count(*) FROM author WHERE id = 10")],
              ["7 calls, 8 rows, 24 counted", "1 calls, 1 rows", 1])


def left_behind(folder, stays):
    """What SET without LOCAL leaves on the server connection"""
    fill()
    with connection(folder, "shop", autocommit=True) as one, connection(folder, "shop", autocommit=True) as two:
        run(one, """SET hooks.metadata = '{"request": "one"}'""")
        run(one, "SET hooks.opt_in = audit")
        run(two, "DELETE FROM author WHERE id = 1")
        claim(f"SET without LOCAL {'reaches whoever comes next' if stays else 'is taken back by server_reset_query_always'}",
              direct("SELECT string_agg(hook || coalesce(' ' || (metadata->>'request'), ''), ', ' ORDER BY hook) FROM claims.fired"),
              "audit one, cascade one" if stays else "cascade")


def many_clients(folder, text):
    """Eight clients, 400 transactions, two server connections"""
    fill()

    def client(number):
        with connection(folder, "shop") as conn:
            for i in range(number, 400, 8):
                run(conn, "SELECT set_config('hooks.metadata', %s, true)", ['{"request": %d}' % i])
                if i % 4 == 0:
                    run(conn, "SET LOCAL hooks.opt_in = audit")
                run(conn, "DELETE FROM author WHERE id = %s", [i])
                if i % 10 == 9:
                    conn.rollback()
                else:
                    conn.commit()

    threads = [threading.Thread(target=client, args=(i,)) for i in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [i for i in range(1, 400) if i % 10 != 9]
    claim(f"{text}: a firing for each transaction that commits", calls("cascade"),
          f"{len(done)} calls, {len(done)} rows, {3 * len(done)} counted")
    claim(f"{text}: with its own metadata",
          direct("SELECT count(*) FROM claims.fired WHERE hook = 'cascade' AND (metadata->>'request')::int = rows_of"), len(done))
    opted = len([i for i in done if i % 4 == 0])
    claim(f"{text}: an opt-in hook for those that name it", calls("audit"), f"{opted} calls, {opted} rows")
    claim(f"{text}: by at most two server connections",
          direct("SELECT count(DISTINCT pid) BETWEEN 1 AND 2 FROM claims.fired WHERE hook = 'cascade'"), True)


def deliveries(folder):
    fill()
    direct("SELECT hooks.register('later', 'after_commit', 'delete', 'author', 'claims.note_event')")
    with connection(folder, "shop", autocommit=True) as conn:
        for i in range(1, 31):
            run(conn, "DELETE FROM author WHERE id = %s", [i])
        flushed = run(conn, "SELECT hooks.flush()")
    claim("after_commit: a delivery for each commit, and flush() waits for them",
          [flushed, calls("later")], [True, "30 calls, 30 rows"])
    direct("SELECT hooks.unregister('later')")


def registering(folder):
    """Each statement is a transaction of its own"""
    fill()
    with connection(folder, "shop", autocommit=True) as conn:
        run(conn, "SELECT hooks.register('mine', 'after', 'delete', 'author', 'claims.note', level => 'statement')")
        run(conn, "DELETE FROM author WHERE id IN (1, 2)")
        run(conn, "SELECT hooks.disable('mine')")
        run(conn, "DELETE FROM author WHERE id = 3")
        run(conn, "SELECT hooks.unregister('mine')")
        run(conn, "DELETE FROM author WHERE id = 4")
    claim("register(), disable() and unregister() hold for all connections", calls("mine"), "1 calls, 2 rows")


def opted(folder):
    fill()
    with connection(folder, "opted", autocommit=True) as conn:
        run(conn, "DELETE FROM author WHERE id = 1")
    with connection(folder, "shop", autocommit=True) as conn:
        run(conn, "DELETE FROM author WHERE id = 2")
    claim("connect_query can set hooks.opt_in for a database of pgbouncer's", calls("audit"), "1 calls, 1 rows")


def startup(folder, text):
    """A hook of startup fires once for each server connection, not for each client"""
    with connection(user="postgres", autocommit=True) as conn:
        run(conn, "TRUNCATE claims.fired")
        run(conn, "SELECT hooks.register('began', 'startup', 'session', NULL, 'claims.note_event')")
    with connection(folder, "pgbouncer", "postgres", autocommit=True) as admin:
        run(admin, "RECONNECT shop")
    seen = set()
    for _ in range(10):
        with connection(folder, "shop", autocommit=True) as conn:
            seen.add(run(conn, "SELECT pg_backend_pid()"))
    with connection(user="postgres", autocommit=True) as conn:
        run(conn, "SELECT hooks.unregister('began')")
        began = run(conn, "SELECT count(*) FROM claims.fired WHERE hook = 'began' AND pid = ANY (%s)", [list(seen)])
    claim(f"{text}: ten clients of one server connection are one start of a session", [len(seen), began], [1, 1])


direct("""
    CREATE TABLE author (id int PRIMARY KEY);
    CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE);
    CREATE INDEX ON book (author_id);
    ALTER TABLE claims.fired ADD COLUMN rows_of int;
    CREATE FUNCTION note_request() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO claims.fired (hook, op, rows, counted, rows_of, metadata, pid)
            SELECT TG_NAME, TG_OP, count(*), (SELECT count(*) FROM book b JOIN old_table o ON o.id = b.author_id),
                min(id), (hooks.context()).metadata, pg_backend_pid() FROM old_table;
        RETURN NULL;
    END $$;
    SELECT hooks.register('cascade', 'before_cascade', 'delete', 'author', 'note_request');
    SELECT hooks.register('audit', 'after', 'delete', 'author', 'claims.note', level => 'statement', activation => 'opt_in');
    SELECT hooks.register('veto', 'before_cascade', 'delete', 'author', 'claims.veto', condition => 'OLD.id = 400')""")

with bouncer("default_pool_size = 1") as pooled:
    one_connection(pooled)
    registering(pooled)
    deliveries(pooled)
    opted(pooled)
    left_behind(pooled, True)
    if preloaded:
        startup(pooled, "startup")
with bouncer("default_pool_size = 2") as pooled:
    many_clients(pooled, "8 clients, 2 connections")
with bouncer("default_pool_size = 1\nserver_reset_query = DISCARD ALL\nserver_reset_query_always = 1") as pooled:
    left_behind(pooled, False)
    if preloaded:
        startup(pooled, "DISCARD ALL")
with bouncer("default_pool_size = 2\nserver_reset_query = DISCARD ALL\nserver_reset_query_always = 1") as pooled:
    many_clients(pooled, "DISCARD ALL")
print("done")
