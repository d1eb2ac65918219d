-- idle: a thousand hooks, none on the table that is measured.

CREATE EXTENSION hooks;
CREATE SCHEMA bench;
CREATE FUNCTION bench.callback_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
DO $$
BEGIN
    FOR t IN 1 .. 100 LOOP
        EXECUTE format('CREATE TABLE bench.other_%s (id integer PRIMARY KEY)', t);
        FOR h IN 1 .. 10 LOOP
            PERFORM hooks.register(format('bench_%s_%s', t, h),
                                   CASE WHEN h % 2 = 0 THEN 'after' ELSE 'before' END,
                                   'insert, update, delete',
                                   format('bench.other_%s', t)::regclass,
                                   'bench.callback_row', level => 'row');
        END LOOP;
    END LOOP;
END $$;
