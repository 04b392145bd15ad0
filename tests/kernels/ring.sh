#!/bin/bash
# SPDX-License-Identifier: MIT
# What the kernel's io_uring is found to offer: of what ringload asks for, the bound on task work came
# after 6.12 and shared buffers with 6.12, the rest is in 6.1. So the buffers must be many.
source tests/assert.sh
source tests/load.sh
source tests/serving.sh

serve --seed 1
load -n 100 -c 4 "$url/"
features=$(record '.environment.ring_features | map(select(startswith("kernel_features") | not)) | join(" ")')
shared=
case $(uname -r) in 6.1.*) ;; *) shared=' incremental_buffers' ;; esac
expect_equal features "$features" \
	"single_issuer defer_taskrun registered_ring send_zero_copy send_reports$shared"

# At least two for each connection, in a power of two.
run "$RINGLOAD" run --dry-run -c 200 "$url/"
expect_status 0
expect_text "$SCRATCH/out" ' and 512 buffers of '

# Stamps of arrival, for every response.
load -n 500 -c 4 --rx-timestamps "$url/"
expect_record '.latency_ns.client_queue.count + .rx_stamps.unstamped == 500 and .rx_stamps.unstamped < 50'
expect_record '.latency_ns | .client_queue.max <= .service.max and .until_arrival.max <= .service.max'
