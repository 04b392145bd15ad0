#!/bin/bash
# SPDX-License-Identifier: MIT
# The Makefile reads on a machine without compilers, and `make help` lists every target meant for
# people.
source tests/assert.sh

bin=$SCRATCH/bin
mkdir "$bin"
for tool in bash sh make awk find env nproc; do
	ln -s "$(command -v $tool)" "$bin/$tool"
done

run env -i PATH="$bin" make help
expect_status 0
expect_equal 'complaints' "$(cat "$SCRATCH/err")" ''
for target in all demo test test-san bench fuzz lint install clean; do
	grep -q "^  make $target  *[a-z]" "$SCRATCH/out" || fail "no help on $target" "$SCRATCH/out"
done

run make VARIANT=nonsense help
expect_status 2
expect_text "$SCRATCH/err" 'VARIANT="nonsense" is none of release, asan, tsan, cover, fuzz'
