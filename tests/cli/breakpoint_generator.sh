#!/bin/bash
# SPDX-License-Identifier: MIT
# ringload itself may use a fifth of a CPU: the search ends in the generator's own limit, and says
# nothing of the server.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/search.sh
source tests/quota.sh

serve --seed 1
throttled() {
	echo "$BASHPID" >"$group/cgroup.procs"
	exec "$RINGLOAD" "$@"
}
rm -f "$search_record"
(throttled breakpoint --probe "$probe" --budget 15s --json "$search_record" "$url/") \
	>"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
status=$?
expect_answer 4 generator_limit
expect_search 'any(.trials[]; .verdict == "generator") and all(.trials[]; .verdict != "fail")'
expect_search '.answer.upper_rps == null'
expect_text "$SCRATCH/out" "this generator's own limit"
expect_text "$SCRATCH/err" 'the generator could not follow'
