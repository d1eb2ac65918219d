# Makes a previous version of the extension, 0.9, for the test of ALTER EXTENSION
# ... UPDATE: what 1.0 has, without what is new in it.
#
#	awk -v folder=FOLDER -f test/extension/previous.awk hooks--1.0.sql
#
# writes hooks--0.9.sql and hooks--0.9--1.0.sql into a folder, which for the test
# is the server's: "$(pg_config --sharedir)/extension".
#
# Each paragraph of the script goes into one of the two, so that 0.9 and its
# update are together what 1.0 is.

BEGIN {
	RS = ""
	ORS = "\n\n"
	new = "hooks\\.(repair|registry_changed|not_replicated|ddl_command_start|sql_drop|ddl_command_end)\\(|EVENT TRIGGER hooks_"
	previous = folder "/hooks--0.9.sql"
	update = folder "/hooks--0.9--1.0.sql"
	print "\\echo Use \"ALTER EXTENSION hooks UPDATE\" to load this file. \\quit" >update
}

{ print >($0 ~ new ? update : previous) }
