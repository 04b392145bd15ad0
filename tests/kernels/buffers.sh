#!/bin/bash
# SPDX-License-Identifier: MIT
# On a kernel that runs all pending task work in one enter, the answers of all connections may want
# buffers at once. 200 connections whose answers come together, first in one buffer each, then in
# several: nothing is lost, and there are buffers for nearly all of them.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --route '/together service=fixed:50ms' --route '/large service=fixed:50ms size=60000'

load -n 2000 -c 200 "$url/together"
expect_all_answered 2000 200
expect_record '[.generator.workers[].enobufs] | add == 0'

# An answer of 60,000 bytes takes four buffers.
load -n 1000 -c 200 "$url/large"
expect_all_answered 1000 200
expect_record '.bytes.received > 1000 * 60000'
expect_record '[.generator.workers[] | .enobufs + .cq_overflow] | add < 500'
