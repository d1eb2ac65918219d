#!/usr/bin/env bash
#
# What the clients in bash share.

# sql [options of psql] -c '...': as the superuser, results only
sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 -U postgres "$@"
}

# claim 'text' got expected: a check, as the line that tells of it
claim()
{
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "FAILED $1: got ${2//$'\n'/ | }, expected ${3//$'\n'/ | }" | cut -c 1-2000
	fi
}

# poll 'query': until it says t
poll()
{
	local try

	for try in {1..600}; do
		[ "$(sql -c "$1")" = t ] && return
		sleep 0.1
	done
	echo "FAILED after $try tries: $1"
	return 1
}
