# What the TAP tests share.

package HooksTest;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;

our @EXPORT = qw(init_node start_node sqlstate connection_to ask);

# Who ends a test ends its servers, too
$SIG{INT} = $SIG{TERM} = sub { exit 1; };

# The superuser of all servers, whoever runs the tests
$ENV{PGUSER} = 'postgres';

# init_node(node, ...): init() of a node, with that superuser
sub init_node
{
	my ($node, %params) = @_;
	my $extra = delete $params{extra} // [];

	$node->init(extra => [ '-U', $ENV{PGUSER}, @$extra ], %params);
	return;
}

# start_node(name, conf => 'lines of postgresql.conf', ...): a server that runs; the
# rest goes to init()
sub start_node
{
	my ($name, %params) = @_;
	my $conf = delete $params{conf};
	my $node = PostgreSQL::Test::Cluster->new($name);

	init_node($node, %params);
	$node->append_conf('postgresql.conf', $conf) if defined $conf;
	$node->start;
	return $node;
}

# The SQLSTATE of the error that a statement ends with, or "none"
sub sqlstate
{
	my ($node, $database, $statement) = @_;
	my (undef, undef, $err) = $node->psql($database, "\\set VERBOSITY sqlstate\n$statement");

	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : 'none';
}

# ask(node, database, statement): psql() of a server that may be down, or end meanwhile;
# a psql that has gone before it has read the statement is an exception otherwise
sub ask
{
	my ($node, $database, $statement) = @_;
	my @answer = eval { $node->psql($database, $statement) };

	return @answer ? @answer : (2, '', $@);
}

# Where a database is, as a string constant of SQL has it
sub connection_to
{
	my ($node, $database) = @_;

	return $node->connstr($database) =~ s/'/''/gr;
}

1;
