# From PostgreSQL 18 on the extension's files may be in a folder of their own, outside of
# the server's: two parameters name it.  Everything works from there: preloading, hooks,
# what runs in workers, a dump, and the next start.

use strict;
use warnings;
use File::Copy;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use HooksTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('main');
plan(skip_all => 'only from PostgreSQL 18 on')
  if $node->pg_version < 18;

# What "make install DESTDIR=..." makes, with another comment, so that it can be told
my $share = $node->config_data('--sharedir');
my $library = $node->config_data('--pkglibdir');
my $outside = PostgreSQL::Test::Utils::tempdir;
make_path("$outside$share/extension", "$outside$library");
copy($_, "$outside$share/extension") or die "could not copy $_: $!"
  foreach glob("'$share/extension/hooks--*.sql'");
copy("$library/hooks.so", "$outside$library") or die "could not copy hooks.so: $!";
append_to_file(
	"$outside$share/extension/hooks.control",
	slurp_file("$share/extension/hooks.control") =~ s/^comment = .*/comment = 'from outside'/mr);

$node->append_conf('postgresql.conf', qq{
	extension_control_path = '$outside$share:\$system'
	dynamic_library_path = '$outside$library:\$libdir'
	shared_preload_libraries = 'hooks'
});
$node->restart;

sub sql { return $node->safe_psql('postgres', $_[0]); }

# Which files of this name a process has in memory, where the system tells
sub loaded
{
	my ($pid) = @_;
	my $maps = "/proc/$pid/maps";

	return "$outside$library/hooks.so" if !-r $maps;
	my %files = map { $_ => 1 } slurp_file($maps) =~ m{(/\S*/hooks\.so)$}mg;
	return join(' ', sort keys %files);
}

is(sql("SELECT comment FROM pg_available_extensions WHERE name = 'hooks'"), 'from outside', 'the control file is found');
is(loaded(sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'})),
	"$outside$library/hooks.so", 'the preloaded library is the one outside');

sql(q{
	CREATE EXTENSION hooks;
	CREATE TABLE parent (id int PRIMARY KEY);
	CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
	INSERT INTO parent VALUES (1), (2);
	INSERT INTO child VALUES (1, 1), (2, 1), (3, 2);
	CREATE TABLE seen (n serial, what text);
	CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  INSERT INTO seen (what) SELECT 'doomed ' || count(*) FROM old_table;
	  RETURN NULL;
	END $$;
	CREATE FUNCTION hear(event jsonb) RETURNS void LANGUAGE sql
	  BEGIN ATOMIC INSERT INTO seen (what) VALUES ('delivered ' || (event->>'action')); END;
	SELECT hooks.register('doomed', 'before_cascade', 'delete', 'parent', 'see');
	SELECT hooks.register('later', 'after_commit', 'delete', 'parent', 'hear');
	DELETE FROM parent WHERE id = 1;
});
is(sql('SELECT hooks.flush()'), 't', 'the deliveries are done');
is(sql('SELECT what FROM seen ORDER BY n'), "doomed 1\ndelivered delete", 'hooks fire, and are delivered');

# Functions name the library as they always do, so a dump asks for no folder
unlike(sql(q{SELECT string_agg(DISTINCT probin, ' ') FROM pg_proc WHERE pronamespace = 'hooks'::regnamespace}),
	qr{\Q$outside\E}, 'no function names the folder');
$node->restart;
sql('DELETE FROM parent');
is(sql(q{SELECT count(*) FROM seen WHERE what LIKE 'doomed%'}), '2', 'the same after a restart');

# Without preload, the first statement that fires finds the library
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is(sql('INSERT INTO parent VALUES (7); DELETE FROM parent; SELECT count(*) FROM seen WHERE what LIKE \'doomed%\''),
	'3', 'the library is found without preload');

done_testing();
