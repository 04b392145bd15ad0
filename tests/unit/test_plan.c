/* SPDX-License-Identifier: MIT */
/* The whole plan, from a scenario and a machine of tests/fixtures/topology. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "plan/arrival.h"
#include "plan/plan.h"

#define TWO_CPUS    "tests/fixtures/topology/two-cpus"
#define TWO_SOCKETS "tests/fixtures/topology/two-sockets"

static struct scenario scenario_of(const char *url)
{
	struct scenario scenario;

	scenario_init(&scenario);
	scenario.url = url;
	return scenario;
}

static void make(struct plan *plan, struct scenario *scenario, const char *root)
{
	struct err err = {0};

	if (scenario_check(scenario, &err) || plan_make_below(plan, scenario, root, &err))
		fail_msg("refused: %s", err.text);
}

static void assert_starts(const char *text, const char *start)
{
	assert_memory_equal(text, start, strlen(start));
}

static void test_defaults(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1:8080/a?b#c");
	struct plan plan;

	(void)state;
	make(&plan, &scenario, TWO_CPUS);
	assert_ptr_equal(plan.scenario, &scenario);
	assert_string_equal(plan.url, "http://127.0.0.1:8080/a?b#c");
	assert_string_equal(plan.host, "127.0.0.1:8080");
	assert_int_equal(plan.address_count, 1);
	assert_string_equal(plan.addresses[0].text, "127.0.0.1:8080");
	assert_string_equal(plan.request.name, "GET /a");
	assert_starts(plan.request.wire, "GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n");
	assert_false(plan.open_loop);
	assert_false(plan.has_requests);
	assert_int_equal(plan.rate_mrps, 0);
	assert_int_equal(plan.requests, 0);
	assert_int_equal(plan.connections, 64);
	assert_int_equal(plan.pipeline, 1);
	assert_int_equal(plan.duration_ns, 10 * NS_PER_S);
	assert_int_equal(plan.longest_ns, 20 * NS_PER_S);
	assert_int_equal(plan.max_in_flight_per_worker, UINT64_MAX);
	assert_int_equal(plan.worker_count, 1);
	assert_int_equal(plan.workers[0].connections, 64);
	assert_int_equal(plan.workers[0].first_connection, 0);
	assert_int_equal(plan.buffer_count, 16);
	assert_int_equal(plan.buffer_bytes, 65536);
	assert_false(plan.request.shared);
	plan_release(&plan);
	plan_release(&plan);
}

static void test_values_go_through(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct plan plan;

	(void)state;
	scenario.open_loop = true;
	scenario.rate_mrps = 123456;
	scenario.arrival = SCENARIO_POISSON;
	scenario.pacing = SCENARIO_PACING_SPIN;
	scenario.pipeline = 8;
	scenario.warmup_ns = 2 * NS_PER_S;
	scenario.timeout_ns = 3 * NS_PER_S;
	scenario.drain_ns = 5 * NS_PER_S;
	scenario.has_seed = true;
	scenario.seed = UINT64_C(0xfedcba9876543210);
	make(&plan, &scenario, TWO_CPUS);
	assert_true(plan.open_loop);
	assert_int_equal(plan.rate_mrps, 123456);
	assert_int_equal(plan.arrival, SCENARIO_POISSON);
	assert_int_equal(plan.pacing, SCENARIO_PACING_SPIN);
	assert_int_equal(plan.pipeline, 8);
	assert_int_equal(plan.warmup_ns, 2 * NS_PER_S);
	assert_int_equal(plan.timeout_ns, 3 * NS_PER_S);
	assert_int_equal(plan.drain_ns, 5 * NS_PER_S);
	assert_int_equal(plan.longest_ns, 8 * NS_PER_S);
	assert_int_equal(plan.seed, UINT64_C(0xfedcba9876543210));
	plan_release(&plan);
}

static void test_connections_are_divided_evenly(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct plan plan;
	uint32_t next = 0;

	(void)state;
	scenario.connections = 103;
	scenario.workers = 5;
	make(&plan, &scenario, TWO_SOCKETS);
	assert_int_equal(plan.worker_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(plan.workers[i].connections, i < 3 ? 21 : 20);
		assert_int_equal(plan.workers[i].first_connection, next);
		next += plan.workers[i].connections;
	}
	assert_int_equal(next, 103);
	plan_release(&plan);
}

static void test_in_flight_never_exceeds_what_was_asked(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct plan plan;

	(void)state;
	scenario.open_loop = true;
	scenario.rate_mrps = 1000000;
	scenario.has_max_in_flight = true;
	scenario.max_in_flight = 100;
	scenario.workers = 3;
	make(&plan, &scenario, TWO_SOCKETS);
	assert_int_equal(plan.max_in_flight_per_worker, 33);
	plan_release(&plan);
}

static void test_requests_are_divided_exactly(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct plan plan;
	uint64_t total = 0;

	(void)state;
	scenario.has_requests = true;
	scenario.requests = 100001;
	scenario.duration_ns = UINT64_MAX;
	scenario.workers = 4;
	make(&plan, &scenario, TWO_SOCKETS);
	assert_int_equal(plan.duration_ns, UINT64_MAX);
	for (size_t i = 0; i < 4; i++)
		total += plan.workers[i].requests;
	assert_int_equal(total, 100001);
	plan_release(&plan);

	scenario.open_loop = true;
	scenario.rate_mrps = 50000000;
	scenario.requests = 500000;
	make(&plan, &scenario, TWO_SOCKETS);
	assert_int_equal(plan.duration_ns, 10 * NS_PER_S);
	plan_release(&plan);
}

/* Two plans with one seed have one schedule; without a seed they do not. */
static void test_seeds(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct arrival first, second;
	struct plan plan, again;

	(void)state;
	scenario.open_loop = true;
	scenario.rate_mrps = 1000000;
	scenario.arrival = SCENARIO_POISSON;
	make(&plan, &scenario, TWO_CPUS);
	make(&again, &scenario, TWO_CPUS);
	assert_int_not_equal(plan.seed, again.seed);
	assert_true(plan.seed <= UINT32_MAX);
	plan_release(&again);
	scenario.has_seed = true;
	scenario.seed = plan.seed;
	make(&again, &scenario, TWO_CPUS);
	arrival_init(&first, &plan, 0);
	arrival_init(&second, &again, 0);
	while (first.next_ns != ARRIVAL_NONE) {
		assert_int_equal(first.next_ns, second.next_ns);
		arrival_advance(&first);
		arrival_advance(&second);
	}
	assert_int_equal(second.next_ns, ARRIVAL_NONE);
	plan_release(&plan);
	plan_release(&again);
}

static void test_connect_to(void **state)
{
	struct scenario scenario = scenario_of("http://example.invalid/");
	struct err err = {0};
	struct plan plan;

	(void)state;
	/* The name of the URL is not asked for, only sent. */
	scenario.connect_to = "[::1]:8081";
	make(&plan, &scenario, TWO_CPUS);
	assert_string_equal(plan.host, "example.invalid");
	assert_int_equal(plan.address_count, 1);
	assert_string_equal(plan.addresses[0].text, "[::1]:8081");
	assert_starts(plan.request.wire, "GET / HTTP/1.1\r\nHost: example.invalid\r\n");
	plan_release(&plan);
	scenario.connect_to = "127.0.0.1";
	assert_true(plan_make_below(&plan, &scenario, TWO_CPUS, &err) < 0);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(
		err.text, "--connect-to: \"127.0.0.1\" has no port: write \"127.0.0.1:80\"");
}

/* Whatever fails, nothing is left behind (the leak checker watches) and the sentence is there. */
static void test_failures(void **state)
{
	static const struct {
		const char *url, *method, *header, *cpus, *sentence;
	} cases[] = {
		{"localhost:8080", NULL, NULL, NULL, "has no scheme"},
		{"http://127.0.0.1/", "G T", NULL, NULL, "is not a method"},
		{"http://127.0.0.1/", NULL, "X", NULL, "has no \":\""},
		{"http://127.0.0.1/", NULL, NULL, "7", "is offline or not allowed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scenario scenario = scenario_of(cases[i].url);
		struct err err = {0};
		struct plan plan;

		scenario.method = cases[i].method;
		scenario.cpus = cases[i].cpus;
		if (cases[i].header)
			assert_int_equal(
				scenario_list_add(&scenario.headers, cases[i].header, NULL), 0);
		assert_int_equal(scenario_check(&scenario, NULL), 0);
		assert_true(plan_make_below(&plan, &scenario, TWO_CPUS, &err) < 0);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.text, cases[i].sentence));
		assert_null(plan.workers);
		assert_null(plan.addresses);
		scenario_release(&scenario);
	}
}

static void test_this_machine(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1:1/");
	struct err err = {0};
	struct plan plan;

	(void)state;
	assert_int_equal(scenario_check(&scenario, NULL), 0);
	if (plan_make(&plan, &scenario, &err))
		fail_msg("refused: %s", err.text);
	assert_true(plan.worker_count >= 1);
	plan_release(&plan);
}

/* Four values change, and nothing else. */
static void test_retime(void **state)
{
	const struct plan_window window = {.rate_mrps = 999999,
		.warmup_ns = 1 * NS_PER_S,
		.duration_ns = 77 * NS_PER_MS,
		.seed = 8};
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct plan plan, before;

	(void)state;
	scenario.open_loop = true;
	scenario.rate_mrps = 1000000;
	make(&plan, &scenario, TWO_CPUS);
	memcpy(&before, &plan, sizeof(plan));
	plan_retime(&plan, &window);
	assert_int_equal(plan.rate_mrps, 999999);
	assert_int_equal(plan.warmup_ns, 1 * NS_PER_S);
	assert_int_equal(plan.duration_ns, 77 * NS_PER_MS);
	assert_int_equal(plan.seed, 8);
	plan.rate_mrps = before.rate_mrps;
	plan.warmup_ns = before.warmup_ns;
	plan.duration_ns = before.duration_ns;
	plan.seed = before.seed;
	assert_memory_equal(&plan, &before, sizeof(plan));
	plan_release(&plan);
}

static void test_drop_address(void **state)
{
	struct scenario scenario = scenario_of("http://127.0.0.1/");
	struct plan_address addresses[3];
	struct plan plan;

	(void)state;
	make(&plan, &scenario, TWO_CPUS);
	for (size_t i = 0; i < 3; i++) {
		addresses[i] = plan.addresses[0];
		addresses[i].text[0] = (char)('a' + i);
	}
	/* address_resolve leaves room for more than one. */
	memcpy(plan.addresses, addresses, sizeof(addresses));
	plan.address_count = 3;
	plan_drop_address(&plan, 1);
	assert_int_equal(plan.address_count, 2);
	assert_int_equal(plan.addresses[0].text[0], 'a');
	assert_int_equal(plan.addresses[1].text[0], 'c');
	plan_drop_address(&plan, 1);
	plan_drop_address(&plan, 0);
	assert_int_equal(plan.address_count, 0);
	plan_release(&plan);
}

static void check_buffers(uint32_t connections, bool bounded, uint32_t count, uint32_t bytes)
{
	struct plan_worker workers[2] = {{.connections = 1}, {.connections = connections}};
	struct plan plan = {.workers = workers, .worker_count = 2};

	plan_buffers(&plan, bounded, false);
	assert_int_equal(plan.buffer_count, count);
	assert_int_equal(plan.buffer_bytes, bytes);
	assert_false(plan.incremental_buffers);
	/* The worker with the most decides, wherever it stands. */
	workers[0].connections = connections;
	workers[1].connections = 1;
	plan_buffers(&plan, bounded, false);
	assert_int_equal(plan.buffer_count, count);
	assert_int_equal(plan.buffer_bytes, bytes);
}

static void test_buffers(void **state)
{
	(void)state;
	check_buffers(100000, true, 64, 16384);
	check_buffers(1, false, 64, 16384);
	check_buffers(32, false, 64, 16384);
	check_buffers(33, false, 128, 4096);
	check_buffers(1000, false, 2048, 4096);
	check_buffers(1024, false, 2048, 4096);
	check_buffers(16384, false, 32768, 4096);
	check_buffers(100000, false, 32768, 4096);
}

static void test_shared_buffers(void **state)
{
	struct plan_worker worker = {.connections = 100000};
	struct plan plan = {.workers = &worker, .worker_count = 1};

	(void)state;
	plan_buffers(&plan, true, true);
	assert_true(plan.incremental_buffers);
	assert_int_equal(plan.buffer_count, 16);
	assert_int_equal(plan.buffer_bytes, 65536);
	/* Few connections have room enough in them on a kernel that runs all task work, too. */
	plan_buffers(&plan, false, true);
	assert_false(plan.incremental_buffers);
	assert_int_equal(plan.buffer_count, 32768);
	worker.connections = 32;
	plan_buffers(&plan, false, true);
	assert_true(plan.incremental_buffers);
	assert_int_equal(plan.buffer_count, 16);
}

static void check_asked(uint32_t asked, bool incremental, uint32_t count)
{
	struct scenario scenario = {.buffer_bytes = asked};
	struct plan_worker worker = {.connections = 8};
	struct plan plan = {.scenario = &scenario, .workers = &worker, .worker_count = 1};

	plan_buffers(&plan, true, incremental);
	assert_int_equal(plan.buffer_bytes, asked);
	assert_int_equal(plan.buffer_count, count);
}

static void test_asked_buffers(void **state)
{
	(void)state;
	check_asked(1024, true, 1024);
	check_asked(65537, true, 8);
	check_asked(262144, true, 4);
	check_asked(4 << 20, true, 4);
	check_asked(1024, false, 1024);
	check_asked(4 << 20, false, 64);
}

/* Whether each node of a machine gets a copy of a request with a body of so many bytes. */
static bool copied_per_node(const char *root, size_t bytes, uint64_t memory_bytes)
{
	struct scenario scenario = scenario_of("http://10.1.2.3/");
	char *body = calloc(1, bytes);
	struct plan plan;
	bool is;

	assert_non_null(body);
	scenario.body = body;
	scenario.body_bytes = bytes;
	scenario.memory_limit_bytes = memory_bytes;
	scenario.workers = 5;
	if (!strcmp(root, TWO_SOCKETS))
		scenario.cpus = "0-1,4-6";
	make(&plan, &scenario, root);
	is = plan.request.per_node;
	assert_int_equal(plan.worker_count, 5);
	if (!strcmp(root, TWO_SOCKETS))
		for (size_t i = 0; i < 5; i++) {
			const struct plan_worker *worker = &plan.workers[i];
			size_t its = worker->first_of_node;

			assert_true(its <= i && plan.workers[its].first_of_node == its);
			assert_int_equal(plan.workers[its].numa_node, worker->numa_node);
			for (size_t j = 0; j < its; j++)
				assert_int_not_equal(plan.workers[j].numa_node, worker->numa_node);
		}
	plan_release(&plan);
	scenario_release(&scenario);
	free(body);
	return is;
}

static void test_large_requests_lie_on_each_node(void **state)
{
	const uint64_t usual = UINT64_C(2) << 30;

	(void)state;
	assert_true(copied_per_node(TWO_SOCKETS, 100000, usual));
	/* Each worker has copies of its own. */
	assert_false(copied_per_node(TWO_SOCKETS, 1000, usual));
	/* There is but one node. */
	assert_false(copied_per_node(TWO_CPUS, 100000, usual));
	/* Two of them, with their heads, are more than a quarter of what is allowed. */
	assert_false(copied_per_node(TWO_SOCKETS, 1 << 20, 8 << 20));
	assert_true(copied_per_node(TWO_SOCKETS, 1 << 20, (8 << 20) + 4096));
}

/* What is left of what was asked, for a request of so many bytes. */
static enum scenario_send settled(enum scenario_send asked, size_t bytes, bool reports)
{
	struct plan plan = {.send = asked, .request.wire_bytes = bytes};
	struct err err = {0};

	assert_int_equal(plan_send(&plan, true, reports, &err), 0);
	assert_int_equal(plan.send_reports, reports);
	return plan.send;
}

static void test_send(void **state)
{
	(void)state;
	assert_int_equal(settled(SCENARIO_SEND_AUTO, 16384, true), SCENARIO_SEND_PLAIN);
	assert_int_equal(settled(SCENARIO_SEND_AUTO, 16385, true), SCENARIO_SEND_AUTO);
	assert_int_equal(settled(SCENARIO_SEND_AUTO, 1 << 20, false), SCENARIO_SEND_PLAIN);
	assert_int_equal(settled(SCENARIO_SEND_PLAIN, 1 << 20, true), SCENARIO_SEND_PLAIN);
	assert_int_equal(settled(SCENARIO_SEND_ZERO_COPY, 40, true), SCENARIO_SEND_ZERO_COPY);
	assert_int_equal(settled(SCENARIO_SEND_ZERO_COPY, 40, false), SCENARIO_SEND_ZERO_COPY);
}

static void test_send_that_cannot_be(void **state)
{
	struct plan_address addresses[2] = {
		{.sockaddr.ss_family = AF_INET}, {.sockaddr.ss_family = AF_UNIX}};
	struct plan plan = {.addresses = addresses, .address_count = 2};
	struct err err = {0};

	(void)state;
	plan.request.wire_bytes = 1 << 20;
	assert_int_equal(plan_send(&plan, true, true, &err), 0);
	assert_int_equal(plan.send, SCENARIO_SEND_PLAIN);
	plan.send = SCENARIO_SEND_ZERO_COPY;
	assert_int_equal(plan_send(&plan, true, true, &err), -EOPNOTSUPP);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_string_equal(err.text,
		"--send zero-copy: a unix socket cannot send without a copy: use --send auto, "
		"which copies where it must");
	plan.address_count = 1;
	assert_int_equal(plan_send(&plan, false, false, &err), -EOPNOTSUPP);
	assert_string_equal(err.text,
		"--send zero-copy: this kernel has no SEND_ZC, or a seccomp filter hides it: use "
		"--send auto, which copies where it must");
	assert_int_equal(plan_send(&plan, true, true, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values_go_through),
		cmocka_unit_test(test_connections_are_divided_evenly),
		cmocka_unit_test(test_in_flight_never_exceeds_what_was_asked),
		cmocka_unit_test(test_requests_are_divided_exactly),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_connect_to),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_retime),
		cmocka_unit_test(test_drop_address),
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_shared_buffers),
		cmocka_unit_test(test_asked_buffers),
		cmocka_unit_test(test_large_requests_lie_on_each_node),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_send_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
