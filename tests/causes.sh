# shellcheck shell=bash disable=SC2034,SC2154 # used by the tests; set by load.sh and search.sh
# SPDX-License-Identifier: MIT
#
# A server that is known to give way in one manner, and what a ladder that goes over that says. Source
# it after tests/assert.sh and load.sh.
source tests/serving.sh
source tests/kernel.sh
source tests/search.sh

# On a machine that others use too they are what gives way, and rightly named. So generator and server
# go before everybody else, the generator first, where that is allowed.
ahead() {
	chrt -f "$1" true 2>/dev/null && echo "chrt -f $1"
}
first=$(ahead 2)
second=$(ahead 1)

# search OPTION... URL: as in search.sh, with every request followed. What is asked is what gave way, and
# not how exact the generator is: stalls of the machine may delay what is sent.
search() {
	rm -f "$search_record"
	# shellcheck disable=SC2086 # words
	run $first "$RINGLOAD" breakpoint --quiet --probe "$probe" ${follow---probe-sample 1/1} \
		--pacing sleep --max-send-lag 50ms --json "$search_record" "$@"
}

# before_others PID: a server goes before everybody but the generator.
before_others() {
	[ -z "$second" ] || chrt -f -a -p 1 "$1" || fail 'the server cannot go before others'
}

# is_named KEY [CONDITION]: the last search found an interval, and this gave way first. The condition is
# about the cause.
is_named() {
	jq -e ".answer.kind == \"found\" and .causes[0].key == \"$1\" and (.causes[0].sign | not) and
		.causes[0].strength > 0 and (.causes[0].advice | length) > 0 and
		(.causes[0] | ${2:-true})" "$search_record" >/dev/null 2>"$SCRATCH/jq"
}

expect_named() {
	is_named "$@" && return
	jq -r '(.trials[] | "\(.stage) \(.rps)/s for \(.duration_s) s: \(.verdict) \(.reason)"),
		(.causes[] | "\(.key) \(.strength) \(.sentence)"), .unknown[]' "$search_record" >"$SCRATCH/causes" 2>&1
	fail "it is not $1 that gave way first${2:+, with $2}" "$SCRATCH/jq" "$SCRATCH/causes"
}

# says TEXT: a jq condition: the sentence matches.
says() {
	echo "(.sentence | test(\"$1\"))"
}
