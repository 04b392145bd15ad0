#!/bin/bash
# SPDX-License-Identifier: MIT
# make install copies a program that runs, with its man page; make uninstall takes all of it away.
source tests/assert.sh

tree=$SCRATCH/tree
run make VARIANT="$VARIANT" install PREFIX=/opt/load "DESTDIR=$tree"
expect_status 0
run "$tree/opt/load/bin/ringload" --version
expect_status 0
expect_text "$SCRATCH/out" ringload
page=$tree/opt/load/share/man/man1/ringload.1
grep -q '^\.TH ' "$page" || fail 'the man page is none' "$page"
expect_text "$page" threshold

run make VARIANT="$VARIANT" uninstall PREFIX=/opt/load "DESTDIR=$tree"
expect_status 0
expect_equal 'files left' "$(find "$tree" -type f)" ''
