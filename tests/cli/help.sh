#!/bin/bash
# SPDX-License-Identifier: MIT
# Help, version and manual.
source tests/assert.sh

help_of() {
	run "$RINGLOAD" "$@"
	expect_status 0
	expect_equal "diagnostics of \"$*\"" "$(cat "$SCRATCH/err")" ''
}

help_of --help
expect_text "$SCRATCH/out" 'Usage: ringload COMMAND'
cp "$SCRATCH/out" "$SCRATCH/overview"
help_of help
cmp "$SCRATCH/out" "$SCRATCH/overview" || fail 'help and --help differ'

# Every command that the overview lists explains itself, in two ways that agree.
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$SCRATCH/overview")
[ "$(wc -w <<<"$commands")" -ge 6 ] || fail 'the overview lists too few commands' "$SCRATCH/overview"
for command in $commands; do
	help_of "$command" --help
	expect_text "$SCRATCH/out" "Usage: ringload $command"
	cp "$SCRATCH/out" "$SCRATCH/$command"
	help_of help "$command"
	cmp "$SCRATCH/out" "$SCRATCH/$command" || fail "help $command and $command --help differ"
done

# Asking for help wins over what is missing.
help_of run -c 5 --help
expect_text "$SCRATCH/out" '-c, --connections N'

help_of --version
grep -qE '^ringload [0-9]+\.[0-9]+\.[0-9]+$' "$SCRATCH/out" || fail 'no version' "$SCRATCH/out"
version=$(cat "$SCRATCH/out")
help_of version
expect_equal 'version' "$(cat "$SCRATCH/out")" "$version"

# The man page is written when it is installed.
help_of help --man
expect_equal "first line" "$(sed -n 3p "$SCRATCH/out" | cut -c1-15)" ".TH RINGLOAD 1 "

# A full disk is told of.
"$RINGLOAD" --help >/dev/full 2>"$SCRATCH/err"
expect_equal 'exit code with a full disk' $? 3
expect_text "$SCRATCH/err" 'No space left on device'
