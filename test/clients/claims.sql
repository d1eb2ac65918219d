-- What each client's database has: the hook extension is there already, and the
-- role "app", which owns the database, runs this.
--
-- claims.note() is the callback of most hooks: it writes down that it was
-- called, with the number of rows that it was given and, if the hook has a
-- query as its argument, what that query counts.

CREATE SCHEMA claims;
CREATE TABLE claims.fired (
	n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	hook text, phase text, op text, relation text, rows bigint, counted bigint,
	depth int, metadata jsonb, pid int);

CREATE FUNCTION claims.note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	c hooks.context := hooks.context();
	rows bigint := 1;
	counted bigint;
BEGIN
	IF TG_RELID = 'claims.fired'::regclass THEN
		RETURN coalesce(NEW, OLD);
	END IF;
	IF TG_LEVEL = 'STATEMENT' THEN
		rows := NULL;
		IF c.phase <> 'before' AND TG_OP <> 'TRUNCATE' THEN
			EXECUTE format('SELECT count(*) FROM %I', CASE TG_OP WHEN 'INSERT' THEN 'new_table' ELSE 'old_table' END) INTO rows;
		END IF;
	END IF;
	IF TG_NARGS > 0 THEN
		EXECUTE TG_ARGV[0] INTO counted;
	END IF;
	INSERT INTO claims.fired (hook, phase, op, relation, rows, counted, depth, metadata, pid)
		VALUES (TG_NAME, c.phase, TG_OP, TG_TABLE_NAME, rows, counted, c.cascade_depth, c.metadata, pg_backend_pid());
	RETURN coalesce(NEW, OLD);
END $$;

-- The same for callbacks that get an event
CREATE FUNCTION claims.note_event(event jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO claims.fired (hook, phase, op, relation, rows, metadata, pid)
		VALUES (event->>'hook', event->>'phase', event->>'action', event->>'relation',
			coalesce(jsonb_array_length(event->'new'), jsonb_array_length(event->'old'), (event->>'rows')::int), event->'metadata', pg_backend_pid())
$$;

CREATE FUNCTION claims.veto() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM hooks.cancel('not this one', 'because the hook says so', 'try another one');
END $$;

CREATE FUNCTION claims.fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'broken';
END $$;

-- How often a hook was called, with how many rows, and what it counted
CREATE FUNCTION claims.calls(hook text) RETURNS text LANGUAGE sql AS $$
	SELECT count(*) || ' calls, ' || coalesce(sum(f.rows), 0) || ' rows' || coalesce(', ' || sum(f.counted) || ' counted', '')
	  FROM claims.fired f WHERE f.hook = calls.hook
$$;

-- A check, as the line that tells of it
CREATE FUNCTION claims.line(claim text, got text, expected text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN got IS NOT DISTINCT FROM expected THEN 'ok ' || claim
		ELSE format('FAILED %s: got %s, expected %s', claim, coalesce(got, 'NULL'), coalesce(expected, 'NULL')) END
$$;
