/* SPDX-License-Identifier: MIT */
/* The sentence that says where the time went: which cause, and how sure. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/kernel_dominant.h"
#include "tests/unit/golden.h"
#include "tests/unit/kernel_sample.h"

#define PARTS const double[PROBE_ABI_PARTS]

static const double even[PROBE_ABI_PARTS] = {10, 10, 10, 10, 10, 10, 10, 10, 10, 10};

/* Appends the sentence about the record under a title, and releases it. */
static void tell(struct buf *out, const char *title, struct result_kernel *kernel)
{
	buf_printf(out, "%s\n  ", title);
	kernel_dominant_sentence(kernel, out);
	buf_text(out, "\n");
	result_kernel_release(kernel);
}

static void assert_says(struct result_kernel *kernel, const char *words)
{
	struct buf out = {0};

	kernel_dominant_sentence(kernel, &out);
	if (!strstr(buf_string(&out), words))
		fail_msg("\"%s\" is not in \"%s\"", words, buf_string(&out));
	buf_release(&out);
}

static void assert_does_not_say(struct result_kernel *kernel, const char *words)
{
	struct buf out = {0};

	kernel_dominant_sentence(kernel, &out);
	if (strstr(buf_string(&out), words))
		fail_msg("\"%s\" is in \"%s\"", words, buf_string(&out));
	buf_release(&out);
}

/* Each part in turn takes most of the time. */
static void every_part(void **state)
{
	static const enum kernel_dominant_cause causes[PROBE_ABI_PARTS] = {KERNEL_DOMINANT_BUSY,
		KERNEL_DOMINANT_RUNQ, KERNEL_DOMINANT_BUSY_BLOCKED, KERNEL_DOMINANT_WAKEUP,
		KERNEL_DOMINANT_UNKNOWN, KERNEL_DOMINANT_CPU, KERNEL_DOMINANT_RUNQ,
		KERNEL_DOMINANT_SLEEP, KERNEL_DOMINANT_DISK, KERNEL_DOMINANT_STOPPED};
	struct buf out = {0};

	(void)state;
	for (enum probe_abi_stage part = 0; part < PROBE_ABI_PARTS; part++) {
		double all[PROBE_ABI_PARTS] = {1, 0, 1, 1, 1, 1, 0, 1, 1, 1};
		struct kernel_dominant dominant;
		struct result_kernel kernel;

		all[part] = 92;
		kernel_sample(&kernel, 20000);
		kernel_sample_parts(&kernel, all, all);
		kernel_dominant_find(&kernel, &dominant);
		assert_int_equal(dominant.all.first, causes[part]);
		assert_int_equal(dominant.slowest.first, causes[part]);
		assert_true(fabs(dominant.all.first_share - kernel.stages[part].share) < 1e-9);
		tell(&out, stages_key(part), &kernel);
	}
	golden_compare("kernel/sentences.txt", buf_string(&out));
	buf_release(&out);
}

/* Waiting for a CPU is one cause, wherever it happens: no half of it would dominate. */
static void run_queues_add_up(void **state)
{
	struct kernel_dominant dominant;
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, (PARTS){35, 25, 0, 0, 0, 10, 30, 0, 0, 0}, even);
	kernel_dominant_find(&kernel, &dominant);
	assert_int_equal(dominant.all.first, KERNEL_DOMINANT_RUNQ);
	assert_true(fabs(dominant.all.first_share - 0.55) < 1e-9);
	assert_int_equal(dominant.all.second, KERNEL_DOMINANT_BUSY);
	assert_true(fabs(dominant.all.mean_ns - 100e3) < 1);
	assert_says(&kernel, "(25.0 % before a server thread read them, 30.0 % after)");
	result_kernel_release(&kernel);
}

/* The same stage, for different reasons. */
static void reasons(void **state)
{
	const double busy[PROBE_ABI_PARTS] = {900, 0, 0, 0, 0, 100, 0, 0, 0, 0};
	const double polling[PROBE_ABI_PARTS] = {3, 0, 0, 0, 0, 2, 0, 0, 0, 0};
	const double runq[PROBE_ABI_PARTS] = {0, 10, 0, 0, 0, 100, 900, 0, 0, 0};
	const double sleepy[PROBE_ABI_PARTS] = {0, 0, 0, 9000, 0, 100, 0, 0, 0, 0};
	struct result_kernel kernel;
	struct buf out = {0};

	(void)state;
	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, busy, busy);
	kernel_sample_worker(&kernel, "server", 20000, 0.95, 0.03);
	tell(&out, "busy, saturated", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, busy, busy);
	kernel_sample_worker(&kernel, "server", 10000, 0.95, 0.03);
	kernel_sample_worker(&kernel, "server", 10000, 0.35, 0.03);
	tell(&out, "busy, one of two threads saturated", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, busy, busy);
	kernel_sample_worker(&kernel, "server", 20000, 0.35, 0.03);
	tell(&out, "busy, with time to spare", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, polling, polling);
	kernel_sample_worker(&kernel, "server", 20000, 1, 0);
	tell(&out, "busy, for microseconds in a thread that never rests", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, runq, runq);
	kernel_sample_worker(&kernel, "server", 20000, 0.4, 0.5);
	kernel.counters[RESULT_KERNEL_THROTTLED_NS].value = 4800000000;
	tell(&out, "runq, by the CPU quota", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, runq, runq);
	kernel_sample_worker(&kernel, "server", 20000, 0.4, 0.5);
	kernel.counters[RESULT_KERNEL_THROTTLED_NS].value = 40000000;
	tell(&out, "runq, throttled for a hundredth of it", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, sleepy, sleepy);
	tell(&out, "wakeup, for far too long", &kernel);
	golden_compare("kernel/reasons.txt", buf_string(&out));
	buf_release(&out);
}

/* What the slowest 1 % are said to be, beside all. */
static void slowest(void **state)
{
	const double cpu[PROBE_ABI_PARTS] = {0, 0, 0, 10, 0, 90, 0, 0, 0, 0};
	const double sleep[PROBE_ABI_PARTS] = {0, 0, 0, 10, 0, 90, 0, 700, 0, 0};
	struct result_kernel kernel;
	struct buf out = {0};

	(void)state;
	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, cpu, sleep);
	tell(&out, "another cause", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, cpu, even);
	tell(&out, "no cause", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, even, sleep);
	tell(&out, "a cause where all have none", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, (PARTS){20, 0, 0, 20, 0, 21, 0, 20, 0, 19}, even);
	tell(&out, "neither", &kernel);

	kernel_sample(&kernel, 900);
	kernel_sample_parts(&kernel, cpu, sleep);
	assert_true(kernel.slowest_1pct.requests < KERNEL_DOMINANT_SLOW_FEW);
	tell(&out, "too few to say", &kernel);
	golden_compare("kernel/slowest.txt", buf_string(&out));
	buf_release(&out);
}

/* How much the figures carry. */
static void caution(void **state)
{
	const double cpu[PROBE_ABI_PARTS] = {0, 0, 0, 10, 0, 90, 0, 0, 0, 0};
	struct result_kernel kernel;
	struct buf out = {0};

	(void)state;
	kernel_sample(&kernel, 20000);
	kernel.attributed = 14400;
	kernel.handoff_share = 0.28;
	kernel_sample_parts(&kernel, cpu, cpu);
	tell(&out, "72 % attributed", &kernel);

	kernel_sample(&kernel, 20000);
	kernel.attributed = 400;
	kernel.handoff_share = 0.41;
	kernel.offloaded_share = 0.52;
	kernel.unattributed_share = 0.05;
	kernel_sample_parts(&kernel, cpu, cpu);
	tell(&out, "2 % attributed", &kernel);

	kernel_sample(&kernel, 20000);
	kernel.attributed = 0;
	kernel.offloaded_share = 1;
	kernel_sample_parts(&kernel, (PARTS){0}, (PARTS){0});
	kernel.stages[PROBE_ABI_RESIDENCE].mean_ns = 52100;
	tell(&out, "none attributed", &kernel);

	kernel_sample(&kernel, 7);
	kernel_sample_parts(&kernel, cpu, cpu);
	tell(&out, "seven requests", &kernel);

	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, cpu, cpu);
	kernel.has_residual = true;
	kernel.residual_ns = 300000;
	tell(&out, "most of it outside the server", &kernel);

	kernel_sample(&kernel, 0);
	tell(&out, "no request", &kernel);
	golden_compare("kernel/caution.txt", buf_string(&out));
	buf_release(&out);
}

/* Bounds that decide between sentences. */
static void bounds(void **state)
{
	struct result_kernel kernel;

	(void)state;
	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, (PARTS){40, 0, 0, 20, 0, 20, 0, 20, 0, 0}, even);
	assert_does_not_say(&kernel, "nothing dominates: ");
	result_kernel_release(&kernel);
	kernel_sample(&kernel, 20000);
	kernel_sample_parts(&kernel, (PARTS){39, 0, 0, 21, 0, 20, 0, 20, 0, 0}, even);
	assert_says(&kernel, "nothing dominates: ");
	kernel.attributed = 10000;
	assert_says(&kernel, "the 50.0 % of requests that can be attributed waited");
	kernel.attributed = 9999;
	assert_says(&kernel, "cannot be said");
	kernel.attributed = 19600;
	assert_does_not_say(&kernel, "can be attributed");
	/* The residual is told from where it is the larger part on. */
	kernel.has_residual = true;
	kernel.residual_ns = kernel.stages[PROBE_ABI_RESIDENCE].mean_ns;
	assert_does_not_say(&kernel, "outside the server");
	kernel.residual_ns += 1;
	assert_says(&kernel, "outside the server");
	result_kernel_release(&kernel);
}

static void not_measured(void **state)
{
	struct result_kernel kernel = {0};
	struct buf out = {0};

	(void)state;
	kernel_dominant_sentence(&kernel, &out);
	assert_int_equal(out.length_bytes, 0);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part),
		cmocka_unit_test(run_queues_add_up),
		cmocka_unit_test(reasons),
		cmocka_unit_test(slowest),
		cmocka_unit_test(caution),
		cmocka_unit_test(bounds),
		cmocka_unit_test(not_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
