/* SPDX-License-Identifier: MIT */
/* The report of a calibration, in tests/golden/text/calibration_*.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/calibration.h"
#include "tests/unit/golden.h"

static const struct calibration_record sample = {
	.tool_version = "1.2.3",
	.measured_at = "2024-01-31T12:00:00Z",
	.machine = "0123456789abcdef",
	.kernel = "6.1.0-18-amd64",
	.cpus = 8,
	.workers = 7,
	.connections = 112,
	.highest_rps = 812000,
	.cpu_ns_per_request = 6012.25,
	.has_floor = true,
	.floor_p50_ns = 18432,
	.floor_p99_ns = 40960,
	.send_lag_p50_ns = 310,
	.send_lag_p99_ns = 5120,
	.has_steal = true,
	.steal = 0.0125,
};

static const struct calibration_remarks kept = {
	.obstacle = "",
	.reason = "",
	.kept = true,
	.path = "/home/user/.local/state/ringload/calibration-0123456789abcdef-6.1.0-18-amd64.json",
};

static void compare(const char *name, const struct calibration_record *record,
	const struct calibration_remarks *remarks)
{
	struct buf out = {0};

	calibration_report(record, remarks, &out);
	assert_false(out.failed);
	golden_compare(name, buf_string(&out));
	buf_release(&out);
}

static void against_the_null_server(void **state)
{
	(void)state;
	compare("text/calibration_null.txt", &sample, &kept);
}

static void against_the_embedded_target(void **state)
{
	struct calibration_record record = sample;
	struct calibration_remarks remarks = kept;

	(void)state;
	record.embedded = true;
	record.workers = 1;
	record.cpus = 1;
	record.has_steal = false;
	remarks.obstacle = "not permitted to make a network namespace: it needs the capability "
			   "CAP_SYS_ADMIN; run as root";
	compare("text/calibration_embedded.txt", &record, &remarks);
	record.has_floor = false;
	remarks.reason = "requests left late: send_lag p99 is 9.83 ms, allowed is 100 µs";
	remarks.kept = false;
	compare("text/calibration_not_kept.txt", &record, &remarks);
}

static void it_could_not_be_kept(void **state)
{
	struct calibration_remarks remarks = kept;
	struct buf out = {0};

	(void)state;
	remarks.kept = false;
	remarks.path = "";
	calibration_report(&sample, &remarks, &out);
	assert_non_null(strstr(buf_string(&out), "kept         nowhere\n"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_the_null_server),
		cmocka_unit_test(against_the_embedded_target),
		cmocka_unit_test(it_could_not_be_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
