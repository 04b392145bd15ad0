/* SPDX-License-Identifier: MIT */
#include "target/target.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/listener.h"
#include "target/reply.h"
#include "target/server.h"
#include "target/station.h"
#include "target/tally_json.h"

struct worker {
	struct target *target;
	size_t index;
	pthread_t thread;
	bool started; /* the thread exists and was not joined */
	int listeners[TARGET_ADDRESS_LIMIT];
	int wake[2]; /* the server reads the first, target_stop writes the second */
	int code;    /* how opening, then how running went */
	struct err err;
};

struct target {
	struct target_options options;
	struct listener listeners[TARGET_ADDRESS_LIMIT];
	char addresses[TARGET_ADDRESS_LIMIT][LISTENER_TEXT_BYTES];
	struct reply_book book;
	struct station_set stations;
	struct worker *workers;
	struct tally **tallies;
	struct tally_json_source source;
	uint64_t start_ns;
	bool stopping; /* relaxed atomic */

	/* Workers that are through with opening, well or not; and the word to begin. */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	size_t opened;
	bool begun;
};

/* --- a worker's thread -------------------------------------------------------------------- */

static int pin(const struct worker *worker, struct err *err)
{
	const struct target_options *options = &worker->target->options;
	cpu_set_t *set;
	size_t bytes;
	unsigned int cpu;
	int code;

	if (!options->cpus)
		return 0;
	cpu = options->cpus[worker->index];
	set = CPU_ALLOC(cpu + 1);
	if (!set)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a CPU set");
	bytes = CPU_ALLOC_SIZE(cpu + 1);
	CPU_ZERO_S(bytes, set);
	CPU_SET_S(cpu, bytes, set);
	code = -pthread_setaffinity_np(pthread_self(), bytes, set);
	CPU_FREE(set);
	if (code)
		return err_set_errno(err, ERR_ENVIRONMENT, code,
			"CPU \"%u\" cannot be used: it is offline or outside the allowed set", cpu);
	return 0;
}

/* Tells that opening is over and waits for the word; whether to go on. */
static bool await_start(struct worker *worker)
{
	struct target *target = worker->target;

	pthread_mutex_lock(&target->mutex);
	target->opened++;
	pthread_cond_broadcast(&target->changed);
	while (!target->begun)
		pthread_cond_wait(&target->changed, &target->mutex);
	pthread_mutex_unlock(&target->mutex);
	return !worker->code;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct target *target = worker->target;
	struct server_options options = {.set = target->options.routes,
		.book = &target->book,
		.stations = &target->stations,
		.tally = target->tallies[worker->index],
		.source = &target->source,
		.listeners = worker->listeners,
		.listener_count = target->options.address_count,
		.wake = worker->wake[0],
		.stopping = &target->stopping,
		.leaks = worker->index == 0,
		.accept_delay_ns = target->options.accept_delay_ns,
		.connections = target->options.connections,
		.seed = target->options.seed,
		.stream = worker->index,
		.start_ns = &target->start_ns};
	struct server *server = NULL;

	worker->code = pin(worker, &worker->err);
	if (!worker->code)
		worker->code = server_open(&server, &options, &worker->err);
	if (await_start(worker))
		worker->code = server_run(server, &worker->err);
	server_close(server);
	/* One that cannot go on takes the others with it: half a server would look like a slow one.
	 */
	if (worker->code)
		target_stop(target);
	return NULL;
}

/* --- opening ------------------------------------------------------------------------------ */

static int check_options(const struct target_options *options, struct err *err)
{
	if (!options->address_count || options->address_count > TARGET_ADDRESS_LIMIT)
		return err_set(err, ERR_USAGE, -EINVAL, "%zu addresses to listen on: write 1 to %d",
			options->address_count, TARGET_ADDRESS_LIMIT);
	if (options->worker_count > TARGET_WORKER_LIMIT)
		return err_set(err, ERR_USAGE, -EINVAL, "%zu workers are too many: at most %d",
			options->worker_count, TARGET_WORKER_LIMIT);
	if (options->connections > TARGET_CONNECTION_LIMIT)
		return err_set(err, ERR_USAGE, -EINVAL, "%u connections are too many: at most %u",
			options->connections, TARGET_CONNECTION_LIMIT);
	if (options->log_entries > TARGET_LOG_LIMIT)
		return err_set(err, ERR_USAGE, -EINVAL,
			"a log of %zu requests is too long: at most %u", options->log_entries,
			TARGET_LOG_LIMIT);
	return 0;
}

/* The fixed table of sockets is bounded by the limit of open files, one slot being the wake-up's.
 */
static int fit_connections(struct target_options *options, struct err *err)
{
	uint32_t wanted = options->connections ? options->connections : TARGET_DEFAULT_CONNECTIONS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return err_set_errno(err, ERR_ENVIRONMENT, -errno, "no limit of open files");
	if (limit.rlim_cur <= wanted) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur <= wanted && options->connections)
		return err_set(err, ERR_ENVIRONMENT, -EMFILE,
			"%u connections need %u open files, the limit is %llu: raise it (ulimit -n "
			"%u) or take fewer",
			wanted, wanted + 1, (unsigned long long)limit.rlim_cur, wanted + 1);
	options->connections = limit.rlim_cur <= wanted ? (uint32_t)limit.rlim_cur - 1 : wanted;
	return 0;
}

static int open_listeners(struct target *target, struct err *err)
{
	size_t workers = target->options.worker_count;

	for (size_t i = 0; i < target->options.address_count; i++) {
		struct listener *listener = &target->listeners[i];
		int code = listener_parse(listener, target->options.addresses[i], err);

		if (code)
			return code;
		listener->backlog = target->options.backlog;
		for (size_t j = 0; j < workers; j++) {
			code = listener_open(listener, workers > 1, err);
			if (code < 0)
				return code;
			target->workers[j].listeners[i] = code;
		}
		listener_text(listener, target->addresses[i]);
	}
	return 0;
}

static int open_workers(struct target *target, struct err *err)
{
	size_t count = target->options.worker_count;

	target->tallies = calloc(count, sizeof(struct tally *));
	target->workers = target->tallies ? calloc(count, sizeof(*target->workers)) : NULL;
	if (!target->workers)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for workers");
	for (size_t i = 0; i < count; i++) {
		struct worker *worker = &target->workers[i];

		worker->target = target;
		worker->index = i;
		worker->wake[0] = worker->wake[1] = -1;
		for (size_t j = 0; j < TARGET_ADDRESS_LIMIT; j++)
			worker->listeners[j] = -1;
	}
	for (size_t i = 0; i < count; i++) {
		target->tallies[i] = tally_new(
			target->options.routes->count, target->options.log_entries);
		if (!target->tallies[i])
			return err_set_errno(
				err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the counters");
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, target->workers[i].wake))
			return err_set_errno(
				err, ERR_ENVIRONMENT, -errno, "no socket pair for a worker");
	}
	target->source = (struct tally_json_source){.tallies = target->tallies,
		.tally_count = count,
		.set = target->options.routes,
		.stations = &target->stations};
	return 0;
}

/* Signals stay with the threads that were there before. */
static int start_threads(struct target *target, struct err *err)
{
	sigset_t all, before;
	int code = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < target->options.worker_count && !code; i++) {
		struct worker *worker = &target->workers[i];
		char name[32];

		code = -pthread_create(&worker->thread, NULL, work, worker);
		worker->started = !code;
		if (code)
			break;
		snprintf(name, sizeof(name), "target-%zu", i);
		pthread_setname_np(worker->thread, name);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code ? err_set_errno(err, ERR_ENVIRONMENT, code, "no thread for a worker") : 0;
}

/* Lets the workers begin, or end again when one could not open. */
static int begin(struct target *target, int code, struct err *err)
{
	size_t started = 0;

	for (size_t i = 0; i < target->options.worker_count; i++)
		started += target->workers[i].started;
	pthread_mutex_lock(&target->mutex);
	while (target->opened < started)
		pthread_cond_wait(&target->changed, &target->mutex);
	for (size_t i = 0; i < started && !code; i++) {
		code = target->workers[i].code;
		if (code && err)
			*err = target->workers[i].err;
	}
	target->start_ns = clock_now_ns();
	target->source.start_ns = target->start_ns;
	if (code)
		__atomic_store_n(&target->stopping, true, __ATOMIC_RELAXED);
	target->begun = true;
	pthread_cond_broadcast(&target->changed);
	pthread_mutex_unlock(&target->mutex);
	return code;
}

int target_open(struct target **out, const struct target_options *options, struct err *err)
{
	struct target *target;
	int code = check_options(options, err);

	*out = NULL;
	if (code)
		return code;
	target = calloc(1, sizeof(*target));
	if (!target)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "no memory for a server");
	pthread_mutex_init(&target->mutex, NULL);
	pthread_cond_init(&target->changed, NULL);
	target->options = *options;
	if (!target->options.worker_count)
		target->options.worker_count = 1;
	code = fit_connections(&target->options, err);
	if (!code)
		code = reply_book_init(&target->book, options->routes, err);
	if (!code)
		code = station_set_init(&target->stations, options->routes, err);
	if (!code)
		code = open_workers(target, err);
	if (!code)
		code = open_listeners(target, err);
	if (!code) {
		code = start_threads(target, err);
		code = begin(target, code, err);
	}
	if (code) {
		target_close(target);
		return code;
	}
	*out = target;
	return 0;
}

/* --- while it runs, and after ------------------------------------------------------------- */

uint16_t target_port(const struct target *target, size_t address)
{
	return listener_port(&target->listeners[address]);
}

const char *target_address(const struct target *target, size_t address)
{
	return target->addresses[address];
}

void target_url(const struct target *target, size_t address, struct buf *out)
{
	listener_url(&target->listeners[address], out);
}

uint64_t target_start_ns(const struct target *target)
{
	return target->start_ns;
}

void target_stop(struct target *target)
{
	int before = errno;

	__atomic_store_n(&target->stopping, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < target->options.worker_count; i++)
		send(target->workers[i].wake[1], "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	errno = before;
}

int target_wait(struct target *target, struct err *err)
{
	int code = 0;

	for (size_t i = 0; i < target->options.worker_count; i++) {
		struct worker *worker = &target->workers[i];

		if (worker->started)
			pthread_join(worker->thread, NULL);
		worker->started = false;
		if (worker->code && !code) {
			code = worker->code;
			if (err)
				*err = worker->err;
		}
	}
	return code;
}

int target_stats_json(const struct target *target, bool full, struct buf *out)
{
	struct tally_json_source source = target->source;

	source.full = full;
	return tally_json(out, &source);
}

static void close_descriptors(struct worker *worker)
{
	for (size_t i = 0; i < TARGET_ADDRESS_LIMIT; i++)
		if (worker->listeners[i] >= 0)
			close(worker->listeners[i]);
	for (size_t i = 0; i < 2; i++)
		if (worker->wake[i] >= 0)
			close(worker->wake[i]);
}

void target_close(struct target *target)
{
	if (!target)
		return;
	if (target->workers) {
		target_stop(target);
		target_wait(target, NULL);
		for (size_t i = 0; i < target->options.worker_count; i++)
			close_descriptors(&target->workers[i]);
	}
	for (size_t i = 0; target->tallies && i < target->options.worker_count; i++)
		tally_free(target->tallies[i]);
	for (size_t i = 0; i < TARGET_ADDRESS_LIMIT; i++)
		listener_close(&target->listeners[i]);
	free(target->tallies);
	free(target->workers);
	reply_book_release(&target->book);
	station_set_release(&target->stations);
	pthread_mutex_destroy(&target->mutex);
	pthread_cond_destroy(&target->changed);
	free(target);
}
