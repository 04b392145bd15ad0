# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A run of ringload whose record is looked at; source it after tests/assert.sh.

status=0 # of the last run
record=$SCRATCH/record.json

# What is measured in the server's kernel: the tests that are about it set this to auto or require.
probe=off

# attempt OPTION... URL: `ringload run` with the record in $record, however it ends.
attempt() {
	rm -f "$record"
	run "$RINGLOAD" run --quiet --probe "$probe" --json "$record" "$@"
}

# load OPTION... URL: the same, and it was measured. A machine that is too busy for a steady
# generator makes a run generator_limited, a small number of requests makes it too_short (exit 4 for
# both); its counts are exact all the same, and they are what these tests are about. Every other exit
# but that of a pass fails.
load() {
	attempt "$@"
	expect_measured "$*"
}

# expect_measured [WHAT]: so ended the last run, whose record is there.
expect_measured() {
	case $status in
	0) expect_record '.validity.verdict == "valid"' ;;
	4) expect_record '.validity.verdict | . == "generator_limited" or . == "too_short"' ;;
	*) fail "exit $status of: run ${1:-}" "$SCRATCH/out" "$SCRATCH/err" ;;
	esac
	expect_accounted
}

# record FILTER: a figure of the record.
record() {
	json "$record" "$1"
}

# expect_record CONDITION: what is true of it; else the counts, which mostly tell why.
expect_record() {
	jq -e "$1" "$record" >/dev/null 2>"$SCRATCH/jq" && return
	jq -c '{window, requests, outcome, status, connections, latency_ns: .latency_ns | map_values({count, p50, max}),
		validity, thresholds, warmup: .warmup.requests} | to_entries[]' "$record" >"$SCRATCH/counts"
	fail "not so: $1" "$SCRATCH/jq" "$SCRATCH/counts" "$SCRATCH/err"
}

# What holds in every record, however the server behaved, for the window and for the warm-up.
expect_accounted() {
	expect_json "$record" '.schema == "ringload.result/1" and .complete and ([., .warmup] | all(
		.[]; (.requests.scheduled == .requests.sent + ([.requests.dropped[]] | add) + .requests.unsent)
		and (.requests.sent == .requests.completed + ([.requests.failed[]] | add)
			+ .requests.timed_out + .requests.in_flight)
		and .requests.completed == ([.outcome[]] | add)
		and .requests.completed == ([.status[]] | add // 0)))'
}

# expect_all_answered COUNT STATUS: as many were scheduled, and each got this status.
expect_all_answered() {
	expect_json "$record" ".requests | .scheduled == $1 and .sent == $1 and .completed == $1"
	expect_json "$record" ".status == {\"$2\": $1}"
}
