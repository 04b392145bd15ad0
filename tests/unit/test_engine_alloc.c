/* SPDX-License-Identifier: MIT */
/*
 * Nothing allocates between the start of a load and its end: every call of the allocator by a
 * thread other than the watching one is counted meanwhile, libc's own included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "target/route.h"
#include "target/target.h"

static pthread_t watching;
static int counting;
static unsigned int allocations;

static void note_allocation(void)
{
	if (__atomic_load_n(&counting, __ATOMIC_RELAXED) &&
		!pthread_equal(pthread_self(), watching))
		__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

/* The sanitizers' runtime has it; gcc comes without its header. */
int __sanitizer_install_malloc_and_free_hooks(
	void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *pointer, size_t bytes)
{
	(void)pointer;
	(void)bytes;
	note_allocation();
}

static void on_free(const volatile void *pointer)
{
	(void)pointer;
}

static void hook(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

#else

/* The C library's own entry points: these definitions stand before them for the whole process. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *pointer, size_t bytes);

void *malloc(size_t bytes)
{
	note_allocation();
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	note_allocation();
	return __libc_calloc(count, bytes);
}

void *realloc(void *pointer, size_t bytes)
{
	note_allocation();
	return __libc_realloc(pointer, bytes);
}

static void hook(void)
{
}

#endif

/* A server in a process of its own, which ends with this one; its port comes through the pipe. */
static void serve(int port_pipe)
{
	const char *address = "127.0.0.1:0";
	struct target_options options = {.addresses = &address, .address_count = 1};
	struct route_set routes = {0};
	struct target *target;
	struct err err = {0};
	uint16_t port = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A connection that ends now and then makes the engine connect while it runs. */
	if (route_set_add(&routes, "/ close-after=50", &err) || route_set_finish(&routes, &err))
		_exit(1);
	options.routes = &routes;
	if (!target_open(&target, &options, &err))
		port = target_port(target, 0);
	else
		fprintf(stderr, "%s\n", err.text);
	if (write(port_pipe, &port, sizeof(port)) != sizeof(port) || !port)
		_exit(1);
	target_wait(target, &err);
	_exit(0);
}

static pid_t start_server(uint16_t *port)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		serve(ends[1]);
	assert_int_equal(read(ends[0], port, sizeof(*port)), sizeof(*port));
	assert_true(*port);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static uint64_t run_window(struct engine *engine, const struct plan *plan)
{
	uint64_t completed = 0;

	engine_start(engine, clock_now_ns());
	while (!engine_wait(engine, clock_now_ns() + NS_PER_S))
		;
	for (size_t i = 0; i < plan->worker_count; i++)
		completed += engine_stats(engine, i)
				     ->phase[STATS_MEASURED]
				     .counters.value[COUNTER_COMPLETED];
	return completed;
}

/* Of the window that ended last. */
static uint64_t stamped(const struct engine *engine, const struct plan *plan)
{
	uint64_t count = 0;

	for (size_t i = 0; i < plan->worker_count; i++)
		count += hist_count(&engine_stats(engine, i)->phase[STATS_MEASURED].until_arrival);
	return count;
}

/* From the first start on, over several windows where it is an open loop. */
static void load(struct scenario *scenario)
{
	struct plan_window window = {.duration_ns = 100 * NS_PER_MS, .rate_mrps = 1500000};
	struct engine *engine;
	struct err err = {0};
	struct plan plan;
	uint64_t completed;

	if (scenario_check(scenario, &err) || plan_make(&plan, scenario, &err))
		fail_msg("%s", err.text);
	plan.slowest_rows = SLOWEST_CAPACITY;
	engine_memory(&plan);
	if (engine_open(&engine, &plan, &err))
		fail_msg("%s", err.text);
	__atomic_store_n(&allocations, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&counting, 1, __ATOMIC_RELAXED);
	completed = run_window(engine, &plan);
	for (window.seed = 1; plan.open_loop && window.seed <= 3; window.seed++) {
		plan_retime(&plan, &window);
		assert_int_equal(engine_again(engine, &err), 0);
		assert_true(run_window(engine, &plan) > 30);
	}
	__atomic_store_n(&counting, 0, __ATOMIC_RELAXED);
	/* What is counted here is another way of receiving. */
	assert_int_equal(stamped(engine, &plan) > 0, scenario->rx_timestamps);
	engine_close(engine);
	plan_release(&plan);
	assert_true(completed > 100);
	assert_int_equal(__atomic_load_n(&allocations, __ATOMIC_RELAXED), 0);
}

static void nothing_allocates(void **state)
{
	struct scenario scenario;
	char url[64];
	uint16_t port;
	pid_t server = start_server(&port);

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	scenario_init(&scenario);
	scenario.url = url;
	scenario.connections = 8;
	scenario.duration_ns = 300 * NS_PER_MS;
	load(&scenario);

	scenario.open_loop = true;
	scenario.rate_mrps = 2000000;
	scenario.workers = 2;
	load(&scenario);

	scenario.rx_timestamps = true;
	load(&scenario);
	scenario.rx_timestamps = false;

	scenario.no_keepalive = scenario.reset_on_close = true;
	scenario.connect_rate_mrps = 2000000;
	assert_int_equal(scenario_list_add(&scenario.sources, "127.0.7.0/24", NULL), 0);
	load(&scenario);
	scenario_release(&scenario);

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void *allocate(void *unused)
{
	/* Volatile: a compiler may leave out what is only freed again. */
	void *volatile memory = malloc(100);

	(void)unused;
	free(memory);
	return NULL;
}

/* The counting itself: it must see what it is there to see. */
static void an_allocation_is_seen(void **state)
{
	pthread_t thread;

	(void)state;
	allocations = 0;
	counting = 1;
	assert_int_equal(pthread_create(&thread, NULL, allocate, NULL), 0);
	pthread_join(thread, NULL);
	counting = 0;
	assert_true(allocations > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_allocation_is_seen),
		cmocka_unit_test(nothing_allocates),
	};

	watching = pthread_self();
	hook();
	return cmocka_run_group_tests_name("engine_alloc", tests, NULL, NULL);
}
