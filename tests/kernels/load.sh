#!/bin/bash
# SPDX-License-Identifier: MIT
# A short load in open and in closed loop: the counts are those of the target.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --seed 1

load -r 500 -d 2s -c 16 "$url/"
expect_all_answered 1000 200
expect_equal 'requests at the target' "$(stats .requests)" 1000

load -d 1s -c 8 "$url/"
expect_record '.requests.completed > 100 and .requests.completed == .requests.sent'
expect_equal 'requests at the target' "$(stats .requests)" "$(record '.requests.sent + 1000')"
