# shellcheck shell=bash disable=SC2034,SC2154 # used by the tests; set by serve
# SPDX-License-Identifier: MIT
#
# A load that came as it was asked for. On a machine that is busy otherwise the generator may stand
# still, and what it sends after that comes in a heap: a target of a known capacity then answers
# another question. Source it after tests/serving.sh.

# steady OPTION... PATH: loads a target of its own with `load`, again when the generator was limited,
# and again. False when it always was: then only those bounds can be judged that a heap does not move.
# The options of the target are in `target`.
target=()
steady() {
	local tries=3

	while :; do
		serve --seed 1 "${target[@]}"
		load "${@:1:$#-1}" "$url${*: -1}"
		[ "$(record .validity.verdict)" = generator_limited ] || return 0
		[ $((--tries)) -gt 0 ] || break
		stop "$server"
	done
	echo "the machine is too busy for a steady load: $*"
	return 1
}
