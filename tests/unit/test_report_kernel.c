/* SPDX-License-Identifier: MIT */
/* "Where the time went", compared with tests/golden/kernel/. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "report/kernel.h"
#include "tests/unit/columns.h"
#include "tests/unit/golden.h"
#include "tests/unit/kernel_sample.h"
#include "tests/unit/resources_sample.h"

#define PARTS const double[PROBE_ABI_PARTS]

static void compare(const char *name, struct result_kernel *kernel)
{
	struct buf out = {0};

	kernel_table(kernel, &out);
	assert_false(out.failed);
	columns_assert_fit(buf_string(&out));
	golden_compare(name, buf_string(&out));
	buf_release(&out);
	result_kernel_release(kernel);
}

static void add_beside(struct result_kernel *kernel)
{
	kernel_sample_beside(kernel, PROBE_ABI_RX_PATH, kernel->requests, 2.31);
	kernel_sample_beside(kernel, PROBE_ABI_RESPONSE_SPAN, kernel->requests, 0.412);
	kernel_sample_beside(kernel, PROBE_ABI_TX, kernel->requests, 4.07);
	kernel_sample_beside(kernel, PROBE_ABI_SRTT, kernel->requests, 61.2);
	kernel->has_residual = true;
}

static void add_profile(struct result_kernel *kernel)
{
	kernel_sample_stack(kernel, "nginx;main;ngx_worker;tcp_sendmsg_locked_[k]", 410);
	kernel_sample_stack(kernel, "nginx;libc.so.6+0x1234;tcp_sendmsg_locked_[k]", 97);
	kernel_sample_stack(kernel, "nginx;main;ngx_http_parse_request_line", 322);
	kernel_sample_stack(kernel, "nginx;main;ngx_http_parse_header_line", 201);
	kernel_sample_stack(kernel, "nginx;do_epoll_wait_[k]", 155);
	kernel_sample_stack(kernel, "nginx;[unknown]", 93);
	kernel_sample_stack(kernel, "nginx;main;ngx_vslprintf", 92);
	kernel_sample_stack(kernel, "nginx;main;memcpy", 12);
	kernel->profile.truncated = 1240;
}

/* A web server with time on its hands. */
static void light(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 12480);
	kernel_sample_parts(&kernel, (PARTS){3.1, 0.6, 0, 11.7, 0, 19.4, 0.2, 0, 0, 0},
		(PARTS){22.5, 6.2, 0, 14.1, 0, 31, 4.8, 0, 0, 0});
	add_beside(&kernel);
	kernel.residual_ns = 58300;
	kernel_sample_worker(&kernel, "nginx", 12480, 0.214, 0.004);
	for (int i = 0; i < 3; i++)
		kernel_sample_slow(&kernel, (PARTS){31.5 - i, 50, 0, 0.2, 0, 31, 4.8, 0, 0, 0});
	add_profile(&kernel);
	compare("kernel/light.txt", &kernel);
}

static void saturated(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 180432);
	kernel_sample_parts(&kernel, (PARTS){981, 42.1, 0, 1.8, 0, 178, 20.4, 0, 0, 0},
		(PARTS){3120, 61, 0, 0, 0, 182, 33, 0, 0, 0});
	add_beside(&kernel);
	kernel.residual_ns = 131000;
	kernel_sample_worker(&kernel, "nginx", 91312, 0.973, 0.021);
	kernel_sample_worker(&kernel, "nginx", 89120, 0.968, 0.025);
	kernel.has_softirq = true;
	kernel.softirq_share = 0.0812;
	kernel.counters[RESULT_KERNEL_LISTEN_OVERFLOWS].value = 213;
	kernel.counters[RESULT_KERNEL_LISTEN_DROPS].value = 213;
	kernel.counters[RESULT_KERNEL_RETRANSMITS].value = 19;
	kernel.open.waiting = 58;
	kernel.open.reading = 2;
	kernel.open.oldest_ns = 2140000;
	for (int i = 0; i < RESULT_KERNEL_SLOWEST; i++)
		kernel_sample_slow(
			&kernel, (PARTS){6200 - 71.3 * i, 88, 0, 0, 0, 181 + i, 12, 0, 0, 0});
	kernel.slowest[4].send_lag_ns = 1204000;
	kernel.slowest[4].total_ns += 1204000;
	kernel.slowest[7].has_client = false;
	compare("kernel/saturated.txt", &kernel);
}

/* Threads that wait for a lock; what one keeps waiting behind it is busy_blocked. */
static void lock_bound(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 30112);
	kernel_sample_parts(&kernel, (PARTS){60, 12, 410, 9, 0, 51, 8, 1210, 3, 0},
		(PARTS){140, 20, 4100, 9, 0, 51, 8, 2900, 130, 0});
	add_beside(&kernel);
	kernel.residual_ns = 92000;
	kernel_sample_worker(&kernel, "app-worker", 9112, 0.241, 0.012)->disk = 0.003;
	for (int i = 0; i < 11; i++)
		kernel_sample_worker(&kernel, "app-worker", 2000 - 20 * (uint64_t)i, 0.21, 0.011)
			->in_request = 0.7;
	kernel_sample_slow(&kernel, (PARTS){10, 20, 8100, 0, 0, 48, 3, 4900, 0, 0});
	compare("kernel/lock_bound.txt", &kernel);
}

static void throttled(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 9077);
	kernel.sample = 1;
	kernel.has_error = false;
	kernel.sampled_fraction = 1;
	kernel_sample_parts(&kernel, (PARTS){710, 4200, 0, 3, 0, 402, 6100, 0, 0, 0},
		(PARTS){900, 31000, 0, 0, 0, 410, 48200, 0, 0, 0});
	add_beside(&kernel);
	kernel.residual_ns = 92000;
	kernel_sample_worker(&kernel, "python3", 9077, 0.398, 0.551);
	kernel.counters[RESULT_KERNEL_THROTTLED_NS].value = 5480000000;
	kernel.counters[RESULT_KERNEL_THROTTLED_PERIODS].value = 97;
	compare("kernel/throttled.txt", &kernel);
}

/* Nearly all is answered by other threads than read it. */
static void handoffs(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 20110);
	kernel.attributed = 624;
	kernel.handoff_share = 0.969;
	kernel.counters[RESULT_KERNEL_HANDOFFS].value = 19486;
	kernel_sample_parts(&kernel, (PARTS){30, 2, 0, 12, 0, 51, 1, 0, 0, 0},
		(PARTS){140, 20, 0, 9, 0, 51, 8, 0, 0, 0});
	kernel.stages[PROBE_ABI_RESIDENCE].mean_ns = 1230000;
	kernel.stages[PROBE_ABI_RESIDENCE].p50_ns = 1180000;
	kernel.stages[PROBE_ABI_RESIDENCE].p99_ns = 3420000;
	kernel.stages[PROBE_ABI_RESIDENCE].few_p99 = false;
	add_beside(&kernel);
	kernel.residual_ns = -4100;
	kernel_sample_worker(&kernel, "acceptor", 624, 0.31, 0.01);
	kernel_sample_slow(&kernel, (PARTS){0})->attributed = false;
	kernel.slowest[0].residence_ns = 5120000;
	kernel.slowest[0].total_ns += 5120000;
	kernel_sample_slow(&kernel, (PARTS){140, 20, 0, 9, 0, 51, 8, 0, 0, 0});
	compare("kernel/handoffs.txt", &kernel);
}

static void few(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 12);
	kernel_sample_parts(&kernel, (PARTS){0, 0.3, 0, 18, 0, 402, 0.1, 50300, 0, 0},
		(PARTS){0, 0, 0, 31, 0, 500, 0, 50400, 0, 0});
	kernel.slowest_1pct.requests = 1;
	kernel.slowest_1pct.share = 1 / 12.;
	kernel.has_error = false;
	kernel_sample_worker(&kernel, "sleeper", 12, 0.004, 0);
	kernel_sample_slow(&kernel, (PARTS){0, 0, 0, 31, 0, 500, 0, 50400, 0, 0});
	kernel.residual_reason = strdup("some requests never got their answer");
	compare("kernel/few.txt", &kernel);
}

/* Measured as far as the five core stages go. */
static void everything_missing(void **state)
{
	struct result_kernel kernel;
	static const char netns[] = "/proc/4200/net/netstat: permission denied";

	(void)state;
	kernel_sample(&kernel, 31200);
	kernel.has_sampled_fraction = false;
	kernel_sample_parts(&kernel, (PARTS){3.1, 0.6, 0, 11.7, 0, 12.4, 0.2, 0, 0, 0}, (PARTS){0});
	kernel.slowest_1pct.requests = 0;
	kernel.has_overhead = false;
	kernel.overhead_reason = strdup("statistics of BPF programs could not be enabled");
	kernel.has_residual = false;
	kernel.residual_reason = strdup("some requests never got their answer");
	kernel.has_softirq = false;
	kernel.softirq_reason = strdup("/proc/stat: no such file or directory");
	kernel.profile.reason = strdup("perf_event_open: permission denied: needs CAP_PERFMON");
	kernel_sample_absent(&kernel, RESULT_KERNEL_LISTEN_OVERFLOWS, netns);
	kernel_sample_absent(&kernel, RESULT_KERNEL_LISTEN_DROPS, netns);
	kernel_sample_absent(&kernel, RESULT_KERNEL_SYN_COOKIES, netns);
	kernel_sample_absent(
		&kernel, RESULT_KERNEL_THROTTLED_NS, "the control group has no cpu.stat");
	kernel_sample_absent(
		&kernel, RESULT_KERNEL_THROTTLED_PERIODS, "the control group has no cpu.stat");
	kernel_sample_absent(&kernel, RESULT_KERNEL_RETRANSMITS, NULL);
	kernel_sample_hook(&kernel, "arrival", "tp_btf/tcp_probe", NULL);
	kernel_sample_hook(&kernel, "send", "tp_btf/sock_send_length",
		"tp_btf/tcp_sendmsg_locked: this kernel has no such tracepoint");
	kernel_sample_hook(&kernel, "tx", NULL,
		"tp_btf/net_dev_start_xmit: operation not permitted (EPERM) with an empty log, so "
		"that the kernel gives no reason");
	compare("kernel/everything_missing.txt", &kernel);
}

/* Not one request came. */
static void silent(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 0);
	kernel.counters[RESULT_KERNEL_SEEDED].value = 0;
	kernel.counters[RESULT_KERNEL_OPENED].value = 3;
	kernel.counters[RESULT_KERNEL_ABANDONED].value = 3;
	kernel.counters[RESULT_KERNEL_RESETS_SENT].value = 3;
	kernel.open.waiting = 1;
	kernel.open.oldest_ns = 9900000000;
	compare("kernel/silent.txt", &kernel);
}

static void not_measured(void **state)
{
	struct result_kernel kernel = {0};

	(void)state;
	kernel.reason = strdup("BPF programs may not be loaded: run as root, or: sudo setcap "
			       "cap_bpf,cap_perfmon,cap_net_admin+ep ringload");
	compare("kernel/not_measured.txt", &kernel);
}

/* A stored record may hold anything; a terminal obeys control characters. */
static void hostile(void **state)
{
	static const char red[] = "\033[31m\r\n\tred\x7f";
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 1000);
	kernel_sample_parts(&kernel, (PARTS){NAN, -5, INFINITY, 1e300, 0, 9, 1, 0, 0, 0},
		(PARTS){0, 0, 0, 0, 0, 1, 0, 0, 0, 0});
	kernel_sample_beside(&kernel, PROBE_ABI_TX, UINT64_MAX, 1e12);
	kernel.error_share = NAN;
	kernel.sampled_fraction = INFINITY;
	kernel.has_residual = true;
	kernel.residual_ns = NAN;
	kernel.attributed = UINT64_MAX;
	kernel_sample_worker(&kernel, red, UINT64_MAX, NAN, -1);
	kernel_sample_worker(&kernel, "a name of more bytes than a thread's can have", 1, 1e9, 2)
		->exited = true;
	kernel_sample_worker(&kernel, NULL, 0, 0, 0)->offloaded = true;
	kernel_sample_slow(&kernel, (PARTS){0, 0, 0, 1e12, 0, 500, 0, 50400, 0, 0})->at_s = NAN;
	free(kernel.slowest[0].client);
	kernel.slowest[0].client = strdup(red);
	kernel.slowest[0].offset_bytes = UINT64_MAX;
	kernel_sample_slow(&kernel, (PARTS){0})->at_s = 1e300;
	free(kernel.slowest[1].client);
	kernel.slowest[1].client = NULL;
	kernel_sample_hook(&kernel, red, red, red);
	kernel_sample_hook(&kernel, NULL, NULL, NULL);
	kernel_sample_stack(&kernel, red, 3);
	kernel_sample_stack(&kernel, NULL, 2);
	kernel_sample_stack(&kernel,
		"main;std::map<std::basic_string<char>, std::function<void(session&, request&&)>, "
		"std::less<void>>::operator[](std::basic_string<char>&&)",
		1);
	kernel_sample_absent(&kernel, RESULT_KERNEL_RETRANSMITS, red);
	compare("kernel/hostile.txt", &kernel);
}

/* ringload probe: nothing of a client's in it. */
static void probe_record(void **state)
{
	char *notes[] = {"the host's CPUs were stolen from for 2.10 % of the time"};
	struct probe_record record = {.complete = true,
		.tool_version = "0.1.0",
		.started_at = "2024-01-31T12:00:00Z",
		.kernel_release = "6.18.0",
		.cpus = 8,
		.duration_s = 7.25,
		.planned_s = 30,
		.interrupted = true,
		.notes = notes,
		.note_count = 1};
	struct result_kernel *kernel = &record.kernel;
	struct resources_sample_input read;
	struct builder builder = {0};
	struct buf out = {0};

	(void)state;
	resources_sample_init(&read, 7);
	resources_build(&builder, &record.resources, &read.input, 0, 7 * NS_PER_S);
	resources_sample_release(&read);
	kernel_sample(kernel, 48117);
	kernel->has_sampled_fraction = false;
	kernel->residual_reason = strdup("there was no client");
	kernel->ports = realloc(kernel->ports, 2 * sizeof(*kernel->ports));
	kernel->ports[1] = 8443;
	kernel->port_count = 2;
	kernel_sample_parts(kernel, (PARTS){12, 3, 0, 14, 0, 402, 9, 31, 0, 0},
		(PARTS){40, 11, 0, 12, 0, 611, 620, 38, 0, 0});
	add_beside(kernel);
	kernel->has_residual = false;
	kernel_sample_beside(kernel, PROBE_ABI_REQUEST_SPAN, 310, 905);
	kernel->counters[RESULT_KERNEL_SPLIT].value = 310;
	kernel_sample_worker(kernel, "gunicorn", 24210, 0.641, 0.052);
	kernel_sample_worker(kernel, "gunicorn", 23907, 0.633, 0.049);
	kernel_sample_slow(kernel, (PARTS){40, 11, 0, 12, 0, 611, 3620, 38, 0, 0})
		->has_client = false;
	kernel_sample_slow(kernel, (PARTS){0})->has_client = false;
	kernel->slowest[1].attributed = false;
	kernel->slowest[1].residence_ns = 3100000;
	kernel_report(&record, &out);
	columns_assert_fit(buf_string(&out));
	golden_compare("kernel/probe_record.txt", buf_string(&out));
	buf_release(&out);
	result_kernel_release(kernel);
	result_resources_release(&record.resources);
}

/* Whether the report of a record says these words; the record stays. */
static bool says(const struct result_kernel *kernel, const char *words)
{
	struct buf out = {0};
	bool found;

	kernel_table(kernel, &out);
	columns_assert_fit(buf_string(&out));
	found = strstr(buf_string(&out), words);
	buf_release(&out);
	return found;
}

/* 70 requests against 40 may be chance, 7,000 against 4,000 not; a fifth more is even enough. */
static void unevenness(void **state)
{
	static const struct {
		uint64_t first, second;
		bool told;
	} cases[] = {{70, 40, false}, {7000, 4000, true}, {7000, 5000, false}, {7000, 0, true}};
	struct result_kernel kernel;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kernel_sample(&kernel, cases[i].first + cases[i].second);
		kernel_sample_parts(&kernel, (PARTS){1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, (PARTS){1});
		kernel_sample_worker(&kernel, "first", cases[i].first, 0.5, 0);
		kernel_sample_worker(&kernel, "second", cases[i].second, 0.5, 0);
		assert_int_equal(says(&kernel, "uneven: thread 4201 has"), cases[i].told);
		result_kernel_release(&kernel);
	}
}

/* What is in the report only where there is something to tell. */
static void on_occasion(void **state)
{
	struct result_kernel kernel;
	struct result_kernel_worker *worker;

	(void)state;
	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, (PARTS){1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, (PARTS){1});
	worker = kernel_sample_worker(&kernel, "server", 20000, 0.5, 0);
	worker->stopped = 0.0004;
	assert_false(says(&kernel, "stopped\n"));
	worker->stopped = 0.0012;
	assert_true(says(&kernel, "stopped\n"));
	assert_false(says(&kernel, "which is large"));
	kernel.error_share = 0.101;
	assert_true(says(&kernel, "10.1 %, which is large: --probe-sample 1/1"));
	kernel.sample = 1;
	assert_false(says(&kernel, "standard error"));
	assert_false(says(&kernel, "beside residence"));
	kernel.has_residual = true;
	assert_true(says(&kernel, "beside residence"));
	assert_false(says(&kernel, "residual below 0"));
	kernel.residual_ns = -1000;
	assert_true(says(&kernel, "residual below 0"));
	result_kernel_release(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(light),
		cmocka_unit_test(saturated),
		cmocka_unit_test(lock_bound),
		cmocka_unit_test(throttled),
		cmocka_unit_test(handoffs),
		cmocka_unit_test(few),
		cmocka_unit_test(everything_missing),
		cmocka_unit_test(silent),
		cmocka_unit_test(not_measured),
		cmocka_unit_test(hostile),
		cmocka_unit_test(probe_record),
		cmocka_unit_test(unevenness),
		cmocka_unit_test(on_occasion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
