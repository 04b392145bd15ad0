#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is memory: 20 kB for each request are never given back.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

# 20 MB of a trial that passes, 60 MB of one that does not.
serve --seed 1 --route '* leak-per-request=20kB'
search --ladder 500,2k --step-duration 1500ms --timeout 1s --threshold 'target_memory_max<60MB' \
	--threshold 'error_rate<1%' "$url/"
expect_sound
expect_named leaking "$(says '^server leaks: memory grew by [0-9.]+ MiB in the trial, (19|20)[0-9.]* KiB for each')"
