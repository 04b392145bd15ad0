#!/bin/bash
# SPDX-License-Identifier: MIT
# Requests that come in two parts, and responses that go in three: each is one request, which begins
# with its last part and is answered by the first.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

compare truth_epoll --work spin:200 --parts 3 --pause 700 -- -r 200 -d 1s -c 8
expect_attributed
expect_compared '.truth as $truth | mean("response_span") | bounded($truth.span)'
expect_compared 'count("response_span") + .kernel.counters.span_unknown == .kernel.requests'
expect_compared 'mean("response_span") >= 1400000 and .kernel.counters.split == 0'

drive=drive_client
compare truth_epoll --work spin:200 -- 4 200 20000 3000
expect_attributed
expect_compared '.kernel.requests == 200 and .kernel.counters.split == 200'
expect_compared '.split as $split | mean("request_span") | bounded($split.apart)'
expect_compared 'count("request_span") == 200 and mean("request_span") >= 2990000'
# What the request waited for its second part is not the server's.
expect_compared 'dominating == "app_cpu" and residence < 3000000'

# The same with threads that are asleep in the middle of the request.
compare truth_threads --work spin:200 -- 4 200 20000 3000
expect_attributed
expect_compared '.kernel.requests == 200 and .kernel.counters.split == 200'
expect_compared '.split as $split | mean("request_span") | bounded($split.apart)'
