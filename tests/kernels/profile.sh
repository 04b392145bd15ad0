#!/bin/bash
# SPDX-License-Identifier: MIT
# The server's stacks are sampled where it spins: by the software clock, as there is no other in an
# emulated machine, and most of them in the server itself.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh

serve --route '/spin service=fixed:20ms by=spin'
load --probe-sample 1/1 --profile "$SCRATCH/profile" -c 1 -n 100 "$url/spin"
expect_kernel '.profile | .status == "measured" and .samples > 20 and .lost == 0'
expect_kernel '.profile | ([.stacks[].samples] | add) == .samples'
expect_kernel '.profile | ([.stacks[] | select(.frames | startswith("ringload")) | .samples] | add) > 0.5 * .samples'
ls "$SCRATCH"/profile* >/dev/null || fail 'no profile was written'
