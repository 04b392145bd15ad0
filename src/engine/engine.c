/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/futex.h"
#include "engine/thread.h"
#include "engine/worker.h"
#include "net/sock.h"

/* A server's accept queue is not what is to be measured, unless --connect-rate says so: connections
 * come at a bearable rate. */
#define CONNECTS_PER_SECOND 2000.0

uint64_t engine_memory(struct plan *plan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->worker_count; i++) {
		plan->workers[i].arena_bytes = worker_memory(plan, i);
		bytes += plan->workers[i].arena_bytes;
	}
	return bytes;
}

/* Those that wait are to look at what was changed. Async-signal-safe. */
static void tell_change(struct engine *engine)
{
	__atomic_add_fetch(&engine->changes, 1, __ATOMIC_RELEASE);
	futex_wake(&engine->changes);
}

static int gave_up(int fault, struct err *err)
{
	return err_set(err, ERR_ENVIRONMENT, -EIO, "a worker's ring failed: %s", strerror(-fault));
}

/* Of a worker that is done without having been ready. */
static int never_ready(const struct engine_thread *thread, struct err *err)
{
	if (thread->failed) {
		*err = thread->err;
		return thread->failed;
	}
	if (thread->worker.fault)
		return gave_up(thread->worker.fault, err);
	return err_set(
		err, ERR_INTERRUPTED, -EINTR, "interrupted before the connections were open");
}

/* Until all are ready. */
static int await_ready(struct engine *engine, struct err *err)
{
	size_t ready = 0;

	while (ready < engine->thread_count) {
		struct engine_thread *thread = &engine->threads[ready];

		if (thread_is_done(thread))
			return never_ready(thread, err);
		if (__atomic_load_n(&thread->worker.ready, __ATOMIC_ACQUIRE) == engine->window)
			ready++;
		else
			clock_sleep_until(clock_now_ns() + NS_PER_MS);
	}
	return 0;
}

/*
 * The kernel begins to stamp segments somewhat after the first socket asked for it, and ends after
 * the last: one that is there all the time makes connections that come and go have theirs.
 */
static int keep_stamping(struct engine *engine, struct err *err)
{
	int code;

	if (!engine->plan->rx_timestamps)
		return 0;
	engine->stamping = sock_open(engine->plan->addresses[0].sockaddr.ss_family);
	code = engine->stamping < 0 ? engine->stamping : sock_stamp(engine->stamping);
	if (code)
		return err_set_errno(err, ERR_ENVIRONMENT, code,
			"--rx-timestamps: the kernel does not stamp what arrives");
	return 0;
}

/* code: of eventfd(2), mostly a limit of open files. */
static int no_event(int code, struct err *err)
{
	struct rlimit limit = {0};

	if (code == -ENFILE)
		return err_set_errno(err, ERR_ENVIRONMENT, code,
			"cannot make an event to watch the workers by: raise the limit of open "
			"files of the whole machine (sysctl fs.file-max)");
	if (code != -EMFILE || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set_errno(
			err, ERR_ENVIRONMENT, code, "cannot make an event to watch the workers by");
	return err_set(err, ERR_ENVIRONMENT, code,
		"cannot make an event to watch the workers by: this process may have %ju open "
		"files and has them: raise the limit before with \"ulimit -n %ju\"",
		(uintmax_t)limit.rlim_cur, (uintmax_t)limit.rlim_cur * 2);
}

int engine_open(struct engine **out, const struct plan *plan, struct err *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int code;
	bool has_memory;

	*out = NULL;
	if (!engine)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the engine");
	engine->plan = plan;
	engine->stamping = -1;
	engine->window = 1;
	engine->control.start_ns = UINT64_MAX;
	engine->control.connects_per_second = (plan->connect_rate_mrps
							      ? (double)plan->connect_rate_mrps /
									1e3
							      : CONNECTS_PER_SECOND) /
					      (double)plan->worker_count;
	engine->threads = calloc(plan->worker_count, sizeof(*engine->threads));
	engine->control.copies = calloc(plan->worker_count, sizeof(*engine->control.copies));
	engine->done_event = eventfd(0, EFD_CLOEXEC);
	code = -errno;
	has_memory = engine->threads && engine->control.copies;
	if (!has_memory || engine->done_event < 0) {
		code = has_memory ? no_event(code, err)
				  : err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM,
					    "no memory for the engine");
		goto out;
	}
	/* From here on a signal handler may stop it. */
	*out = engine;
	code = keep_stamping(engine, err);
	if (!code)
		code = ring_probe(&engine->features, err);
	for (size_t i = 0; i < plan->worker_count && !code; i++) {
		engine->threads[i].engine = engine;
		code = thread_start(&engine->threads[i], plan->workers[i].cpu, err);
		engine->thread_count += !code;
	}
	if (!code)
		code = await_ready(engine, err);
	if (!code)
		return 0;
out:
	*out = NULL;
	engine_close(engine);
	return code;
}

static bool all_done(const struct engine *engine)
{
	for (size_t i = 0; i < engine->thread_count; i++)
		if (!thread_is_done(&engine->threads[i]))
			return false;
	return true;
}

void engine_start(struct engine *engine, uint64_t start_ns)
{
	__atomic_store_n(&engine->control.start_ns, start_ns, __ATOMIC_RELEASE);
	tell_change(engine);
}

int engine_again(struct engine *engine, struct err *err)
{
	int stop = ENGINE_STOP_WINDOW;

	assert(all_done(engine));
	for (size_t i = 0; i < engine->thread_count; i++)
		if (engine->threads[i].worker.fault)
			return gave_up(engine->threads[i].worker.fault, err);
	/* A stop for good that comes meanwhile stays. */
	__atomic_compare_exchange_n(&engine->control.stop, &stop, ENGINE_RUN, false,
		__ATOMIC_RELAXED, __ATOMIC_RELAXED);
	__atomic_store_n(&engine->control.start_ns, UINT64_MAX, __ATOMIC_RELAXED);
	__atomic_store_n(&engine->window, engine->window + 1, __ATOMIC_RELEASE);
	tell_change(engine);
	return await_ready(engine, err);
}

void engine_stop(struct engine *engine, enum engine_stop stop)
{
	int before = __atomic_load_n(&engine->control.stop, __ATOMIC_RELAXED);

	/* A handler may run between the two. */
	while (before < (int)stop && !__atomic_compare_exchange_n(&engine->control.stop, &before,
					     (int)stop, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	tell_change(engine);
}

bool engine_wait(struct engine *engine, uint64_t deadline_ns)
{
	struct pollfd event = {.fd = engine->done_event, .events = POLLIN};
	uint64_t wakeups;

	while (!all_done(engine)) {
		uint64_t now_ns = clock_now_ns();
		struct timespec rest;

		if (now_ns >= deadline_ns)
			return false;
		rest.tv_sec = (time_t)((deadline_ns - now_ns) / NS_PER_S);
		rest.tv_nsec = (long)((deadline_ns - now_ns) % NS_PER_S);
		if (ppoll(&event, 1, &rest, NULL) < 0)
			return all_done(engine); /* a signal: the caller wants to look */
		if (event.revents && read(event.fd, &wakeups, sizeof(wakeups)) < 0)
			return all_done(engine);
	}
	return true;
}

int engine_tid(const struct engine *engine, size_t worker)
{
	return engine->threads[worker].tid;
}

const struct stats *engine_stats(const struct engine *engine, size_t worker)
{
	return engine->threads[worker].worker.stats;
}

const struct slowest *engine_slowest(const struct engine *engine, size_t worker)
{
	return &engine->threads[worker].worker.slowest;
}

void engine_worker_info(const struct engine *engine, size_t worker, struct engine_worker_info *info)
{
	*info = engine->threads[worker].info;
}

void engine_address_counts(const struct engine *engine, uint32_t *counts)
{
	for (size_t a = 0; a < engine->plan->address_count; a++) {
		counts[a] = 0;
		for (size_t i = 0; i < engine->thread_count; i++)
			counts[a] += __atomic_load_n(
				&engine->threads[i].worker.address_counts[a], __ATOMIC_RELAXED);
	}
}

void engine_address_stats(const struct engine *engine, struct address_counters *stats)
{
	for (size_t a = 0; a < engine->plan->address_count; a++) {
		stats[a] = (struct address_counters){{0}};
		for (size_t i = 0; i < engine->thread_count; i++)
			counters_add(stats[a].value, engine->threads[i].worker.addresses[a].value,
				ADDRESS_COUNTER_COUNT);
	}
}

const char *engine_fault(const struct engine *engine)
{
	for (size_t i = 0; i < engine->thread_count; i++)
		if (engine->threads[i].worker.fault)
			return strerror(-engine->threads[i].worker.fault);
	return NULL;
}

void engine_features(const struct engine *engine, struct ring_features *features)
{
	*features = engine->features;
}

void engine_close(struct engine *engine)
{
	if (!engine)
		return;
	/* Ends those that wait too. */
	engine_stop(engine, ENGINE_STOP_NOW);
	for (size_t i = 0; i < engine->thread_count; i++)
		pthread_join(engine->threads[i].thread, NULL);
	/* A ring may hold memory of another worker's arena. */
	for (size_t i = 0; i < engine->thread_count; i++)
		worker_release(&engine->threads[i].worker);
	for (size_t i = 0; i < engine->thread_count; i++)
		arena_release(&engine->threads[i].arena);
	if (engine->done_event >= 0)
		close(engine->done_event);
	if (engine->stamping >= 0)
		sock_close(engine->stamping);
	free(engine->control.copies);
	free(engine->threads);
	free(engine);
}
