# shellcheck shell=bash disable=SC2034 # used by the tests
# SPDX-License-Identifier: MIT
#
# A calibration of this machine that no measurement had to make; source it after tests/assert.sh.

# machine_digest: as src/run/calibration.c makes it: FNV-1a of 64 bits.
machine_digest() {
	local id file text hash byte i

	for file in /etc/machine-id /sys/class/dmi/id/product_uuid; do
		read -r id _ 2>/dev/null <"$file"
		[ -z "${id:-}" ] || [ "$id" = uninitialized ] || break
		id=
	done
	text="ringload calibration ${id:-$(uname -n)}"
	hash=$((0xcbf29ce484222325))
	for ((i = 0; i < ${#text}; i++)); do
		printf -v byte %d "'${text:i:1}"
		hash=$(((hash ^ byte) * 0x100000001b3))
	done
	printf %016x "$hash"
}

# keep_calibration FOLDER RATE: lies there, in a state folder, as if the null server had shown RATE;
# the file is in `calibration`.
keep_calibration() {
	local machine kernel cpus

	machine=$(machine_digest)
	kernel=$(uname -r)
	cpus=$(getconf _NPROCESSORS_ONLN)
	mkdir -p "$1/ringload"
	calibration=$1/ringload/calibration-$machine-$kernel.json
	cat >"$calibration" <<-END
		{"schema": "ringload.calibration/1", "tool": {"version": "1.0.0"},
		"measured_at": "2024-01-31T12:00:00Z", "machine": "$machine", "kernel": "$kernel",
		"cpus": $cpus, "server": "null_server", "workers": 1, "connections": 64,
		"highest_rps": $2, "cpu_ns_per_request": 6000, "latency_floor_ns": {"p50": 20000, "p99": 40000},
		"send_lag_ns": {"p50": 300, "p99": 5000}, "steal": null}
	END
}
