# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the shell tests share; `source tests/assert.sh` first. tests/run gives the environment:
# RINGLOAD (the program under test), SERVERS (folder of test servers), ROOT, VARIANT and SCRATCH, an
# empty directory that is removed after the test. A test starts in ROOT and ends at the first
# failed assertion.
set -u

# Ends the test with a sentence, which is the last line, and before it, if there are any, the files
# that tell more.
fail() {
	local sentence=$1
	local file

	shift
	for file in "$@"; do
		[ ! -s "$file" ] || sed "s|^|  ${file##*/}: |" "$file"
	done
	printf 'FAILED: %s\n' "$sentence"
	exit 1
}

# Cannot run here: allowed only where tests/skips agrees.
skip() {
	printf 'skipped: %s\n' "$1"
	exit 77
}

# run COMMAND...: leaves its exit status in `status`, its output in $SCRATCH/out and $SCRATCH/err.
run() {
	"$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
	status=$?
}

# expect_status CODE: of the last run.
expect_status() {
	[ "$status" = "$1" ] || fail "exit $status, expected $1" "$SCRATCH/out" "$SCRATCH/err"
}

# expect_equal WHAT GOT WANTED
expect_equal() {
	[ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""
}

# expect_text FILE TEXT: the fixed text stands somewhere in the file.
expect_text() {
	grep -qF -- "$2" "$1" || fail "\"$2\" is not in ${1##*/}" "$1"
}

expect_no_text() {
	! grep -qF -- "$2" "$1" || fail "\"$2\" is in ${1##*/}" "$1"
}

# json FILE FILTER: a value of a JSON file.
json() {
	jq -r "$2" "$1" || fail "jq cannot read ${1##*/}" "$1"
}

# expect_json FILE CONDITION: the jq expression is true. Histograms are left out of what is shown.
expect_json() {
	jq -e "$2" "$1" >/dev/null 2>"$SCRATCH/jq" && return
	jq -r 'del(.. | .histogram?) | to_entries[] | "\(.key): \(.value | tojson)"' "$1" \
		>"$SCRATCH/${1##*/}.short" 2>&1
	fail "not so: $2" "$SCRATCH/jq" "$SCRATCH/${1##*/}.short"
}

# wait_for SECONDS COMMAND...: tries until it succeeds.
wait_for() {
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

# alive PID: the process runs; one that ended and was not collected yet does not.
alive() {
	local line

	read -r line 2>/dev/null <"/proc/$1/stat" || return 1
	[[ ${line##*) } != [ZX]* ]]
}
