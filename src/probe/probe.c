/* SPDX-License-Identifier: MIT */
#include "probe/probe.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/cost.h"
#include "probe/hooks.h"
#include "probe/looks.h"
#include "probe/profile.h"
#include "probe/sampling.h"
#include "probe/slow.h"
#include "probe/threads.h"
#include "probe/walk.h"
#include "probe/watch.h"

/* Milliseconds that a pause waits for requests it follows. */
#define DRAIN_TURNS 100

/* Epochs one bucket may be selected for before it is worth a word. */
#define PROBE_STILL_EPOCHS 3

struct probe {
	struct watch watch;
	struct sampling sampling;
	struct looks looks;
	struct threads threads;
	struct cost cost;
	struct profile *profile;
	struct err profile_failure; /* why there is none */
	struct walk walk;
	bool leaving; /* the program that sees answers leave is on duty */

	uint64_t epoch_ns; /* when the next one begins */
	uint64_t due_ns;
	uint64_t begin_ns, window_ns;
	bool ended;           /* its window */
	uint64_t selected_ns; /* since when one bucket is */
	uint64_t longest_ns;  /* that one was, in the window */
	uint64_t missed_before, missed;
	struct stages base, window;
	struct probe_abi_slow slowest[PROBE_ABI_SLOWEST];
	size_t slowest_count;
	struct probe_open_requests open;
	struct probe_profile stacks;
};

/* --- following --- */

static struct looks_reading probe_reading(const struct probe *probe)
{
	struct looks_reading reading = {.server_cpu_ns = threads_cpu_ns(&probe->threads)};

	for (uint32_t i = 0; i < probe->watch.config.cpu_count; i++) {
		const struct probe_abi_cpu *cpu = &probe->watch.cpus[i];

		reading.requests += __atomic_load_n(
			&cpu->count[PROBE_ABI_REQUESTS], __ATOMIC_RELAXED);
		reading.residence_ns += __atomic_load_n(
			&cpu->hist[PROBE_ABI_RESIDENCE].sum_ns, __ATOMIC_RELAXED);
	}
	return reading;
}

/* What cannot be put on again is missing from then on, which the report tells. */
static void probe_put_on(struct probe *probe, enum hooks_duty duty)
{
	struct err reason = {0};

	if (watch_attach(&probe->watch, duty, &reason) == 0)
		return;
	watch_detach(&probe->watch, duty);
	hooks_remark(&probe->watch.hooks, duty == HOOKS_LEAVING ? "tx" : "arrival", reason.text);
}

static void probe_watch_leaving(struct probe *probe, bool wanted)
{
	if (wanted && !probe->leaving)
		probe_put_on(probe, HOOKS_LEAVING);
	if (!wanted && probe->leaving)
		watch_detach(&probe->watch, HOOKS_LEAVING);
	probe->leaving = wanted;
}

/* Until now the same bucket was selected. */
static void probe_was_selected(struct probe *probe, uint64_t now_ns)
{
	uint64_t selected_ns = now_ns - probe->selected_ns;

	if (!probe->ended && probe->watch.config.turns && selected_ns > probe->longest_ns)
		probe->longest_ns = selected_ns;
	probe->selected_ns = now_ns;
}

/* An epoch of looking begins. */
static void probe_select(struct probe *probe, uint64_t now_ns)
{
	bool cost;
	uint32_t bucket = sampling_next(&probe->sampling, &cost);

	cost_look(&probe->cost, cost && !probe->ended, probe_requests(probe));
	watch_align_clocks(&probe->watch);
	watch_admit(&probe->watch, bucket);
	probe->epoch_ns = now_ns + SAMPLING_EPOCH_NS;
}

static void probe_do(struct probe *probe, enum looks_action action, uint64_t now_ns)
{
	switch (action) {
	case LOOKS_GO_ON:
		return;
	case LOOKS_CLOSE:
		probe_was_selected(probe, now_ns);
		cost_look(&probe->cost, false, probe_requests(probe));
		watch_admit(&probe->watch, PROBE_ABI_SAMPLE_LIMIT);
		return;
	case LOOKS_DETACH:
		probe_watch_leaving(probe, false);
		watch_detach(&probe->watch, HOOKS_LOOKING);
		watch_forget_open(&probe->watch);
		return;
	case LOOKS_ATTACH:
		probe_put_on(probe, HOOKS_LOOKING);
		return;
	case LOOKS_ADMIT:
		probe->selected_ns = now_ns;
		probe->epoch_ns = now_ns;
		return;
	}
}

/* Goes on with looking or resting; returns when there is more to do. */
static uint64_t probe_turn(struct probe *probe, uint64_t now_ns)
{
	struct looks *looks = &probe->looks;
	struct looks_reading reading = probe_reading(probe);

	if (!probe->ended)
		probe_do(probe,
			looks_tick(looks, now_ns, &reading, watch_open_requests(&probe->watch)),
			now_ns);
	if (looks->state != LOOKS_LOOKING)
		return looks->until_ns;
	if (now_ns >= probe->epoch_ns) {
		probe_was_selected(probe, now_ns);
		probe_watch_leaving(probe, looks_leaving(looks));
		probe_select(probe, now_ns);
	}
	return probe->epoch_ns < looks->until_ns ? probe->epoch_ns : looks->until_ns;
}

/* --- opening --- */

/* Connections that are there already are taken up when all is in place. */
static int probe_attach(struct probe *probe, struct err *err)
{
	struct watch *watch = &probe->watch;
	struct err reason = {0};
	int code = watch_attach(watch, HOOKS_LEAVING, err);

	if (code == 0)
		code = watch_attach(watch, HOOKS_LOOKING, err);
	if (code == 0)
		code = watch_attach(watch, HOOKS_ALWAYS, err);
	if (code || !hooks_serves(&watch->hooks, WATCH_WALK))
		return code;
	probe->leaving = true;
	if (walk_seed(&probe->walk, &watch->loader, watch->control, &reason) &&
		hooks_remark(&watch->hooks, "walk", reason.text))
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot open the kernel probe");
	return 0;
}

static double probe_budget(const struct probe_options *options)
{
	if (options->budget == 0 && options->sample == 0)
		return PROBE_DEFAULT_BUDGET_PERCENT / 100.0;
	return options->budget > 0 ? options->budget : 0;
}

static int probe_start(struct probe *probe, const struct probe_options *options, struct err *err)
{
	uint64_t now_ns = clock_now_ns(), seed = now_ns ^ (uint64_t)getpid() << 32;
	struct watch *watch = &probe->watch;
	int code = stages_init(&probe->base, err);

	if (code == 0)
		code = stages_init(&probe->window, err);
	if (code == 0)
		code = walk_init(&probe->walk, options, err);
	if (code == 0)
		code = watch_open(watch, options, probe_budget(options) > 0, err);
	if (code == 0)
		code = threads_init(&probe->threads, watch->threads, watch->config.thread_count,
			(uint32_t)gettid(), err);
	if (code)
		return code;
	sampling_init(&probe->sampling, watch->config.sample, seed);
	looks_init(&probe->looks, probe_budget(options), watch->config.sample, seed, now_ns,
		&(struct looks_reading){0});
	cost_init(&probe->cost, &watch->loader);
	probe_select(probe, now_ns);
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
	watch_release(&probe->watch);
	threads_release(&probe->threads);
	stages_release(&probe->base);
	stages_release(&probe->window);
	walk_release(&probe->walk);
	free(probe);
}

/*
 * Admits nobody and waits for those that were: a request whose end no program sees would keep its
 * bucket followed for ever.
 */
static void probe_drain(struct probe *probe)
{
	watch_admit(&probe->watch, PROBE_ABI_SAMPLE_LIMIT);
	for (int turn = 0; turn < DRAIN_TURNS && watch_open_requests(&probe->watch); turn++)
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
}

void probe_pause(struct probe *probe)
{
	struct looks_reading reading;

	cost_look(&probe->cost, false, probe_requests(probe));
	probe_drain(probe);
	watch_detach(&probe->watch, HOOKS_LEAVING);
	watch_detach(&probe->watch, HOOKS_LOOKING);
	watch_detach(&probe->watch, HOOKS_ALWAYS);
	watch_forget_open(&probe->watch);
	threads_tick(&probe->threads, clock_now_ns());
	reading = probe_reading(probe);
	looks_pause(&probe->looks, clock_now_ns(), &reading);
	probe->leaving = false;
}

int probe_resume(struct probe *probe, struct err *err)
{
	uint64_t now_ns = clock_now_ns();
	int code = watch_attach(&probe->watch, HOOKS_ALWAYS, err);
	struct looks_reading reading;

	threads_tick(&probe->threads, now_ns);
	reading = probe_reading(probe);
	looks_resume(&probe->looks, now_ns, &reading);
	if (code == 0 && probe->looks.state != LOOKS_RESTING)
		code = watch_attach(&probe->watch, HOOKS_LOOKING, err);
	if (code == 0 && probe->looks.state == LOOKS_LOOKING)
		probe_select(probe, now_ns);
	probe->due_ns = now_ns;
	return code;
}

static void probe_look(struct probe *probe)
{
	uint32_t process;

	while ((process = threads_new_process(&probe->threads)))
		if (probe->profile)
			profile_add(probe->profile, process);
}

uint64_t probe_tick(struct probe *probe, uint64_t now_ns)
{
	uint64_t next_ns;

	if (now_ns < probe->due_ns)
		return probe->due_ns;
	if (!probe->ended) {
		threads_tick(&probe->threads, clock_now_ns());
		probe_look(probe);
	}
	next_ns = probe_turn(probe, now_ns);
	probe->due_ns = now_ns + SAMPLING_EPOCH_NS;
	if (next_ns < probe->due_ns)
		probe->due_ns = next_ns;
	return probe->due_ns;
}

/* The programs are there, so that asking does not fail. */
static uint64_t probe_count_missed(const struct probe *probe)
{
	uint64_t missed = 0;

	loader_missed(&probe->watch.loader, &missed, NULL);
	return missed;
}

static void probe_sum(const struct probe *probe, struct stages *stages)
{
	stages_clear(stages);
	stages_add(stages, probe->watch.cpus, probe->watch.config.cpu_count);
}

/* Looks, whatever it was doing. */
static void probe_look_now(struct probe *probe, uint64_t now_ns)
{
	struct looks_reading reading = probe_reading(probe);

	if (probe->looks.state == LOOKS_RESTING)
		probe_put_on(probe, HOOKS_LOOKING);
	looks_begin(&probe->looks, now_ns, &reading);
	cost_begin(&probe->cost);
	sampling_begin(&probe->sampling);
	probe->selected_ns = now_ns;
	probe_watch_leaving(probe, looks_leaving(&probe->looks));
	probe_select(probe, now_ns);
}

void probe_begin(struct probe *probe, uint64_t now_ns)
{
	probe->begin_ns = now_ns;
	probe->ended = false;
	probe->longest_ns = 0;
	threads_tick(&probe->threads, now_ns);
	probe_look_now(probe, now_ns);
	probe->due_ns = probe->epoch_ns;
	__atomic_fetch_add(&probe->watch.control->window, 1, __ATOMIC_SEQ_CST);
	probe->missed_before = probe_count_missed(probe);
	probe_sum(probe, &probe->base);
	threads_begin(&probe->threads, clock_now_ns());
	probe_look(probe);
	if (probe->profile)
		profile_begin(probe->profile);
}

/* What there is to say of requests and connections, up to now. */
static void probe_read(struct probe *probe)
{
	probe->missed = probe_count_missed(probe) - probe->missed_before;
	probe_sum(probe, &probe->window);
	stages_subtract(&probe->window, &probe->base);
	/* Of connections that were there before, a difference would tell nothing. */
	probe->window.count[PROBE_ABI_SEEDED] = probe->base.count[PROBE_ABI_SEEDED] +
						probe->base.count[PROBE_ABI_OPENED] -
						probe->base.count[PROBE_ABI_CLOSED];
	probe->slowest_count = slow_merge(probe->slowest, probe->watch.cpus,
		probe->watch.config.cpu_count, probe->watch.control->window);
}

static void probe_read_open(struct probe *probe)
{
	struct err reason = {0};

	memset(&probe->open, 0, sizeof(probe->open));
	if (hooks_serves(&probe->watch.hooks, WATCH_WALK) &&
		walk_open_requests(&probe->walk, &probe->watch.loader, probe->watch.control,
			clock_now_ns(), &probe->open, &reason))
		hooks_remark(&probe->watch.hooks, "walk", reason.text);
}

void probe_end(struct probe *probe, uint64_t now_ns)
{
	struct looks_reading reading = probe_reading(probe);

	probe->window_ns = now_ns - probe->begin_ns;
	cost_look(&probe->cost, false, reading.requests);
	looks_end(&probe->looks, now_ns, &reading);
	probe_read(probe);
	threads_end(&probe->threads, clock_now_ns());
	probe_look(probe);
	probe_read_open(probe);
	if (probe->looks.state == LOOKS_LOOKING)
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

void probe_again(struct probe *probe, uint64_t now_ns)
{
	assert(probe->ended);
	probe->ended = false;
	threads_tick(&probe->threads, now_ns);
	probe_look_now(probe, now_ns);
	probe->due_ns = probe->epoch_ns;
}

void probe_rest(struct probe *probe, uint64_t now_ns)
{
	cost_look(&probe->cost, false, probe_requests(probe));
	probe_drain(probe);
	probe_do(probe, LOOKS_DETACH, now_ns);
	looks_rest(&probe->looks, now_ns);
	probe->ended = true;
}

/* --- readings --- */

size_t probe_hooks(const struct probe *probe, const struct probe_hook **hooks)
{
	*hooks = probe->watch.hooks.rows;
	return probe->watch.hooks.row_count;
}

const struct stages *probe_stages(const struct probe *probe)
{
	return &probe->window;
}

uint32_t probe_sample(const struct probe *probe)
{
	return probe->watch.config.sample;
}

bool probe_takes_turns(const struct probe *probe)
{
	return probe->watch.config.turns != 0;
}

double probe_looked_share(const struct probe *probe)
{
	if (!probe->window_ns || probe->looks.looked_ns >= probe->window_ns)
		return 1;
	return (double)probe->looks.looked_ns / (double)probe->window_ns;
}

double probe_looks_error(const struct probe *probe)
{
	return looks_error_share(&probe->looks, probe_looked_share(probe));
}

bool probe_stood_still(const struct probe *probe, uint64_t *longest_ns)
{
	*longest_ns = probe->longest_ns;
	return probe->longest_ns > PROBE_STILL_EPOCHS * SAMPLING_EPOCH_NS;
}

uint64_t probe_requests(const struct probe *probe)
{
	uint64_t requests = 0;

	for (uint32_t i = 0; i < probe->watch.config.cpu_count; i++)
		requests += __atomic_load_n(
			&probe->watch.cpus[i].count[PROBE_ABI_REQUESTS], __ATOMIC_RELAXED);
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
	return cost_per_request(&probe->cost, probe->watch.config.sample, per_request_ns, reason);
}

uint64_t probe_missed(const struct probe *probe)
{
	return probe->missed;
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
