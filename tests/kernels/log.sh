#!/bin/bash
# SPDX-License-Identifier: MIT
# After all the others: the kernel complained about nothing.
source tests/assert.sh

dmesg | grep -E 'WARNING:|BUG:|Oops|INFO: .* (stall|blocked|lock)|io_uring.*(error|fail)' >"$SCRATCH/complaints"
[ ! -s "$SCRATCH/complaints" ] || fail "$(head -n 1 "$SCRATCH/complaints")" "$SCRATCH/complaints"
