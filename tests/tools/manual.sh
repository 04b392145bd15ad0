#!/bin/bash
# SPDX-License-Identifier: MIT
# docs/command-line.md is what the program says of itself (`make manual` writes it).
source tests/assert.sh

"$RINGLOAD" help --markdown >"$SCRATCH/manual.md" || fail 'help --markdown does not work'
diff -u docs/command-line.md "$SCRATCH/manual.md" || fail 'run: make manual'
