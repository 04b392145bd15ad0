# shellcheck shell=bash disable=SC2034,SC2154,SC2016 # used by the tests; set by load.sh; jq has variables too
# SPDX-License-Identifier: MIT
#
# A search for the breaking point whose record is looked at; source it after tests/load.sh.

search_record=$SCRATCH/search.json

# search OPTION... URL: `ringload breakpoint` with its record in $search_record, however it ends.
search() {
	rm -f "$search_record"
	run "$RINGLOAD" breakpoint --probe "$probe" --json "$search_record" "$@"
}

# expect_search CONDITION: what is true of the last record; else the trials, which mostly tell why.
expect_search() {
	jq -e "$1" "$search_record" >/dev/null 2>"$SCRATCH/jq" && return
	jq -c '{answer, goal, elapsed_s, interrupted, notes, trials: [.trials[] | {stage, rps, duration_s, verdict, reason}]}
		| to_entries[]' "$search_record" >"$SCRATCH/trials" 2>&1
	fail "not so: $1" "$SCRATCH/jq" "$SCRATCH/trials" "$SCRATCH/err"
}

# expect_answer CODE KIND: how the last search ended, and what holds in every record.
expect_answer() {
	expect_status "$1"
	expect_search ".answer.kind == \"$2\""
	expect_sound
}

# What holds in every record, however the search ended.
expect_sound() {
	expect_search '.schema == "ringload.search/1" and .complete and (.answer.sentence | length) > 0'
	expect_search '[.trials[].index] == [range(.trials | length)] and (.trials | length) > 0'
	expect_search 'all(.trials[]; .result.schema == "ringload.result/1" and .result.complete)'
	expect_search 'all(.trials[]; (.result.rate.asked_rps - .rps) | fabs < 0.01)'
	# Bounds rest on trials of their load, and safe is a share of the lower one.
	expect_search '. as $r | all(.answer.lower_trials[]; $r.trials[.].rps == $r.answer.lower_rps)'
	expect_search '. as $r | all(.answer.upper_trials[]; $r.trials[.].rps == $r.answer.upper_rps)'
	expect_search '.answer | if .lower_rps then (.safe_rps / .lower_rps - 0.75) | fabs < 0.001
		else .safe_rps == null end'
	# The probe looks neither at what narrows nor at what a bound rests on: others explain.
	expect_search 'all(.trials[]; (.stage != "narrow" and .stage != "confirm") or .result.kernel.status != "measured")'
	expect_search '. as $r | all((.answer.lower_trials + .answer.upper_trials)[]; $r.trials[.].stage != "explain")'
	# What more concurrency would give is said near what was tried, or not at all.
	expect_search '.usl | (.sentence | length) > 0 and if .status == "fitted"
		then .lambda_rps > 0 and .sigma >= 0 and .sigma <= 1 and .kappa >= 0 and .error <= 0.15 and
			([.levels[].rps] | max * 1.11) as $most | (.peak_rps // 0) <= $most and (.doubled_rps // 0) <= $most
		else .lambda_rps == null and .doubled_rps == null end'
	expect_search '.answer | .lower_rps == null or .upper_rps == null or
		(.lower_rps < .upper_rps and (.width - (1 - .lower_rps / .upper_rps) | fabs) < 0.001)'
}

# found OPTION... URL: searches until an interval is found, at most `width` wide. A machine that is too
# busy for a steady generator, or is taken from the server, ends a search in the generator's limit, or
# undecided, or leaves the interval wide; that is right, and tells nothing here. False when it was always so.
width=1
found() {
	local tries=3

	while :; do
		search "$@"
		expect_sound
		if [ "$status" = 0 ]; then
			expect_answer 0 found
			jq -e ".answer.width <= $width" "$search_record" >/dev/null && return
			status=4
		fi
		[ "$status" = 4 ] || break
		[ $((--tries)) -gt 0 ] || break
	done
	expect_status 4
	expect_search 'any(.trials[]; .verdict == "generator" or .verdict == "void")'
	echo "the machine is too busy for a search: $*"
	return 1
}
