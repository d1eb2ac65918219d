-- ALTER INDEX ... ATTACH PARTITION, as pg_dump writes it, of tables with hooks.
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA indexes;
SET search_path = indexes;
CREATE FUNCTION cb() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TABLE part (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);
SELECT hooks.register('h', 'before_cascade', 'delete', 'part', 'cb');
ALTER TABLE ONLY part ADD CONSTRAINT part_pkey PRIMARY KEY (id);
ALTER TABLE part1 ADD CONSTRAINT part1_pkey PRIMARY KEY (id);
ALTER INDEX part_pkey ATTACH PARTITION part1_pkey;
SELECT indisvalid FROM pg_index WHERE indexrelid = 'part_pkey'::regclass;
SET client_min_messages = warning;
DROP SCHEMA indexes CASCADE;
