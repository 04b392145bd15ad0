#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is the CPU of a thread that computes.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

ladder=(--ladder '500,4k' --step-duration 1500ms --timeout 1s)

serve --seed 1 --route '* by=spin service=fixed:400us'
before_others "$server"
found "${ladder[@]}" "$url/"
expect_named cpu_bound "$(says '^server CPU-bound: thread [0-9]+ .* on CPU (8|9|10)[0-9] %')"
expect_search 'any(.causes[]; .sign) and .unknown == []'

# Without the kernel's side as much as CPU time can tell.
probe=off
follow=
found "${ladder[@]}" "$url/"
expect_named cpu_bound "$(says 'as much as one thread can') and .strength < 0.7"
expect_search 'any(.unknown[]; contains("kernel was not looked at"))'
