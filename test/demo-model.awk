# demo-model.awk: the data of test/demo, and what must be true after each step.
#
# Knows nothing of PostgreSQL.  It makes up the data map, writes it as files for
# COPY, then deletes systems in a model of its own and writes what must be left:
#
#	<dir>/load.<table>		the rows of a table
#	<dir>/stewards.<step>	the steward rows that are left, "user monitor source"
#	<dir>/monitors.<step>	who may see what then, "user monitor"
#	<dir>/pairs.<step>		the pairs that the step takes a steward row from
#	<dir>/expect			numbers, as assignments for the shell
#
# Usage: awk -v dir=... -f demo-model.awk

# A generator of our own: rand() differs between awks.
function random(n) {
	seed = (seed * 16807) % 2147483647
	return seed % n
}

function user_name(u) { return sprintf("user_%03d", u) }
function system_name(s) { return sprintf("system_%04d", s) }
function monitor_name(m) { return sprintf("monitor_%05d", m) }

# An assignment to be read by the shell
function expect(name, value) {
	printf "%s='%s'\n", name, value > (dir "/expect")
}

# source is a system's number, or "" for a steward that was named by hand
function add_steward(u, m, source) {
	steward_user[rows] = u
	steward_monitor[rows] = m
	steward_source[rows] = source
	rows++
	printf "%s\t%s\t%s\n", user_name(u), monitor_name(m),
		(source == "" ? "\\N" : system_name(source)) > (dir "/load.monitorsteward")
	if (!((u, m) in held))
		first_row_of_pair[pairs++] = rows - 1
	held[u, m]++
}

# Writes what is left, and counts it.
function report(step,    i, u, m, n, left) {
	n = 0
	for (i = 0; i < rows; i++) {
		if (steward_gone[i])
			continue
		n++
		print user_name(steward_user[i]), monitor_name(steward_monitor[i]),
			(steward_source[i] == "" ? "-" : system_name(steward_source[i])) > (dir "/stewards." step)
	}
	left = 0
	for (i = 0; i < pairs; i++) {
		u = steward_user[first_row_of_pair[i]]
		m = steward_monitor[first_row_of_pair[i]]
		if (held[u, m] > 0) {
			left++
			print user_name(u), monitor_name(m) > (dir "/monitors." step)
		}
	}
	close(dir "/stewards." step)
	close(dir "/monitors." step)
	expect("systems_" step, systems)
	expect("managers_" step, systems * MANAGERS)
	expect("links_" step, systems)
	expect("stewards_" step, n)
	expect("monitors_" step, left)
	expect("stale_" step, pairs - left)
}

# Deletes the systems marked in doomed[] from the model.
function delete_doomed(step,    i, s, u, m, n, seen, lost, pair, deleted) {
	deleted = 0
	for (s = 0; s < SYSTEMS; s++)
		if (doomed[s] && !gone[s]) {
			gone[s] = 1
			deleted++
		}
	systems -= deleted
	n = 0
	for (i = 0; i < rows; i++) {
		if (steward_gone[i] || steward_source[i] == "" || !gone[steward_source[i]])
			continue
		steward_gone[i] = 1
		n++
		u = steward_user[i]
		m = steward_monitor[i]
		held[u, m]--
		pair = user_name(u) " " monitor_name(m)
		if (!(pair in seen)) {
			seen[pair] = 1
			print pair > (dir "/pairs." step)
		}
	}
	close(dir "/pairs." step)
	for (pair in seen)
		lost++
	expect("deleted_" step, deleted)
	expect("cascaded_" step, n)
	expect("pairs_" step, lost + 0)
	report(step)
	split("", doomed)
}

# The steps of the story ask for all systems of a vendor.
function doom_vendor(name, but_protected,    s) {
	for (s = 0; s < SYSTEMS; s++)
		if (vendor_of[s] == name && !(but_protected && protected[s]))
			doomed[s] = 1
}

BEGIN {
	rows = pairs = 0
	SYSTEMS = 2000
	MONITORS = 20000
	USERS = 400
	MANAGERS = 2
	seed = 20250704

	split("umbrella hooli acme stark wayne tyrell globex wonka initech cyberdyne", vendors, " ")
	systems = SYSTEMS
	for (s = 0; s < SYSTEMS; s++) {
		vendor_of[s] = vendors[1 + s % 10]
		protected[s] = s % 250 == 8
		printf "%s\t%s\t%s\n", system_name(s), vendor_of[s],
			(protected[s] ? "t" : "f") > (dir "/load.ctl_systems")
		printf "%s\tconnection_%04d\n", system_name(s), s > (dir "/load.system_connection_config_link")
	}
	for (u = 0; u < USERS; u++)
		printf "%s\n", user_name(u) > (dir "/load.fidesuser")
	for (s = 0; s < SYSTEMS; s++) {
		a = random(USERS)
		b = (a + 1 + random(USERS - 1)) % USERS
		printf "%s\t%s\n%s\t%s\n", user_name(a), system_name(s),
			user_name(b), system_name(s) > (dir "/load.systemmanager")
	}

	# Ten monitors a system, three steward rows a monitor.  Two come from the
	# monitor's own system.  The third makes it interesting: it may keep one of
	# the two users a steward although the system goes.
	for (m = 0; m < MONITORS; m++) {
		s = int(m / 10)
		printf "%s\tconnection_%04d\n", monitor_name(m), s > (dir "/load.monitorconfig")
		a = random(USERS)
		b = (a + 1 + random(USERS - 1)) % USERS
		c = random(USERS)
		other = (s + 1 + random(SYSTEMS - 1)) % SYSTEMS
		add_steward(a, m, s)
		add_steward(b, m, s)
		kind = random(4)
		if (kind == 0)
			add_steward(a, m, "")
		else if (kind == 1)
			add_steward(c, m, "")
		else if (kind == 2)
			add_steward(a, m, other)
		else
			add_steward(c, m, other)
	}
	for (i = 0; i < pairs; i++) {
		u = steward_user[first_row_of_pair[i]]
		m = monitor_name(steward_monitor[first_row_of_pair[i]])
		sees[u] = sees[u] (sees[u] == "" ? "" : ",") m
	}
	for (u = 0; u < USERS; u++)
		printf "client_%03d\t%s\t{%s}\n", u, user_name(u), sees[u] > (dir "/load.client")

	expect("users", USERS)
	expect("monitorconfigs", MONITORS)
	report("start")
	doomed[40] = 1
	delete_doomed("single")
	doom_vendor("acme", 0)
	delete_doomed("bulk")
	doom_vendor("globex", 0)
	delete_doomed("broken")
	doom_vendor("initech", 1)
	protected_left = 0
	for (s = 0; s < SYSTEMS; s++)
		if (vendor_of[s] == "initech" && !doomed[s])
			protected_left++
	expect("protected", protected_left)
	delete_doomed("allowed")
	doomed[41] = 1
	expect("kept_managers", MANAGERS)
	delete_doomed("kept")
	doom_vendor("hooli", 0)
	delete_doomed("later")
}
