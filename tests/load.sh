# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A run of ringload whose record is looked at; source it after tests/assert.sh.

status=0 # of the last run
record=$SCRATCH/record.json

# load OPTION... URL: `ringload run` with the record in $record. A short run is too_short and a busy
# machine makes one generator_limited (exit 4); the counts are exact all the same, and they are what
# these tests are about. Every other exit but that of a pass fails.
load() {
	rm -f "$record"
	run "$RINGLOAD" run --quiet --json "$record" "$@"
	case $status in
	0) ;;
	4) expect_json "$record" '.validity.verdict | . == "generator_limited" or . == "too_short"' ;;
	*) fail "exit $status of: run $*" "$SCRATCH/out" "$SCRATCH/err" ;;
	esac
	expect_accounted
}

# What holds in every record, however the server behaved.
expect_accounted() {
	expect_json "$record" '.schema == "ringload.result/1" and .complete'
	local block
	for block in . .warmup; do
		expect_json "$record" "$block"' | .requests | .scheduled
			== .sent + ([.dropped[]] | add) + .unsent'
		expect_json "$record" "$block"' | .requests | .sent
			== .completed + ([.failed[]] | add) + .timed_out + .in_flight'
		expect_json "$record" "$block"' | .requests.completed == ([.outcome[]] | add)'
		expect_json "$record" "$block"' | .requests.completed == ([.status[]] | add // 0)'
	done
}

# expect_all_answered COUNT STATUS: as many were scheduled, and each got this status.
expect_all_answered() {
	expect_json "$record" ".requests | .scheduled == $1 and .sent == $1 and .completed == $1"
	expect_json "$record" ".status == {\"$2\": $1}"
}
