#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is a CPU quota: the thread is at the end of its CPU as well, but that is not why.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/quota.sh
source tests/causes.sh

serve --seed 1 --route '* by=spin service=fixed:400us'
echo "$server" >"$group/cgroup.procs"
# A quota is of the fair scheduler: the server goes before others by its weight.
for thread in /proc/"$server"/task/*; do
	renice -n -15 -p "${thread##*/}" >"$SCRATCH/renice" 2>&1
done
found --ladder 100,1k --step-duration 1500ms --timeout 1s "$url/"
expect_named throttled "$(says '^server throttled: .* \\(0.20 CPUs\\) held it back for [1-9][0-9] % of the time')"
