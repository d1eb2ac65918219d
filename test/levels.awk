# test/levels.awk: compares what an isolation spec printed under REPEATABLE READ
# or SERIALIZABLE with what it prints under READ COMMITTED.
#
#   awk -v spec=NAME -f test/levels.awk EXPECTED RESULT
#
# A permutation may end differently only in that PostgreSQL refuses a step with
# 40001, and then in what follows from that, errors included.  Without it no error
# may be new.  The first permutation of the spec cascade_meet has to be refused so:
# else the run was under another level, and this would test nothing.
#
# The spec preview_beside_writes looks twice in one transaction, and under these
# levels sees the same again: there rows may differ without an error.
#
# Prints what is wrong, and ends with status 1, or the number of permutations that
# were refused.

# which of the two it is
FNR == 1 { file++ }

/^starting permutation: / {
	n[file]++
	name[file, n[file]] = $0
	next
}

{
	text[file, n[file] + 0] = text[file, n[file] + 0] "\n" $0
	if ($0 ~ /ERROR: /) {
		sub(/^.*ERROR: */, "")
		if (file == 1)
			known[n[file] + 0, $0]++
		else if (/^could not serialize access/)
			refused[n[file] + 0] = 1
		else if (--known[n[file] + 0, $0] < 0 && !refused[n[file] + 0])
			wrong("a new error, \"" $0 "\", in " name[2, n[file]])
	}
}

function wrong(what)
{
	print spec ": " what
	failed = 1
}

END {
	if (n[1] == 0 || n[1] != n[2])
		wrong(n[2] + 0 " permutations instead of " n[1] + 0)
	for (i = 0; i <= n[1]; i++) {
		if (name[1, i] != name[2, i])
			wrong("another permutation: " name[2, i])
		if (text[1, i] != text[2, i] && !refused[i] && spec != "preview_beside_writes")
			wrong("it ends differently, and not with 40001: " name[1, i])
		count += refused[i]
	}
	if (spec == "cascade_meet" && !refused[1])
		wrong("two deletes that meet are not refused")
	if (failed)
		exit 1
	print count + 0
}
