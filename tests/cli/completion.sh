#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034 # COMP_ variables are read by the completion
# Completion in bash: commands, options, and the words an option takes.
source tests/assert.sh
source tools/completion/ringload.bash

# completes WORD... -> sorted candidates of the last word
candidates() {
	COMP_WORDS=("$RINGLOAD" "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_ringload
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}

expect_equal 'commands' "$(candidates '')" '--help --version breakpoint calibrate demo doctor help lab probe run serve version'
expect_equal 'a command' "$(candidates ru)" 'run'
expect_equal 'an option' "$(candidates run --conn)" '--connect-rate --connect-to --connections'
expect_equal 'a flag' "$(candidates run -c 5 --qui)" '--quiet'
expect_equal 'words' "$(candidates run --pacing '')" 'auto sleep spin'
expect_equal 'a word' "$(candidates run --arrival p)" 'poisson'
expect_equal 'a topic' "$(candidates help se)" 'serve'
touch "$SCRATCH/body.bin"
expect_equal 'a file' "$(candidates run --body-file "$SCRATCH/bo")" "$SCRATCH/body.bin"

# Every option the help of run lists is offered.
for option in $("$RINGLOAD" run --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
	grep -qw -- "$option" <<<"$(candidates run --)" || fail "$option is not offered"
done
