/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/worker.h"
#include "engine/zero_copy.h"
#include "net/sock.h"

/* A server's accept queue is not what is to be measured, unless --connect-rate says so: connections
 * come at a bearable rate. */
#define CONNECTS_PER_SECOND 2000.0

struct engine_thread {
	struct engine *engine;
	pthread_t thread;
	int tid; /* written once, before the worker is ready */
	bool started;
	struct arena arena;
	struct worker worker;
	struct err err;
	int failed;    /* -errno of a worker that could not be made; read after `ended` */
	int ended;     /* there will be no other window */
	uint32_t done; /* windows it is done with */
	struct engine_worker_info info;
};

struct engine {
	const struct plan *plan;
	struct worker_control control;
	struct ring_features features;
	uint32_t window;  /* the one that is asked for, counted from 1 */
	uint32_t changes; /* futex: `window`, the start or the stop has changed */
	int done_event;   /* eventfd: a worker is done with a window, or has ended */
	int stamping;     /* a socket that keeps the kernel making stamps; -1: none */
	size_t thread_count;
	struct engine_thread *threads;
};

uint64_t engine_memory(struct plan *plan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->worker_count; i++) {
		plan->workers[i].arena_bytes = worker_memory(plan, i);
		bytes += plan->workers[i].arena_bytes;
	}
	return bytes;
}

/* The thread's cumulative figures; the difference of two readings is what a window took. */
static void read_usage(struct engine_worker_info *info)
{
	struct rusage usage;

	info->cpu_ns = clock_thread_cpu_ns();
	if (getrusage(RUSAGE_THREAD, &usage) == 0) {
		info->voluntary = (uint64_t)usage.ru_nvcsw;
		info->involuntary = (uint64_t)usage.ru_nivcsw;
	}
}

static void fill_info(struct engine_worker_info *info, const struct worker *worker,
	const struct engine_worker_info *before)
{
	read_usage(info);
	info->cpu_ns -= before->cpu_ns;
	info->voluntary -= before->voluntary;
	info->involuntary -= before->involuntary;
	info->window_end_ns = worker->window_end_ns;
	info->end_ns = worker->now_ns;
	info->send_path = zero_copy_path(worker);
	info->send_refused = worker->send_refused;
	info->odd_reason = worker->odd_reason;
	info->odd_byte_count = worker->odd_byte_count;
	memcpy(info->odd_bytes, worker->odd_bytes, worker->odd_byte_count);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Returns at once when the word is not `seen` any more; at the deadline, UINT64_MAX: never; when
 * woken; and for no reason. */
static void futex_wait(uint32_t *word, uint32_t seen, uint64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / NS_PER_S),
		.tv_nsec = (long)(deadline_ns % NS_PER_S),
	};

	/* Of the waits, the one whose time is absolute. */
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, seen,
		deadline_ns == UINT64_MAX ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* Those that wait are to look at what was changed. Async-signal-safe. */
static void tell_change(struct engine *engine)
{
	__atomic_add_fetch(&engine->changes, 1, __ATOMIC_RELEASE);
	futex_wake(&engine->changes);
}

/* Sleeps until the start is known, or a stop, or the worker wants to look after its connections. */
static void await_start(struct engine_thread *thread)
{
	struct engine *engine = thread->engine;
	uint32_t changes = __atomic_load_n(&engine->changes, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&engine->control.start_ns, __ATOMIC_ACQUIRE) == UINT64_MAX &&
		__atomic_load_n(&engine->control.stop, __ATOMIC_RELAXED) == ENGINE_RUN)
		futex_wait(&engine->changes, changes, thread->worker.tick_ns);
}

static void run_window(struct engine_thread *thread)
{
	struct engine_worker_info before = {0};
	bool goes_on = true;

	thread->info = (struct engine_worker_info){.tid = thread->tid};
	while (goes_on && thread->worker.phase < WORKER_RUNNING) {
		if (worker_waits(&thread->worker)) {
			await_start(thread);
			thread->worker.now_ns = clock_now_ns();
		}
		goes_on = worker_step(&thread->worker);
	}
	read_usage(&before);
	while (goes_on)
		goes_on = worker_step(&thread->worker);
	fill_info(&thread->info, &thread->worker, &before);
}

/* Sleeps until another window is asked for; false when there will be none. */
static bool await_again(struct engine_thread *thread)
{
	struct engine *engine = thread->engine;

	for (;;) {
		uint32_t changes = __atomic_load_n(&engine->changes, __ATOMIC_ACQUIRE);

		if (__atomic_load_n(&engine->control.stop, __ATOMIC_RELAXED) > ENGINE_STOP_WINDOW)
			return false;
		/* With it comes the plan of that window. */
		if (__atomic_load_n(&engine->window, __ATOMIC_ACQUIRE) != thread->done)
			return true;
		futex_wait(&engine->changes, changes, UINT64_MAX);
	}
}

static void tell_done(struct engine_thread *thread)
{
	uint64_t one = 1;

	if (write(thread->engine->done_event, &one, sizeof(one)) != sizeof(one))
		assert(!"an eventfd takes 2^64 - 2 wake-ups");
}

/*
 * The first worker of a node copies a large request into its own memory, which lies there; the
 * others of the node wait for it, as they are to register it. One that failed made none, and ends
 * it all.
 */
static void await_copy(struct engine *engine, size_t first)
{
	while (!__atomic_load_n(&engine->control.copies[first], __ATOMIC_ACQUIRE) &&
		!__atomic_load_n(&engine->threads[first].ended, __ATOMIC_ACQUIRE))
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
}

static void tell_copy(struct engine *engine, size_t index)
{
	__atomic_store_n(&engine->control.copies[index], engine->threads[index].worker.wire,
		__ATOMIC_RELEASE);
}

static int thread_run(struct engine_thread *thread)
{
	struct engine *engine = thread->engine;
	size_t index = (size_t)(thread - engine->threads);
	const struct plan_worker *place = &engine->plan->workers[index];
	int code;

	/* The default slack would let every timed wait end up to 50 µs late. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	thread->tid = gettid();
	if (engine->plan->request.per_node && place->first_of_node != index)
		await_copy(engine, place->first_of_node);
	code = arena_init(&thread->arena, place->arena_bytes, place->numa_node, &thread->err);
	if (!code)
		code = worker_init(&thread->worker, engine->plan, index, &engine->control,
			&thread->arena, &thread->err);
	if (code)
		return code;
	if (engine->plan->request.per_node && place->first_of_node == index)
		tell_copy(engine, index);
	for (;;) {
		run_window(thread);
		__atomic_store_n(&thread->done, thread->done + 1, __ATOMIC_RELEASE);
		tell_done(thread);
		if (!await_again(thread))
			return 0;
		worker_again(&thread->worker);
	}
}

static void *thread_main(void *argument)
{
	struct engine_thread *thread = argument;

	thread->failed = thread_run(thread);
	__atomic_store_n(&thread->ended, 1, __ATOMIC_RELEASE);
	tell_done(thread);
	return NULL;
}

static int start_thread(struct engine_thread *thread, unsigned int cpu, struct err *err)
{
	pthread_attr_t attributes;
	cpu_set_t *cpus = CPU_ALLOC(cpu + 1);
	size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
	sigset_t all, before;
	int code;

	if (!cpus)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a worker");
	CPU_ZERO_S(bytes, cpus);
	CPU_SET_S(cpu, bytes, cpus);
	pthread_attr_init(&attributes);
	pthread_attr_setaffinity_np(&attributes, bytes, cpus);
	/* Signals are the watching thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = -pthread_create(&thread->thread, &attributes, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	CPU_FREE(cpus);
	if (code)
		return err_set_errno(
			err, ERR_ENVIRONMENT, code, "cannot start a worker on CPU %u", cpu);
	thread->started = true;
	return 0;
}

/* Whether the worker will do no more for the window that is asked for. */
static bool is_done(const struct engine_thread *thread)
{
	return __atomic_load_n(&thread->ended, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&thread->done, __ATOMIC_ACQUIRE) == thread->engine->window;
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

		if (is_done(thread))
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
		code = start_thread(&engine->threads[i], plan->workers[i].cpu, err);
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
		if (!is_done(&engine->threads[i]))
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
