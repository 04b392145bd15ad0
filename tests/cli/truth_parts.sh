#!/bin/bash
# SPDX-License-Identifier: MIT
# test-alone: it compares times with stamped ones
# shellcheck disable=SC2016 # jq has variables too
# Requests that come in two parts, and responses that go in three: each is one request, which begins
# with its last part and is answered by the first.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh
source tests/kernel.sh
source tests/truth.sh

compare truth_epoll --work spin:200 --parts 3 --pause 700 -- -n 200 -c 2
expect_attributed
# The end of a response is seen when the next request comes, or the connection ends.
expect_compared 'count("response_span") | . >= 198 and . <= 200'
expect_compared '[.log | group_by(.client_port)[] | sort_by(.offset_bytes) | .[:-1][].span] as $spans
	| {least_ns: ([$spans[].least_ns] | add), most_ns: ([$spans[].most_ns] | add + 2 * (truth("span").max_ns + 1e6))} as $bounds
	| mean("response_span") * count("response_span") | bounded($bounds)'
expect_compared 'mean("response_span") >= 1400000 and .kernel.counters.split == 0'

# Parts that a busy machine lets wait for each other are read together, and are no parts then.
drive=drive_client
usable='all(.[]; .reads == 2)'
compare truth_epoll --work spin:200 -- 4 100 30000 10000
expect_attributed
expect_compared '.kernel.requests == 100 and .kernel.counters.split == 100'
expect_compared '.split as $split | mean("request_span") | bounded($split.apart)'
expect_compared 'count("request_span") == 100 and mean("request_span") >= 9990000'
# What the request waited for its second part is not the server's.
expect_compared 'residence < 5000000 and .kernel.counters.opened == 4 and .kernel.counters.closed == 4'

# The same with threads that are asleep in the middle of the request.
compare truth_threads --work spin:200 -- 4 100 30000 10000
expect_attributed
expect_compared '.kernel.requests == 100 and .kernel.counters.split == 100'
expect_compared '.split as $split | mean("request_span") | bounded($split.apart)'
