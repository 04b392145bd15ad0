/* SPDX-License-Identifier: MIT */
#include "probe/probe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loader/loader.h"
#include "loader/trial.h"
#include "probe/cost.h"
#include "probe/filter.h"
#include "probe/hooks.h"
#include "probe/profile.h"
#include "probe/sampling.h"
#include "probe/slow.h"
#include "probe/threads.h"
#include "probe/walk.h"

LOADER_OBJECT(attribution);

/* Threads of the server that are told apart at a time. */
#define PROBE_THREADS 4096

#define PROBE_WALK "walk_tcp"

/* Milliseconds that a pause waits for requests it follows. */
#define DRAIN_TURNS 100

/* Epochs one bucket may be selected for before it is worth a word. */
#define PROBE_STILL_EPOCHS 3

struct probe {
	struct probe_abi_config config;
	struct loader loader;
	struct hooks hooks;
	struct sampling sampling;
	struct threads threads;
	struct cost cost;
	struct profile *profile;
	struct err profile_failure; /* why there is none */
	struct walk walk;
	int stamps_fd; /* negative: none */

	struct probe_abi_control *control;
	const struct probe_abi_cpu *cpus;
	const struct probe_abi_open_bucket *open_buckets;

	uint64_t due_ns;
	uint64_t begin_ns, window_ns;
	bool ended;               /* its window */
	uint64_t selected_ns;     /* since when one bucket is */
	uint64_t longest_ns;      /* that one was, in the window */
	uint64_t window_requests; /* without those that were answered later */
	struct stages base, window;
	struct probe_abi_slow slowest[PROBE_ABI_SLOWEST];
	size_t slowest_count;
	struct probe_open_requests open;
	struct probe_profile stacks;
};

/* --- opening --- */

static int probe_configure(
	struct probe *probe, const struct probe_options *options, struct err *err)
{
	struct loader *loader = &probe->loader;
	int cpus, code;

	code = filter_resolve(&probe->config, options, err);
	if (code)
		return code;
	code = walk_init(&probe->walk, options, err);
	if (code)
		return code;
	cpus = loader_cpus(err);
	if (cpus < 0)
		return cpus;
	probe->config.cpu_count = (uint32_t)cpus;
	probe->config.thread_count = PROBE_THREADS + 1;
	code = LOADER_OPEN(loader, attribution, err);
	if (code == 0)
		code = loader_set_constants(loader, &probe->config, sizeof(probe->config), err);
	if (code == 0)
		code = loader_set_entries(loader, "cpus", probe->config.cpu_count, err);
	if (code == 0)
		code = loader_set_entries(loader, "threads", probe->config.thread_count, err);
	if (code == 0)
		code = loader_set_entries(loader, "free_threads", PROBE_THREADS, err);
	return code;
}

static int probe_try(void *context, const char *program, struct err *err)
{
	return trial_run(context, program, err);
}

/* Loads what serves; nothing runs yet. */
static int probe_load(struct probe *probe, struct err *err)
{
	struct loader *loader = &probe->loader;
	size_t bytes;
	void *memory;
	int code;

	code = hooks_choose(&probe->hooks, probe_try, loader, err);
	if (code)
		return code;
	loader_choose(loader, probe->hooks.programs, probe->hooks.program_count);
	code = loader_load(loader, err);
	if (code == 0)
		code = loader_variable(loader, "control", sizeof(*probe->control), &memory, err);
	if (code)
		return code;
	probe->control = memory;
	code = loader_variable(loader, "open_buckets",
		PROBE_ABI_SAMPLE_LIMIT * sizeof(*probe->open_buckets), &memory, err);
	if (code)
		return code;
	probe->open_buckets = memory;
	code = loader_share(loader, "cpus", &memory, &bytes, err);
	if (code)
		return code;
	probe->cpus = memory;
	code = loader_share(loader, "threads", &memory, &bytes, err);
	if (code == 0)
		code = threads_init(&probe->threads, memory, probe->config.thread_count,
			(uint32_t)gettid(), err);
	for (uint32_t i = 1; i <= PROBE_THREADS && code == 0; i++)
		code = loader_push(loader, "free_threads", &i, err);
	return code;
}

/*
 * While a socket wants them, the kernel stamps every packet when it comes from the device: where
 * rx_path begins.
 */
static int probe_stamp(const struct probe *probe, bool on)
{
	int wanted = on ? SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE : 0;

	return setsockopt(probe->stamps_fd, SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof(wanted));
}

static int probe_want_stamps(struct probe *probe, struct err *err)
{
	struct err reason = {0};
	int code;

	probe->stamps_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe->stamps_fd < 0)
		err_set_errno(&reason, ERR_ENVIRONMENT, -errno, "no socket for receive stamps");
	else if (probe_stamp(probe, true))
		err_set_errno(&reason, ERR_ENVIRONMENT, -errno, "receive stamps are refused");
	code = hooks_add(&probe->hooks, "rx_path",
		reason.kind == ERR_NONE ? "SO_TIMESTAMPING" : NULL,
		reason.kind == ERR_NONE ? NULL : reason.text);
	if (code)
		return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot open the kernel probe");
	if (reason.kind != ERR_NONE && probe->stamps_fd >= 0) {
		close(probe->stamps_fd);
		probe->stamps_fd = -1;
	}
	return 0;
}

/* From the last stage to the first: whoever takes up a connection finds the others in place. */
static int probe_attach_programs(struct probe *probe, struct err *err)
{
	const struct hooks *hooks = &probe->hooks;
	int code = 0;

	for (size_t i = hooks->program_count; i-- > 0 && code == 0;)
		if (strcmp(hooks->programs[i], PROBE_WALK) != 0)
			code = loader_attach(&probe->loader, hooks->programs[i], err);
	return code;
}

/* Connections that are there already are taken up when all is in place. */
static int probe_attach(struct probe *probe, struct err *err)
{
	struct err reason = {0};
	int code = probe_attach_programs(probe, err);

	if (code || !hooks_serves(&probe->hooks, PROBE_WALK))
		return code;
	if (walk_seed(&probe->walk, &probe->loader, probe->control, &reason) &&
		hooks_remark(&probe->hooks, "walk", reason.text))
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot open the kernel probe");
	return 0;
}

static int probe_start(struct probe *probe, const struct probe_options *options, struct err *err)
{
	int code = stages_init(&probe->base, err);

	if (code == 0)
		code = stages_init(&probe->window, err);
	if (code == 0)
		code = probe_configure(probe, options, err);
	if (code == 0)
		code = probe_load(probe, err);
	if (code == 0)
		code = probe_want_stamps(probe, err);
	if (code)
		return code;
	sampling_init(
		&probe->sampling, probe->config.sample, clock_now_ns() ^ (uint64_t)getpid() << 32);
	cost_init(&probe->cost, &probe->loader);
	probe_tick(probe, clock_now_ns());
	code = probe_attach(probe, err);
	if (code == 0 && options->profile)
		profile_open(&probe->profile, options->profile_hz ? options->profile_hz : 199,
			&probe->profile_failure);
	return code;
}

int probe_open(struct probe **opened, const struct probe_options *options, struct err *err)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	int code;

	*opened = NULL;
	if (!probe)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot open the kernel probe");
	probe->stamps_fd = -1;
	code = probe_start(probe, options, err);
	if (code)
		probe_close(probe);
	else
		*opened = probe;
	return code;
}

void probe_close(struct probe *probe)
{
	if (!probe)
		return;
	profile_close(probe->profile);
	cost_release(&probe->cost);
	loader_release(&probe->loader);
	threads_release(&probe->threads);
	hooks_release(&probe->hooks);
	stages_release(&probe->base);
	stages_release(&probe->window);
	walk_release(&probe->walk);
	if (probe->stamps_fd >= 0)
		close(probe->stamps_fd);
	free(probe);
}

/*
 * Admits nobody and waits for those that were: a request whose end no program sees would keep its
 * bucket followed for ever.
 */
static void probe_drain(struct probe *probe)
{
	uint32_t left = 1;

	__atomic_store_n(&probe->control->selected, PROBE_ABI_SAMPLE_LIMIT, __ATOMIC_SEQ_CST);
	for (int turn = 0; turn < DRAIN_TURNS && left; turn++) {
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
		left = 0;
		for (size_t i = 0; i < PROBE_ABI_SAMPLE_LIMIT; i++)
			left |= __atomic_load_n(&probe->open_buckets[i].requests, __ATOMIC_RELAXED);
	}
}

void probe_pause(struct probe *probe)
{
	probe_drain(probe);
	loader_detach(&probe->loader);
	if (probe->stamps_fd >= 0)
		probe_stamp(probe, false);
}

int probe_resume(struct probe *probe, struct err *err)
{
	if (probe->stamps_fd >= 0)
		probe_stamp(probe, true);
	probe->due_ns = 0;
	return probe_attach_programs(probe, err);
}

/* --- running --- */

/* Selects the next bucket; selected_at_ns comes after it, so that what the programs saw selected
 * since then was selected all the time. */
static void probe_select(struct probe *probe)
{
	struct probe_abi_control *control = probe->control;
	bool cost;
	uint32_t bucket = sampling_next(&probe->sampling, &cost);

	cost_look(&probe->cost, cost && !probe->ended);
	if (bucket == control->selected && control->selected_at_ns)
		return;
	__atomic_store_n(&control->selected, bucket, __ATOMIC_SEQ_CST);
	__atomic_store_n(&control->selected_at_ns, clock_now_ns(), __ATOMIC_SEQ_CST);
}

/*
 * Packets are stamped with the wall clock, which may be set and is slewed; read between two reads
 * of the other clock. A reading that something came between is tried again.
 */
static void probe_align_clocks(struct probe *probe)
{
	uint64_t before_ns, wall_ns, after_ns, least_ns = UINT64_MAX;
	int64_t offset_ns = 0;

	if (probe->stamps_fd < 0)
		return;
	for (int i = 0; i < 4; i++) {
		before_ns = clock_now_ns();
		wall_ns = clock_wall_ns();
		after_ns = clock_now_ns();
		if (after_ns - before_ns >= least_ns)
			continue;
		least_ns = after_ns - before_ns;
		offset_ns = (int64_t)(wall_ns - before_ns - least_ns / 2);
	}
	__atomic_store_n(&probe->control->realtime_offset_ns, offset_ns, __ATOMIC_RELAXED);
}

static void probe_look(struct probe *probe)
{
	uint32_t process;

	while ((process = threads_new_process(&probe->threads)))
		if (probe->profile)
			profile_add(probe->profile, process);
}

/* Until now the same bucket was. */
static void probe_was_selected(struct probe *probe, uint64_t now_ns)
{
	uint64_t selected_ns = now_ns - probe->selected_ns;

	if (!probe->ended && probe->config.sample > 1 && selected_ns > probe->longest_ns)
		probe->longest_ns = selected_ns;
	probe->selected_ns = now_ns;
}

uint64_t probe_tick(struct probe *probe, uint64_t now_ns)
{
	if (now_ns < probe->due_ns)
		return probe->due_ns;
	probe_was_selected(probe, now_ns);
	probe_select(probe);
	probe_align_clocks(probe);
	if (!probe->ended) {
		threads_tick(&probe->threads, clock_now_ns());
		probe_look(probe);
	}
	probe->due_ns = now_ns + SAMPLING_EPOCH_NS;
	return probe->due_ns;
}

static void probe_sum(const struct probe *probe, struct stages *stages)
{
	stages_clear(stages);
	stages_add(stages, probe->cpus, probe->config.cpu_count);
}

void probe_begin(struct probe *probe, uint64_t now_ns)
{
	probe->begin_ns = now_ns;
	probe->ended = false;
	probe->selected_ns = now_ns;
	probe->longest_ns = 0;
	cost_begin(&probe->cost);
	sampling_begin(&probe->sampling);
	probe_select(probe);
	probe->due_ns = now_ns + SAMPLING_EPOCH_NS;
	__atomic_fetch_add(&probe->control->window, 1, __ATOMIC_SEQ_CST);
	probe_sum(probe, &probe->base);
	threads_begin(&probe->threads, clock_now_ns());
	probe_look(probe);
	if (probe->profile)
		profile_begin(probe->profile);
}

/* What there is to say of requests and connections, up to now. */
static void probe_read(struct probe *probe)
{
	probe_sum(probe, &probe->window);
	stages_subtract(&probe->window, &probe->base);
	/* Of connections that were there before, a difference would tell nothing. */
	probe->window.count[PROBE_ABI_SEEDED] = probe->base.count[PROBE_ABI_SEEDED] +
						probe->base.count[PROBE_ABI_OPENED] -
						probe->base.count[PROBE_ABI_CLOSED];
	probe->slowest_count = slow_merge(
		probe->slowest, probe->cpus, probe->config.cpu_count, probe->control->window);
}

static void probe_read_open(struct probe *probe)
{
	struct err reason = {0};

	memset(&probe->open, 0, sizeof(probe->open));
	if (hooks_serves(&probe->hooks, PROBE_WALK) &&
		walk_open_requests(&probe->walk, &probe->loader, probe->control, clock_now_ns(),
			&probe->open, &reason))
		hooks_remark(&probe->hooks, "walk", reason.text);
}

void probe_end(struct probe *probe, uint64_t now_ns)
{
	probe->window_ns = now_ns - probe->begin_ns;
	cost_look(&probe->cost, false);
	probe_read(probe);
	probe->window_requests = probe->window.count[PROBE_ABI_REQUESTS];
	threads_end(&probe->threads, clock_now_ns());
	probe_look(probe);
	probe_read_open(probe);
	probe_was_selected(probe, now_ns);
	if (probe->profile)
		profile_read(probe->profile, &probe->stacks);
	probe->ended = true;
}

void probe_settle(struct probe *probe)
{
	assert(probe->ended);
	probe_read(probe);
	probe_read_open(probe);
}

/* --- readings --- */

size_t probe_hooks(const struct probe *probe, const struct probe_hook **hooks)
{
	*hooks = probe->hooks.rows;
	return probe->hooks.row_count;
}

const struct stages *probe_stages(const struct probe *probe)
{
	return &probe->window;
}

uint32_t probe_sample(const struct probe *probe)
{
	return probe->config.sample;
}

bool probe_stood_still(const struct probe *probe, uint64_t *longest_ns)
{
	*longest_ns = probe->longest_ns;
	return probe->longest_ns > PROBE_STILL_EPOCHS * SAMPLING_EPOCH_NS;
}

uint64_t probe_requests(const struct probe *probe)
{
	uint64_t requests = 0;

	for (uint32_t i = 0; i < probe->config.cpu_count; i++)
		requests += __atomic_load_n(
			&probe->cpus[i].count[PROBE_ABI_REQUESTS], __ATOMIC_RELAXED);
	return requests;
}

size_t probe_threads(const struct probe *probe, const struct stages_thread **threads)
{
	*threads = probe->threads.rows;
	return probe->threads.row_count;
}

size_t probe_slowest(const struct probe *probe, const struct probe_abi_slow **rows)
{
	*rows = probe->slowest;
	return probe->slowest_count;
}

void probe_open_requests(const struct probe *probe, struct probe_open_requests *open)
{
	*open = probe->open;
}

bool probe_overhead_ns(const struct probe *probe, double *per_request_ns, const char **reason)
{
	double requests = (double)probe->window_requests * (double)probe->config.sample;

	return cost_per_request(&probe->cost, requests, probe->window_ns, per_request_ns, reason);
}

uint32_t probe_pid(const struct probe *probe)
{
	return probe->threads.process;
}

void probe_profile(const struct probe *probe, struct probe_profile *profile)
{
	*profile = probe->stacks;
	if (probe->profile)
		return;
	memset(profile, 0, sizeof(*profile));
	profile->reason = probe->profile_failure.kind == ERR_NONE ? PROBE_NOT_ASKED
								  : probe->profile_failure.text;
}
