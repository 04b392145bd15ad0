/* SPDX-License-Identifier: MIT */
#include "engine/thread.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/futex.h"
#include "engine/zero_copy.h"

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

int thread_start(struct engine_thread *thread, unsigned int cpu, struct err *err)
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
	return 0;
}

bool thread_is_done(const struct engine_thread *thread)
{
	return __atomic_load_n(&thread->ended, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&thread->done, __ATOMIC_ACQUIRE) == thread->engine->window;
}
