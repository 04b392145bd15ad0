/* SPDX-License-Identifier: MIT */
/*
 * A large request on a machine of several NUMA nodes: the first worker of each node copies it, and
 * all workers of the node send that copy. The nodes are told in the plan; it takes no such machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "tests/unit/target_peer.h"

#define WORKERS  4
#define REQUESTS 40
#define BYTES    (200 * 1024)

struct bench {
	struct peer_server server;
	char url[64], *body;
	struct scenario scenario;
	struct plan plan;
};

static void begin(struct bench *bench)
{
	static const char *const routes[] = {"/ size=10", NULL};
	struct err err = {0};

	memset(bench, 0, sizeof(*bench));
	peer_open(&bench->server, routes, NULL);
	snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%u/", bench->server.port);
	bench->body = malloc(BYTES);
	assert_non_null(bench->body);
	memset(bench->body, 'b', BYTES);
	scenario_init(&bench->scenario);
	bench->scenario.url = bench->url;
	bench->scenario.body = bench->body;
	bench->scenario.body_bytes = BYTES;
	bench->scenario.connections = 2 * WORKERS;
	bench->scenario.workers = WORKERS;
	bench->scenario.has_requests = true;
	bench->scenario.requests = REQUESTS;
	if (scenario_check(&bench->scenario, &err) ||
		plan_make(&bench->plan, &bench->scenario, &err))
		fail_msg("%s", err.text);
	assert_int_equal(bench->plan.worker_count, WORKERS);
	assert_true(bench->plan.request.shared);
}

static void end(struct bench *bench)
{
	plan_release(&bench->plan);
	scenario_release(&bench->scenario);
	peer_close(&bench->server);
	free(bench->body);
}

/* As if the first and third worker had a node, and the second and fourth another. */
static void split(struct plan *plan)
{
	plan->request.per_node = true;
	for (size_t i = 0; i < WORKERS; i++)
		plan->workers[i].first_of_node = i % 2;
}

static void one_worker_of_each_node_has_it(void **state)
{
	size_t before[WORKERS];
	struct bench bench;

	(void)state;
	begin(&bench);
	bench.plan.request.per_node = false;
	engine_memory(&bench.plan);
	for (size_t i = 0; i < WORKERS; i++)
		before[i] = bench.plan.workers[i].arena_bytes;
	split(&bench.plan);
	engine_memory(&bench.plan);
	for (size_t i = 0; i < WORKERS; i++) {
		size_t more = bench.plan.workers[i].arena_bytes - before[i];

		if (i < 2)
			assert_in_range(more, bench.plan.request.wire_bytes,
				bench.plan.request.wire_bytes + 4096);
		else
			assert_int_equal(more, 0);
	}
	end(&bench);
}

/* The rendering is spoilt once they are ready: it is not what they send. */
static void all_send_the_copies(void **state)
{
	uint64_t completed = 0, ok = 0;
	struct engine *engine;
	struct bench bench;
	struct err err = {0};

	(void)state;
	begin(&bench);
	split(&bench.plan);
	engine_memory(&bench.plan);
	if (engine_open(&engine, &bench.plan, &err))
		fail_msg("%s", err.text);
	memset(bench.plan.request.wire, '?', bench.plan.request.wire_bytes);
	engine_start(engine, clock_now_ns() + NS_PER_MS);
	while (!engine_wait(engine, clock_now_ns() + NS_PER_S))
		;
	assert_null(engine_fault(engine));
	for (size_t i = 0; i < WORKERS; i++) {
		const struct counters
			*counters = &engine_stats(engine, i)->phase[STATS_MEASURED].counters;

		completed += counters->value[COUNTER_COMPLETED];
		ok += counters->value[COUNTER_OUTCOME_OK];
	}
	assert_int_equal(completed, REQUESTS);
	assert_int_equal(ok, REQUESTS);
	engine_close(engine);
	end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_of_each_node_has_it),
		cmocka_unit_test(all_send_the_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
