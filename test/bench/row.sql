-- row, ten: a table to insert into, and the least that a callback can do.

CREATE TABLE bench.row_target (id integer, payload text);

CREATE FUNCTION bench.callback_row() RETURNS trigger
    LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;

-- Ten of the same, as hooks or as plain triggers.
CREATE FUNCTION bench.ten_hooks() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        PERFORM hooks.register('bench_' || i, 'before', 'insert',
                               'bench.row_target', 'bench.callback_row',
                               level => 'row');
    END LOOP;
END $$;

CREATE FUNCTION bench.ten_triggers() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT ON bench.row_target
                            FOR EACH ROW EXECUTE FUNCTION bench.callback_row()',
                       'bench_' || i);
    END LOOP;
END $$;
