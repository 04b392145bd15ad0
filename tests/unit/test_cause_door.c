/* SPDX-License-Identifier: MIT */
/* Who is turned away, and how: each rule at its bound, on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cause_sample.h"

static struct cause_sample sample;

static int setup(void **state)
{
	(void)state;
	cause_sample_init(&sample);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cause_sample_release(&sample);
	return 0;
}

static void set_connect(struct result *result, uint64_t p99_ns)
{
	result->connect.quantile[RESULT_P99].value_ns = p99_ns;
}

static void overflow(struct result *result, uint64_t count)
{
	result->kernel.counters[RESULT_KERNEL_LISTEN_OVERFLOWS].value = count;
}

static void test_accept(void **state)
{
	(void)state;
	sample.broken->connections.value[CONNECTION_ATTEMPTED] = 25000;
	set_connect(sample.broken, 1030000000);
	overflow(sample.broken, 24);
	cause_sample_expect_none(&sample, "accept_overflow");
	overflow(sample.broken, 812);
	cause_sample_expect(&sample, "accept_overflow",
		"accept queue overflowed 812 times in 5.0 s, connect p99 grew from 200 µs to 1.03 "
		"s");
	/* The namespace is others' too. */
	overflow(sample.base, 500);
	cause_sample_expect_none(&sample, "accept_overflow");
}

/* Every connect of a trial was refused. */
static void refuse_all(struct result *result, uint64_t connects)
{
	result->connections.value[CONNECTION_ATTEMPTED] = connects;
	result->connections.value[CONNECTION_ESTABLISHED] = 0;
	result->connections.value[CONNECTION_FAILED_REFUSED] = connects;
}

/* A server that ended neither recovers slowly nor collapses. */
static void test_gone(void **state)
{
	struct search_trial *after;

	(void)state;
	refuse_all(sample.broken, 598);
	cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN, 2, 0);
	cause_sample_expect(&sample, "gone",
		"server gone: nobody listened any more after trial 3, of 5,000/s, had begun: all "
		"598 connects from there to the end were refused");
	assert_null(cause_sample_find(&sample, "collapse"));
	for (int i = 0; i < 2; i++) {
		after = cause_sample_add(&sample, 2000, SEARCH_FAIL);
		refuse_all(&after->result, 300);
		cause_sample_behind(&sample, CAUSE_SAMPLE_BROKEN + 1 + i, 0, 0);
	}
	cause_sample_expect(&sample, "gone",
		"server gone: nobody listened any more after trial 3, of 5,000/s, had begun: all "
		"1,198 connects from there to the end were refused, and later trials say nothing "
		"of what it bears");
	assert_null(cause_sample_find(&sample, "slow_recovery"));
	/* It came back. */
	cause_sample_add(&sample, 2000, SEARCH_PASS);
	cause_sample_expect_none(&sample, "gone");
}

/* One connect that was answered, and it is there. */
static void test_not_gone(void **state)
{
	(void)state;
	refuse_all(sample.broken, 598);
	sample.broken->connections.value[CONNECTION_FAILED_REFUSED] = 597;
	cause_sample_expect_none(&sample, "gone");
	/* Kept connections need no connects. */
	refuse_all(sample.broken, 0);
	cause_sample_expect_none(&sample, "gone");
}

static void test_accept_by_connects(void **state)
{
	(void)state;
	cause_sample_hide_kernel(&sample);
	set_connect(sample.broken, 800000000);
	cause_sample_expect_none(&sample, "accept_overflow");
	set_connect(sample.broken, 1030000000);
	cause_sample_expect(&sample, "accept_overflow",
		"accept queue full, as far as connects can tell: connect p99 grew from 200 µs to "
		"1.03 s, as when a SYN got no answer and was sent again");
	assert_true(sample.record.causes[0].strength < 0.6);
	set_connect(sample.base, 1030000000);
	cause_sample_expect_none(&sample, "accept_overflow");
}

static void test_refusing(void **state)
{
	(void)state;
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 503, 120);
	cause_sample_expect_none(&sample, "refusing");
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 503, 2880);
	cause_sample_expect(&sample, "refusing",
		"server refuses: of the requests 12.0 % answered with 429 or 503, 0 % at the base");
	cause_sample_fail(sample.broken, COUNTER_FAILED_RESET, 0, 250);
	cause_sample_fail(sample.broken, COUNTER_FAILED_CLOSED, 0, 500);
	cause_sample_expect(&sample, "refusing",
		"server refuses: of the requests 12.0 % answered with 429 or 503, 1.00 % reset, "
		"2.00 % closed without an answer, 0 % at the base");
	/* Others wait in vain for the connections. */
	cause_sample_fail(sample.broken, COUNTER_TIMED_OUT, 0, 10000);
	cause_sample_explain(&sample);
	assert_string_equal(sample.record.causes[0].key, "refusing");
	/* As ever. */
	cause_sample_fail(sample.base, COUNTER_OUTCOME_5XX, 503, 400);
	cause_sample_expect_none(&sample, "refusing");
}

static void test_refused_connects(void **state)
{
	uint64_t *value = sample.broken->connections.value;

	(void)state;
	value[CONNECTION_ATTEMPTED] = 10000;
	value[CONNECTION_FAILED_REFUSED] = 49;
	cause_sample_expect_none(&sample, "refusing");
	value[CONNECTION_FAILED_REFUSED] = 3000;
	cause_sample_expect(&sample, "refusing",
		"server refuses: of the requests none, 0 % at the base; 30.0 % of connects "
		"refused");
}

static void test_errors(void **state)
{
	(void)state;
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 500, 120);
	cause_sample_expect_none(&sample, "errors");
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 500, 2380);
	cause_sample_expect(&sample, "errors",
		"server answers with errors: 10.0 % of the requests had an error status, 0 % at "
		"the base");
	assert_null(cause_sample_find(&sample, "refusing"));
	cause_sample_fail(sample.broken, COUNTER_OUTCOME_5XX, 504, 2500);
	cause_sample_expect(&sample, "errors",
		"server answers with errors: 20.0 % of the requests had an error status, 0 % at "
		"the base; most are 502 or 504: a server behind it did not answer");
}

/* The trial in which it showed is the generator's, and there may be none that failed. */
static void test_ports(void **state)
{
	struct search_trial *trial = cause_sample_add(&sample, 9000, SEARCH_GENERATOR);

	(void)state;
	sample.trials[CAUSE_SAMPLE_BROKEN].verdict = SEARCH_PASS;
	cause_sample_expect_none(&sample, "client_ports");
	trial->result.connections.value[CONNECTION_ATTEMPTED] = 45000;
	trial->result.connections.value[CONNECTION_FAILED_NO_PORT] = 17000;
	cause_sample_expect(&sample, "client_ports",
		"this client ran out of local ports: at 9,000/s 17,000 of 45,000 connects had "
		"none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accept_by_connects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_connects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
