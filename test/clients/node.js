// node-postgres: a pool, prepared statements, errors, LISTEN.

'use strict';

const { Client, Pool } = require('pg');

function claim(text, got, expected) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  console.log(a === b ? `ok ${text}` : `FAILED ${text}: got ${a}, expected ${b}`);
}

const pool = new Pool({ max: 4 });

async function rows(text, values) {
  return (await pool.query(text, values)).rows;
}

async function value(text, values) {
  return Object.values((await rows(text, values))[0])[0];
}

// Runs work in a transaction of one client of the pool
async function transaction(work) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

// What a promise is rejected with
async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return {};
}

// Waits until something is true, or for half a minute
async function until(condition) {
  for (let i = 0; i < 3000 && !await condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function fill() {
  await pool.query(`
    TRUNCATE claims.fired, author, book;
    INSERT INTO author SELECT i, 'a' || i FROM generate_series(1, 200) i;
    INSERT INTO book SELECT i, (i + 2) / 3 FROM generate_series(1, 600) i`);
}

async function pooled() {
  await fill();
  const ids = Array.from({ length: 200 }, (_, i) => i + 1);
  await Promise.all(ids.map((id) => transaction(async (client) => {
    await client.query("SELECT set_config('hooks.metadata', $1, true)", [JSON.stringify({ request: id })]);
    await client.query('DELETE FROM author WHERE id = $1', [id]);
  })));
  claim('pool: 200 transactions at a time are 200 firings, dependents there',
    await value("SELECT claims.calls('cascade')"), '200 calls, 200 rows, 600 counted');
  claim('pool: each firing knows the metadata of its own transaction',
    await value(`SELECT count(DISTINCT (metadata->>'request')::int)::int FROM claims.fired WHERE hook = 'cascade'`), 200);
  claim('pool: and came by one of its connections',
    await value(`SELECT count(DISTINCT pid) <= 4 FROM claims.fired WHERE hook = 'cascade'`), true);

  const client = await pool.connect();
  claim('pool: a transaction leaves no metadata on its connection',
    (await client.query("SELECT current_setting('hooks.metadata', true) AS m")).rows[0].m || '', '');
  client.release();
}

// What a client leaves on the connection of a pool that has one
async function shared() {
  await fill();
  const one = new Pool({ max: 1 });
  const request = async (id) => {
    await one.query('DELETE FROM author WHERE id = $1', [id]);
    return value(`SELECT metadata->>'request' FROM claims.fired WHERE hook = 'cascade' ORDER BY n DESC LIMIT 1`);
  };
  await one.query(`SET hooks.metadata = '{"request": "before"}'`);
  claim('pool: SET stays for whoever has the connection next', await request(1), 'before');
  await one.query('DISCARD ALL');
  claim('pool: until DISCARD ALL', await request(2), null);
  claim('pool: after which hooks fire as before', await value("SELECT claims.calls('cascade')"), '2 calls, 2 rows, 6 counted');
  await one.end();
}

async function prepared() {
  await fill();
  const client = await pool.connect();
  const remove = (id) => client.query({ name: 'remove', text: 'DELETE FROM author WHERE id = $1', values: [id] });
  const fired = async () => value("SELECT claims.calls('cascade')");

  // After five runs PostgreSQL keeps one plan
  for (let id = 1; id <= 20; id++) await remove(id);
  claim('a prepared statement fires each time', await fired(), '20 calls, 20 rows, 60 counted');
  await pool.query("SELECT hooks.disable('cascade')");
  await remove(21);
  claim('it does not while the hook is disabled by another session', await fired(), '20 calls, 20 rows, 60 counted');
  await pool.query("SELECT hooks.enable('cascade')");
  await remove(22);
  claim('it does when it is enabled', await fired(), '21 calls, 21 rows, 63 counted');
  await pool.query("SELECT hooks.register('second', 'before_cascade', 'delete', 'author', 'claims.note')");
  await remove(23);
  claim('a hook that is registered after it was prepared fires', await value("SELECT claims.calls('second')"), '1 calls, 1 rows');
  await pool.query("SELECT hooks.unregister('second')");
  await remove(24);
  claim('and does not when it is unregistered', await value("SELECT claims.calls('second')"), '1 calls, 1 rows');
  await pool.query('ALTER TABLE author ADD COLUMN added int');
  await remove(25);
  claim('it goes on when the table has a new column', await fired(), '24 calls, 24 rows, 72 counted');
  const result = await client.query({ name: 'several', text: 'DELETE FROM author WHERE id = ANY ($1) RETURNING id', values: [[26, 27, 28]] });
  claim('an array is one firing with all of its rows',
    [result.rowCount, await fired()], [3, '25 calls, 27 rows, 81 counted']);
  await pool.query('ALTER TABLE author DROP COLUMN added');
  client.release();
}

async function errors() {
  await fill();
  await pool.query("SELECT hooks.register('veto', 'before_cascade', 'delete', 'author', 'claims.veto', condition => 'OLD.id = 7')");
  const error = await errorOf(transaction((client) => client.query('DELETE FROM author WHERE id < 10')));
  claim('a veto is a DatabaseError with all that the hook said',
    [error.code, error.message, error.detail, error.hint, error.schema, error.table],
    ['KH001', 'not this one', 'because the hook says so', 'try another one', 'public', 'author']);
  claim('it has taken the statement back', await value('SELECT count(*)::int FROM author WHERE id < 10'), 9);
  claim('and the firings before it', await value("SELECT claims.calls('cascade')"), '0 calls, 0 rows');
  await transaction(async (client) => {
    await client.query('DELETE FROM author WHERE id = 1');
    await client.query('SAVEPOINT s');
    await errorOf(client.query('DELETE FROM author WHERE id = 7'));
    await client.query('ROLLBACK TO s');
    await client.query('DELETE FROM author WHERE id = 2');
  });
  claim('ROLLBACK TO a savepoint takes back the veto only', await value("SELECT claims.calls('cascade')"), '2 calls, 2 rows, 6 counted');
  await pool.query("SELECT hooks.unregister('veto')");

  await pool.query("SELECT hooks.register('broken', 'after', 'delete', 'author', 'claims.fail', level => 'statement', on_error => 'isolate')");
  const client = await pool.connect();
  const notices = [];
  client.on('notice', (notice) => notices.push(notice.severity));
  await client.query('DELETE FROM author WHERE id = 3');
  client.removeAllListeners('notice');
  client.release();
  claim('an isolated failure is an event "notice" of the client', notices, ['WARNING']);
  await pool.query("SELECT hooks.unregister('broken')");
}

async function listen() {
  await fill();
  await pool.query(`SELECT hooks.register('told', 'after', 'insert, delete', 'book', 'hooks.notify', level => 'statement', arguments => '{books}')`);
  const listener = new Client();
  const heard = [];
  await listener.connect();
  listener.on('notification', (message) => heard.push(JSON.parse(message.payload)));
  await listener.query('LISTEN books');

  await pool.query('DELETE FROM book WHERE id IN (1, 2)');
  await errorOf(transaction(async (client) => {
    await client.query('DELETE FROM book WHERE id = 3');
    throw new Error('back');
  }));
  await transaction(async (client) => {
    await client.query("SET LOCAL hooks.metadata = '{\"request\": 9}'");
    await client.query('DELETE FROM author WHERE id = 2');
    await client.query('INSERT INTO book VALUES (1001, 3), (1002, 3), (1003, 3)');
  });
  await pool.query("INSERT INTO book SELECT i, 3 FROM generate_series(2001, 4000) i");
  await until(() => heard.length >= 4);
  claim('LISTEN: one notification for each statement that commits, in order',
    heard.map((event) => [event.action, event.truncated ? event.rows : (event.new || event.old).length]),
    [['delete', 2], ['delete', 3], ['insert', 3], ['insert', 2000]]);
  claim('LISTEN: the rows are JSON', heard[0].old.map((row) => row.id), [1, 2]);
  claim('LISTEN: with the metadata of their transaction', heard.map((event) => (event.metadata || {}).request || 0), [0, 9, 9, 0]);
  claim('LISTEN: too many rows are truncated, with their keys', [heard[3].truncated, heard[3].keys[0].id], [true, 2001]);

  // Many at a time: none is lost
  heard.length = 0;
  await Promise.all(Array.from({ length: 100 }, (_, i) => pool.query('INSERT INTO book VALUES ($1, 3)', [5000 + i])));
  await until(() => heard.length >= 100);
  claim('LISTEN: 100 commits at a time are 100 notifications',
    [heard.length, new Set(heard.map((event) => event.new[0].id)).size], [100, 100]);
  await listener.end();
  await pool.query("SELECT hooks.unregister('told')");
}

async function deliveries() {
  await fill();
  await pool.query("SELECT hooks.register('later', 'after_commit', 'delete', 'author', 'claims.note_event')");
  await Promise.all(Array.from({ length: 50 }, (_, i) => transaction(async (client) => {
    await client.query('DELETE FROM author WHERE id = $1', [i + 1]);
    if (i % 5 === 0) throw new Error('back');
  }).catch(() => null)));
  await pool.query('SELECT hooks.flush()');
  claim('after_commit: as many deliveries as commits', await value("SELECT claims.calls('later')"), '40 calls, 40 rows');
  await pool.query("SELECT hooks.unregister('later')");
}

// node-postgres gives bigint as a string
async function restore() {
  await fill();
  await pool.query("SELECT hooks.register('bin', 'before_cascade', 'delete', 'author', 'hooks.keep')");
  await pool.query('DELETE FROM author WHERE id = $1', [5]);
  const [kept] = await rows('SELECT kept_id, rows FROM hooks.kept');
  const restored = await value('SELECT hooks.restore($1)', [kept.kept_id]);
  claim('hooks.restore() puts back what hooks.keep kept', [kept.rows, restored], ['4', '4']);
  claim('the rows are there again', await value('SELECT count(*)::int FROM book WHERE author_id = 5'), 3);
}

async function main() {
  await pool.query(`
    CREATE TABLE author (id int PRIMARY KEY, name text);
    CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author ON DELETE CASCADE);
    CREATE INDEX ON book (author_id)`);
  await pool.query("SELECT hooks.register('cascade', 'before_cascade', 'delete', 'author', 'claims.note', arguments => ARRAY[$1])",
    ['SELECT count(*) FROM book b JOIN old_table o ON o.id = b.author_id']);
  for (const part of [pooled, shared, prepared, errors, listen, deliveries, restore]) await part();
  await pool.end();
  console.log('done');
}

main().catch((error) => {
  console.log(error);
  process.exit(1);
});
