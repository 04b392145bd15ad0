#!/bin/bash
# SPDX-License-Identifier: MIT
# What gave way is the accept queue: 17 connections are taken in 100 ms, 170 a second.
# test-timeout: 120 (a ladder is repeated on a busy machine)
# test-alone: only its own load may be what gives way
source tests/assert.sh
source tests/load.sh
source tests/causes.sh

serve --seed 1 --accept-delay 100ms --backlog 16
found --no-keepalive --ladder 20,500 --step-duration 1500ms --timeout 2s "$url/"
expect_named accept_overflow "$(says '^accept queue overflowed [0-9,]+ times in 1.5 s, connect p99 grew from ')"
