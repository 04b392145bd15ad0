/* SPDX-License-Identifier: MIT */
/* From what a probe reads to the figures of a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "result/result.h"
#include "tests/unit/readings.h"

#define US 1000ULL
#define MS 1000000ULL

static int setup(void **state)
{
	struct readings *readings = malloc(sizeof(*readings));

	assert_non_null(readings);
	readings_init(readings);
	*state = readings;
	return 0;
}

static int teardown(void **state)
{
	readings_release(*state);
	free(*state);
	return 0;
}

static struct result_kernel fill(const struct readings *readings)
{
	struct result_kernel kernel;
	struct err err = {ERR_NONE, ""};

	if (kernel_block_fill(&kernel, &readings->input, &readings->readings, &err))
		fail_msg("%s", err.text);
	return kernel;
}

static void without_a_probe_the_reason_is_the_callers(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel;

	readings->input.reason = "switched off by --probe off";
	assert_int_equal(kernel_build(&kernel, &readings->input, NULL), 0);
	assert_false(kernel.measured);
	assert_string_equal(kernel.reason, "switched off by --probe off");
	assert_int_equal(kernel.hook_count, 0);
	result_kernel_release(&kernel);
	result_kernel_release(&kernel); /* of an empty one does nothing */
}

static void assert_silent(const struct readings *readings, const char *reason)
{
	struct result_kernel kernel = fill(readings);

	assert_false(kernel.measured);
	assert_string_equal(kernel.reason, reason);
	/* What was watched with is told all the same. */
	assert_int_equal(kernel.hook_count, 2);
	result_kernel_release(&kernel);
}

static void a_port_nobody_serves_is_said(void **state)
{
	struct readings *readings = *state;

	readings_clear(readings);
	assert_silent(readings,
		"nothing on this machine accepted connections on port 8080 while the load ran: for "
		"a server elsewhere, run `ringload probe --port 8080` there");
	readings->asked.port_count = 2;
	readings->input.client = NULL;
	assert_silent(readings,
		"nothing on this machine accepted connections on ports 8080 and 443 while the "
		"probe ran");
	readings->asked.port_count = 3;
	assert_silent(readings,
		"nothing on this machine accepted connections on ports 8080, 443 and 65535 while "
		"the probe ran");
	/* What was not let pass may have been there. */
	readings->asked.port_count = 1;
	readings->asked.pid = 7;
	readings->asked.cgroup = "web";
	assert_silent(readings, "nothing that passes the filters (process 7, control group web) "
				"accepted connections on "
				"port 8080 while the probe ran");
	readings->asked.pid = 0;
	readings->asked.cgroup = NULL;
	readings->asked.netns = "/run/netns/blue";
	assert_silent(readings,
		"nothing that passes the filters (network namespace /run/netns/blue) accepted "
		"connections on port 8080 while the probe ran");
	readings->asked.netns = NULL;
}

/* A server that is there and answered nothing is no silence: each sign of it counts. */
static void any_sign_of_a_server_counts(void **state)
{
	static const enum probe_abi_count counts[] = {
		PROBE_ABI_REQUESTS, PROBE_ABI_OPENED, PROBE_ABI_SEEDED, PROBE_ABI_CLOSED};
	struct readings *readings = *state;
	struct result_kernel kernel;

	for (unsigned int i = 0; i < 7; i++) {
		readings_clear(readings);
		if (i < 4)
			readings->stages.count[counts[i]] = 1;
		readings->readings.open.waiting = i == 4;
		readings->readings.open.reading = i == 5;
		readings->readings.pid = i == 6;
		kernel = fill(readings);
		assert_true(kernel.measured);
		assert_null(kernel.reason);
		assert_false(kernel.has_residual);
		assert_int_equal(kernel.stages[PROBE_ABI_RESIDENCE].count, 0);
		assert_int_equal(kernel.residence_max_ns, 0);
		assert_false(kernel.stages[PROBE_ABI_APP_CPU].has_share);
		result_kernel_release(&kernel);
	}
}

static void shares_are_of_the_residence(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel = fill(readings);
	const struct result_kernel_stage *stages = kernel.stages;
	/* 1,000 of 100 µs and 20 of 10 ms. */
	double all = 1000 * 100e3 + 20 * 10e6, parts = 0, slowest = 0;

	assert_int_equal(kernel.attributed, 1020);
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++) {
		assert_true(stages[part].has_share);
		assert_int_equal(stages[part].stage, part);
		parts += stages[part].share;
		slowest += stages[part].share_of_slowest;
	}
	assert_float_equal(parts, 1, 1e-12);
	assert_float_equal(slowest, 1, 1e-12);
	assert_float_equal(stages[PROBE_ABI_APP_CPU].share, (60e6 + 40e6) / all, 1e-12);
	assert_float_equal(stages[PROBE_ABI_QUEUE].share, (20e6 + 40e6) / all, 1e-12);
	assert_float_equal(stages[PROBE_ABI_APP].share, (80e6 + 160e6) / all, 1e-12);
	assert_float_equal(stages[PROBE_ABI_APP_BLOCKED].share, 120e6 / all, 1e-12);
	assert_float_equal(stages[PROBE_ABI_QUEUE].share_of_slowest, 0.2, 1e-12);
	assert_float_equal(stages[PROBE_ABI_APP].share_of_slowest, 0.8, 1e-12);
	assert_float_equal(stages[PROBE_ABI_APP_BLOCKED].share_of_slowest, 0.6, 1e-12);
	assert_float_equal(stages[PROBE_ABI_APP_RUNQ].share_of_slowest, 0, 1e-12);
	assert_false(stages[PROBE_ABI_RESIDENCE].has_share);
	for (unsigned int i = PROBE_ABI_RX_PATH; i < PROBE_ABI_STAGE_COUNT; i++)
		assert_false(stages[i].has_share);
	/* Of 1,020 the slowest 1 % are 11: a row is not cut. */
	assert_int_equal(kernel.slowest_1pct.requests, 20);
	assert_int_equal(kernel.slowest_1pct.attributed, 20);
	assert_float_equal(kernel.slowest_1pct.share, 20.0 / 1020, 1e-12);
	assert_true(kernel.slowest_1pct.residence_mean_ns == 10e6);
	assert_true(kernel.slowest_1pct.from_ns <= 10 * MS);
	result_kernel_release(&kernel);
}

static void stages_have_their_distributions(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel = fill(readings);
	const struct result_kernel_stage *residence = &kernel.stages[PROBE_ABI_RESIDENCE];
	uint64_t samples = 0;

	assert_int_equal(residence->count, 1020);
	assert_float_equal(residence->mean_ns, 300e6 / 1020, 1e-6);
	assert_in_range(residence->p50_ns, 97 * US, 103 * US);
	assert_in_range(residence->p99_ns, 9700 * US, 10300 * US);
	assert_false(residence->few_p50);
	assert_true(residence->few_p95);
	assert_true(residence->few_p99);
	for (size_t i = 0; i < residence->cell_count; i++)
		samples += residence->cells[i].count;
	assert_int_equal(residence->cell_count, 2);
	assert_int_equal(samples, 1020);
	assert_int_equal(kernel.stages[PROBE_ABI_RX_PATH].count, 1000);
	assert_int_equal(kernel.stages[PROBE_ABI_REQUEST_SPAN].count, 0);
	/* No row of the slowest lies in the highest cell: its middle. */
	assert_in_range(kernel.residence_max_ns, 9700 * US, 10300 * US);
	result_kernel_release(&kernel);

	readings->slowest[1].residence_ns = 10 * MS + 1;
	readings->slowest[1].part_ns[PROBE_ABI_APP_DISK] = 0;
	kernel = fill(readings);
	assert_int_equal(kernel.residence_max_ns, 10 * MS + 1);
	result_kernel_release(&kernel);
}

static void the_mix_has_the_rows_in_use(void **state)
{
	struct result_kernel kernel = fill(*state);
	uint64_t parts_ns = 0;

	assert_int_equal(kernel.mix_count, 2);
	assert_int_equal(kernel.mix[0].requests, 1000);
	assert_int_equal(kernel.mix[0].residence_ns, 100 * MS);
	assert_int_equal(kernel.mix[0].part_ns[PROBE_ABI_APP_RUNQ], 20 * MS);
	assert_int_equal(kernel.mix[1].attributed, 20);
	assert_true(kernel.mix[1].from_ns == kernel.slowest_1pct.from_ns);
	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++)
		parts_ns += kernel.mix[1].part_ns[part];
	assert_int_equal(parts_ns, kernel.mix[1].residence_ns);
	result_kernel_release(&kernel);
}

/* The programs count on while they are read: a whole is never less than its parts. */
static void uneven_readings_stay_consistent(void **state)
{
	struct readings *readings = *state;
	struct probe_abi_mix *row = &readings->stages
					     .mix[hist_layout_index(PROBE_ABI_MIX_BITS, 10 * MS)];
	struct result_kernel kernel;

	row->attributed++;
	row->part_ns[PROBE_ABI_APP_CPU] += 10 * MS;
	readings->stages.count[PROBE_ABI_HANDOFFS] = 1021;
	readings->threads[0].cpu_ns = readings->threads[0].wall_ns + 1;
	kernel = fill(readings);
	assert_int_equal(kernel.attributed, 1021);
	assert_int_equal(kernel.requests, 1021);
	assert_int_equal(kernel.mix[1].requests, 21);
	assert_int_equal(kernel.mix[1].residence_ns, 210 * MS);
	assert_int_equal(kernel.slowest_1pct.requests, 21);
	assert_true(kernel.handoff_share == 1);
	assert_true(kernel.workers[0].cpu == 1);
	result_kernel_release(&kernel);
}

static void nothing_attributed_has_no_shares(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel;

	readings_clear(readings);
	readings->stages.count[PROBE_ABI_REQUESTS] = 4;
	readings->stages.count[PROBE_ABI_HANDOFFS] = 3;
	readings->stages.count[PROBE_ABI_OFFLOADED] = 1;
	readings->stages.mix[100].requests = 4;
	readings_record(readings, PROBE_ABI_RESIDENCE, 5 * MS);
	kernel = fill(readings);
	assert_int_equal(kernel.requests, 4);
	assert_int_equal(kernel.attributed, 0);
	assert_true(kernel.handoff_share == 0.75);
	assert_true(kernel.offloaded_share == 0.25);
	assert_true(kernel.unattributed_share == 0);
	assert_false(kernel.stages[PROBE_ABI_QUEUE].has_share);
	assert_int_equal(kernel.slowest_1pct.requests, 4);
	assert_int_equal(kernel.slowest_1pct.attributed, 0);
	assert_true(kernel.has_residual);
	result_kernel_release(&kernel);
}

static void assert_no_residual(const struct readings *readings, const char *reason)
{
	struct result_kernel kernel = fill(readings);

	assert_false(kernel.has_residual);
	assert_string_equal(kernel.residual_reason, reason);
	result_kernel_release(&kernel);
}

static void the_residual_is_what_the_server_did_not_take(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel = fill(readings);

	assert_true(kernel.has_residual);
	assert_float_equal(kernel.residual_ns, 350e3 - 300e6 / 1020, 1e-6);
	assert_true(kernel.has_sampled_fraction);
	assert_true(kernel.sampled_fraction == 1020.0 / 8000);
	result_kernel_release(&kernel);

	readings->client.service_is_lower_bound = true;
	assert_no_residual(readings, "some requests never got their answer: the client's mean is "
				     "only a lower bound");
	readings->client.service_is_lower_bound = false;
	readings->client.requests = 0;
	assert_no_residual(readings, "the client completed no request");
	kernel = fill(readings);
	assert_false(kernel.has_sampled_fraction);
	result_kernel_release(&kernel);
	readings->client.requests = 1;
	memset(&readings->stages.hist[PROBE_ABI_RESIDENCE], 0, sizeof(*readings->stages.hist));
	assert_no_residual(readings, "no request was sampled");
	readings->input.client = NULL;
	assert_no_residual(
		readings, "something else drove the load: nothing here timed its requests");
}

static void errors_of_sampling(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel = fill(readings);

	assert_true(kernel.has_error);
	assert_true(kernel.error_share == stages_error_share(&readings->stages));
	assert_true(kernel.error_share > 0);
	assert_int_equal(kernel.sample, 8);
	result_kernel_release(&kernel);
	readings->readings.sample = 1;
	readings->readings.takes_turns = false;
	kernel = fill(readings);
	assert_true(kernel.has_error);
	assert_true(kernel.error_share == 0);
	result_kernel_release(&kernel);
	readings->readings.sample = 8;
	readings->readings.takes_turns = true;
	memset(&readings->stages.group[1], 0, 255 * sizeof(*readings->stages.group));
	kernel = fill(readings);
	assert_false(kernel.has_error);
	result_kernel_release(&kernel);
}

static void counters_have_their_places(void **state)
{
	static const struct {
		enum result_kernel_counter_kind kind;
		uint64_t value;
	} rows[] = {
		{RESULT_KERNEL_RETRANSMITS, 100 + PROBE_ABI_RETRANSMITS},
		{RESULT_KERNEL_RESETS_SENT, 100 + PROBE_ABI_RESETS_SENT},
		{RESULT_KERNEL_RESETS_RECEIVED, 100 + PROBE_ABI_RESETS_RECEIVED},
		{RESULT_KERNEL_HANDOFFS, 100 + PROBE_ABI_HANDOFFS},
		{RESULT_KERNEL_OPENED, 100 + PROBE_ABI_OPENED},
		{RESULT_KERNEL_SEEDED, 100 + PROBE_ABI_SEEDED},
		{RESULT_KERNEL_CLOSED, 100 + PROBE_ABI_CLOSED},
		{RESULT_KERNEL_SPLIT, 100 + PROBE_ABI_SPLIT},
		{RESULT_KERNEL_PIPELINED, 100 + PROBE_ABI_PIPELINED},
		{RESULT_KERNEL_ABANDONED, 100 + PROBE_ABI_ABANDONED},
		{RESULT_KERNEL_NO_ARRIVAL, 100 + PROBE_ABI_NO_ARRIVAL},
		{RESULT_KERNEL_SPAN_UNKNOWN, 100 + PROBE_ABI_SPAN_UNKNOWN},
		{RESULT_KERNEL_LISTEN_OVERFLOWS, 11},
		{RESULT_KERNEL_LISTEN_DROPS, 12},
		{RESULT_KERNEL_SYN_COOKIES, 13},
		{RESULT_KERNEL_SYN_DROPS, 14},
		{RESULT_KERNEL_THROTTLED_NS, 15},
		{RESULT_KERNEL_THROTTLED_PERIODS, 16},
		{RESULT_KERNEL_LOST, 200 + PROBE_ABI_LOST_CONNECTIONS + PROBE_ABI_LOST_THREADS},
		{RESULT_KERNEL_MISSED, 17},
	};
	struct readings *readings = *state;
	struct result_kernel kernel;

	readings->readings.sample = 1;
	readings->readings.takes_turns = false;
	readings->readings.missed = 17;
	kernel = fill(readings);
	assert_int_equal(sizeof(rows) / sizeof(*rows), RESULT_KERNEL_COUNTER_COUNT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(kernel.counters[rows[i].kind].has_value);
		assert_int_equal(kernel.counters[rows[i].kind].value, rows[i].value);
		assert_non_null(result_kernel_counter_key(rows[i].kind));
	}
	assert_null(result_kernel_counter_key(RESULT_KERNEL_COUNTER_COUNT));
	assert_true(kernel.has_softirq);
	assert_true(kernel.softirq_share == 0.0125);
	result_kernel_release(&kernel);
}

static void what_the_host_does_not_tell_has_a_reason(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel;

	readings->host = (struct host){.netstat_reason = "no netstat",
		.softirq_reason = "no stat",
		.throttled_reason = "no quota"};
	kernel = fill(readings);
	assert_false(kernel.counters[RESULT_KERNEL_SYN_DROPS].has_value);
	assert_string_equal(kernel.counters[RESULT_KERNEL_SYN_DROPS].reason, "no netstat");
	assert_string_equal(kernel.counters[RESULT_KERNEL_THROTTLED_NS].reason, "no quota");
	assert_string_equal(kernel.softirq_reason, "no stat");
	/* Sampling leaves arrivals out on purpose. */
	assert_false(kernel.counters[RESULT_KERNEL_NO_ARRIVAL].has_value);
	assert_true(kernel.counters[RESULT_KERNEL_RETRANSMITS].has_value);
	result_kernel_release(&kernel);

	readings->input.host = NULL;
	readings->readings.has_overhead = false;
	readings->readings.overhead_reason = "statistics are off";
	readings->readings.profile = (struct probe_profile){.reason = "it was not asked for"};
	kernel = fill(readings);
	assert_string_equal(kernel.counters[RESULT_KERNEL_LISTEN_DROPS].reason,
		"the counters of the server's host were not read");
	assert_false(kernel.has_softirq);
	assert_false(kernel.has_overhead);
	assert_string_equal(kernel.overhead_reason, "statistics are off");
	assert_false(kernel.profile.measured);
	assert_string_equal(kernel.profile.reason, "it was not asked for");
	result_kernel_release(&kernel);
}

static void threads_are_shares_of_their_time(void **state)
{
	struct result_kernel kernel = fill(*state);

	assert_int_equal(kernel.worker_count, 2);
	assert_int_equal(kernel.workers[0].tid, 501);
	assert_int_equal(kernel.workers[0].pid, 500);
	assert_true(kernel.workers[0].wall_s == 10);
	assert_true(kernel.workers[0].cpu == 0.5);
	assert_true(kernel.workers[0].runq == 0.1);
	assert_true(kernel.workers[0].sleep == 0.2);
	assert_true(kernel.workers[0].disk == 0.15);
	assert_true(kernel.workers[0].stopped == 0.05);
	assert_true(kernel.workers[0].in_request == 0.25);
	assert_int_equal(kernel.workers[0].switches, 77);
	assert_int_equal(kernel.workers[0].preempted, 66);
	assert_true(kernel.workers[1].exited);
	/* 765 against a mean of 510. */
	assert_true(kernel.imbalance == 0.5);
	result_kernel_release(&kernel);
}

/* --- slow requests from both sides ------------------------------------------------------------ */

static void slow_requests_are_joined(void **state)
{
	struct result_kernel kernel = fill(*state);
	const struct result_kernel_slow *slow = &kernel.slowest[0];

	assert_int_equal(kernel.slowest_count, 2);
	assert_string_equal(slow->client, "127.0.0.1:40000");
	assert_int_equal(slow->server_port, 8080);
	assert_int_equal(slow->offset_bytes, 4000);
	assert_int_equal(slow->tid, 501);
	assert_int_equal(slow->pid, 500);
	assert_true(slow->at_s == 0.25);
	assert_int_equal(slow->rx_path_ns, 800);
	assert_true(slow->attributed);
	assert_int_equal(slow->part_ns[PROBE_ABI_APP_DISK], 11 * MS);
	assert_true(slow->has_client);
	assert_int_equal(slow->send_lag_ns, 10 * US);
	assert_int_equal(slow->to_server_ns, 20 * US);
	assert_int_equal(slow->residence_ns, 12 * MS);
	assert_int_equal(slow->from_server_ns, 15 * US);
	assert_int_equal(slow->service_ns, 12 * MS + 35 * US);
	assert_int_equal(slow->total_ns,
		slow->send_lag_ns + slow->to_server_ns + slow->residence_ns + slow->from_server_ns);
	result_kernel_release(&kernel);
}

static bool has_client(const struct readings *readings)
{
	struct result_kernel kernel = fill(readings);
	bool has = kernel.slowest[0].has_client;

	result_kernel_release(&kernel);
	return has;
}

/* Each part of the key, and the time. */
static void another_request_is_not_joined(void **state)
{
	struct readings *readings = *state;
	struct slowest_row *row = &readings->client_rows[0], right = *row;

	assert_true(has_client(readings));
	row->local_port++;
	assert_false(has_client(readings));
	*row = right;
	row->offset_bytes++;
	assert_false(has_client(readings));
	*row = right;
	row->sent_ns = readings->slowest[0].arrived_ns + 1;
	assert_false(has_client(readings));
	*row = right;
	row->done_ns = readings->slowest[0].arrived_ns + readings->slowest[0].residence_ns - 1;
	assert_false(has_client(readings));
	*row = right;
	row->intended_ns = row->sent_ns + 1;
	assert_false(has_client(readings));
	*row = right;
	row->sent_ns = readings->slowest[0].arrived_ns;
	row->done_ns = row->sent_ns + readings->slowest[0].residence_ns;
	assert_true(has_client(readings));
	readings->input.client = NULL;
	assert_false(has_client(readings));
}

/* A port used for one request after another, each at offset 0. */
static void a_port_used_again_is_told_by_time(void **state)
{
	struct readings *readings = *state;
	struct slowest_row *rows = readings->client_rows, right = rows[0];
	struct result_kernel kernel;

	for (unsigned int i = 0; i < 8; i++) {
		rows[i] = right;
		rows[i].intended_ns = right.intended_ns + i * 100 * MS - 500 * MS;
		rows[i].sent_ns = right.sent_ns + i * 100 * MS - 500 * MS;
		rows[i].done_ns = right.done_ns + i * 100 * MS - 500 * MS;
	}
	readings->client_slowest[1].count = 8;
	kernel = fill(readings);
	assert_true(kernel.slowest[0].has_client);
	assert_int_equal(kernel.slowest[0].to_server_ns, 20 * US);
	result_kernel_release(&kernel);
	rows[5].local_port = 1;
	assert_false(has_client(readings));
}

static void addresses_of_both_families(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel;

	readings->slowest[0].client_address[2] = 0;
	readings->slowest[0].client_address[3] = htonl(1);
	memset(readings->slowest[1].client_address, 0xff, 16);
	readings->slowest[1].client_port = 65535;
	kernel = fill(readings);
	assert_string_equal(kernel.slowest[0].client, "[::1]:40000");
	assert_string_equal(
		kernel.slowest[1].client, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	result_kernel_release(&kernel);
}

static void ten_rows_and_no_torn_one(void **state)
{
	struct readings *readings = *state;
	struct result_kernel kernel;

	for (unsigned int i = 0; i < PROBE_ABI_SLOWEST; i++) {
		readings->slowest[i] = readings->slowest[0];
		readings->slowest[i].residence_ns -= i;
		readings->slowest[i].part_ns[PROBE_ABI_APP_DISK] -= i;
	}
	readings->readings.slowest_count = PROBE_ABI_SLOWEST;
	readings->slowest[3].part_ns[PROBE_ABI_APP_CPU] = 1;
	readings->slowest[4].attributed = 0;
	kernel = fill(readings);
	assert_int_equal(kernel.slowest_count, RESULT_KERNEL_SLOWEST);
	assert_int_equal(kernel.slowest[2].residence_ns, 12 * MS - 2);
	assert_int_equal(kernel.slowest[3].residence_ns, 12 * MS - 4);
	/* Without stages of its own. */
	assert_false(kernel.slowest[3].attributed);
	assert_int_equal(kernel.slowest[3].part_ns[PROBE_ABI_APP_DISK], 0);
	result_kernel_release(&kernel);
}

static void stacks_are_copied(void **state)
{
	struct result_kernel kernel = fill(*state);

	assert_true(kernel.profile.measured);
	assert_int_equal(kernel.profile.stack_count, 2);
	assert_string_equal(kernel.profile.stacks[0].frames, "start;main;write_[k]");
	assert_int_equal(kernel.profile.stacks[1].samples, 2);
	assert_int_equal(kernel.profile.truncated, 21);
	result_kernel_release(&kernel);
}

#define WITH_READINGS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_READINGS(without_a_probe_the_reason_is_the_callers),
		WITH_READINGS(a_port_nobody_serves_is_said),
		WITH_READINGS(any_sign_of_a_server_counts),
		WITH_READINGS(shares_are_of_the_residence),
		WITH_READINGS(stages_have_their_distributions),
		WITH_READINGS(the_mix_has_the_rows_in_use),
		WITH_READINGS(uneven_readings_stay_consistent),
		WITH_READINGS(nothing_attributed_has_no_shares),
		WITH_READINGS(the_residual_is_what_the_server_did_not_take),
		WITH_READINGS(errors_of_sampling),
		WITH_READINGS(counters_have_their_places),
		WITH_READINGS(what_the_host_does_not_tell_has_a_reason),
		WITH_READINGS(threads_are_shares_of_their_time),
		WITH_READINGS(slow_requests_are_joined),
		WITH_READINGS(another_request_is_not_joined),
		WITH_READINGS(a_port_used_again_is_told_by_time),
		WITH_READINGS(addresses_of_both_families),
		WITH_READINGS(ten_rows_and_no_torn_one),
		WITH_READINGS(stacks_are_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
