/* SPDX-License-Identifier: MIT */
#include "run/collector.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "observe/cgroup.h"
#include "run/interrupt.h"
#include "run/machine.h"

/* Oftener nobody reads it. */
#define SHOW_NS (250 * NS_PER_MS)

/* Boundaries of the plan's window, as offsets from the start; UINT64_MAX: not known beforehand. */
static uint64_t window_end(const struct plan *plan)
{
	return plan->duration_ns == UINT64_MAX ? UINT64_MAX : plan->warmup_ns + plan->duration_ns;
}

static void *block_new(size_t bytes)
{
	void *memory = NULL;

	if (posix_memalign(&memory, 64, bytes))
		return NULL;
	return memset(memory, 0, bytes);
}

int collector_init(struct collector *collector, const struct plan *plan, struct progress *progress,
	struct notes *notes, struct attribution *attribution, struct observation *observation,
	struct err *err)
{
	size_t bytes = stats_bytes(plan->longest_ns), count = plan->worker_count, i;
	void *merged = block_new(bytes), *copy = block_new(bytes);
	int code;

	*collector = (struct collector){.plan = plan,
		.progress = progress,
		.notes = notes,
		.attribution = attribution,
		.observation = observation};
	collector->merged = merged ? stats_init(merged, plan->longest_ns) : NULL;
	collector->copy = copy ? stats_init(copy, plan->longest_ns) : NULL;
	collector->health = calloc(count, sizeof(*collector->health));
	collector->cpus = calloc(count, sizeof(*collector->cpus));
	collector->before.steal_ns = calloc(count, sizeof(uint64_t));
	collector->after.steal_ns = calloc(count, sizeof(uint64_t));
	collector->before.run_delay_ns = calloc(count, sizeof(uint64_t));
	collector->after.run_delay_ns = calloc(count, sizeof(uint64_t));
	if (!merged || !copy || !collector->health || !collector->cpus ||
		!collector->before.steal_ns || !collector->after.steal_ns ||
		!collector->before.run_delay_ns || !collector->after.run_delay_ns)
		code = err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "no memory to collect the statistics");
	else
		code = timeline_init(&collector->timeline, plan->longest_ns, count, err);
	if (code < 0) {
		collector_release(collector);
		return code;
	}
	for (i = 0; i < count; i++)
		collector->cpus[i] = plan->workers[i].cpu;
	return 0;
}

void collector_release(struct collector *collector)
{
	timeline_release(&collector->timeline);
	free(collector->merged);
	free(collector->copy);
	free(collector->health);
	free(collector->cpus);
	free(collector->before.steal_ns);
	free(collector->after.steal_ns);
	free(collector->before.run_delay_ns);
	free(collector->after.run_delay_ns);
	lookout_release(&collector->lookout);
	*collector = (struct collector){0};
}

void collector_make_room(const struct collector *collector)
{
	cpu_set_t cpus;
	size_t i;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return;
	for (i = 0; i < collector->plan->worker_count; i++)
		if (collector->cpus[i] < CPU_SETSIZE)
			CPU_CLR(collector->cpus[i], &cpus);
	if (CPU_COUNT(&cpus))
		sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void read_losses(const struct collector *collector, const struct engine *engine,
	struct collector_losses *losses)
{
	struct cgroup_throttling throttling;

	losses->has_steal = machine_steal("/", collector->cpus, collector->plan->worker_count,
		losses->steal_ns, &losses->steal_reason);
	losses->has_throttled = cgroup_throttling(&throttling, "", 0, &losses->throttled_reason);
	losses->throttled_ns = throttling.throttled_ns;
	for (size_t i = 0; i < collector->plan->worker_count; i++)
		losses->run_delay_ns[i] = machine_run_delay("/", engine_tid(engine, i));
}

/* The workers' blocks as they are now: their sum, and each one's health. */
static void look(struct collector *collector, const struct engine *engine)
{
	size_t i;

	for (i = 0; i < collector->plan->worker_count; i++) {
		stats_copy(i ? collector->copy : collector->merged, engine_stats(engine, i));
		collector->health[i] = i ? collector->copy->health : collector->merged->health;
		if (i)
			stats_add(collector->merged, collector->copy);
	}
}

static void show(struct collector *collector, uint64_t now_ns)
{
	const struct plan *plan = collector->plan;
	uint64_t elapsed = now_ns - collector->start_ns, end = collector->window_ns;
	struct live_view view = {
		.interval = &collector->timeline.latest,
		.asked_rps = plan->open_loop ? (double)plan->rate_mrps / 1e3 : 0,
		.interrupted = interrupt_count() > 0,
	};

	if (view.interrupted || elapsed >= end) {
		uint64_t since = view.interrupted ? interrupt_first_ns() - collector->start_ns
						  : end;

		view.state = LIVE_DRAINING;
		view.elapsed_ns = elapsed > since ? elapsed - since : 0;
	} else {
		view.state = elapsed < plan->warmup_ns ? LIVE_WARMUP : LIVE_MEASURING;
		view.elapsed_ns = elapsed < plan->warmup_ns ? elapsed : elapsed - plan->warmup_ns;
		view.has_left = end != UINT64_MAX;
		view.left_ns = view.has_left ? end - elapsed : 0;
	}
	progress_show(collector->progress, &view);
	collector->shown_ns = now_ns;
}

/* Short intervals are not all shown, but each phase at once. */
static bool is_news(const struct collector *collector, uint64_t now_ns)
{
	uint64_t planned = collector->planned_ns - collector->start_ns;

	return now_ns - collector->shown_ns >= SHOW_NS || planned == collector->plan->warmup_ns ||
	       planned == window_end(collector->plan);
}

static void take_interval(struct collector *collector, const struct engine *engine, uint64_t now_ns)
{
	if (now_ns <= collector->last_ns)
		return;
	look(collector, engine);
	if (timeline_add(&collector->timeline, now_ns - collector->start_ns, collector->merged,
		    collector->health, NULL) < 0 &&
		!collector->interval_lost) {
		collector->interval_lost = true;
		notes_add(collector->notes, "no memory for an interval of the timeline");
	}
	observation_sample(collector->observation, now_ns - collector->start_ns, collector->notes);
	collector->last_ns = now_ns;
}

/* Whether the service has failed for so long that the window ends here. */
static void watch_breach(struct collector *collector, struct engine *engine, uint64_t now_ns)
{
	uint64_t planned_ns = collector->planned_ns;
	struct buf sentence = {0};

	if (interrupt_count() ||
		!lookout_take(&collector->lookout, planned_ns - collector->start_ns,
			now_ns > planned_ns ? now_ns - planned_ns : 0, collector->merged,
			&collector->timeline))
		return;
	engine_stop(engine, ENGINE_STOP_WINDOW);
	collector->window_ns = now_ns - collector->start_ns;
	/* Of a trial of several, the verdict says it. */
	if (collector->progress->label)
		return;
	breach_sentence(&collector->lookout.found, &sentence);
	progress_clear(collector->progress);
	log_note("ended early: %s", buf_string(&sentence));
	buf_release(&sentence);
}

/* The end of the next interval: its length on, or where a phase ends before. */
static uint64_t next_end(const struct collector *collector)
{
	uint64_t last = collector->planned_ns - collector->start_ns;
	uint64_t next = last + collector->interval_ns;
	uint64_t borders[] = {collector->plan->warmup_ns, window_end(collector->plan)};
	size_t i;

	for (i = 0; i < 2; i++)
		if (borders[i] > last && borders[i] < next)
			next = borders[i];
	return collector->start_ns + next;
}

static void tell_interrupt(struct collector *collector, uint64_t now_ns)
{
	unsigned int count = interrupt_count();

	if (count == collector->interrupts_told)
		return;
	if (collector->progress->shown)
		show(collector, now_ns);
	else if (!collector->interrupts_told && count == 1)
		log_note("interrupted: waiting for what is outstanding, once more stops at once");
	else
		log_note("interrupted again: stopping at once");
	collector->interrupts_told = count;
}

/* The window of the kernel's side; without a duration it ends when the workers have. */
static void schedule_attribution(struct collector *collector)
{
	uint64_t end = window_end(collector->plan);

	attribution_schedule(collector->attribution,
		collector->start_ns + collector->plan->warmup_ns,
		end == UINT64_MAX ? UINT64_MAX : collector->start_ns + end);
}

/* What the kernel's side needs now; until when it can be left alone. */
static uint64_t tick_attribution(struct collector *collector, uint64_t now_ns, bool ended)
{
	if (ended || interrupt_count() || collector->lookout.found.happened)
		attribution_end(collector->attribution, now_ns);
	return attribution_tick(collector->attribution, now_ns);
}

void collector_run(
	struct collector *collector, struct engine *engine, uint64_t start_ns, uint64_t interval_ns)
{
	uint64_t now = clock_now_ns(), tick;
	bool ended = false;

	assert(interval_ns >= COLLECTOR_LEAST_NS);
	collector->interval_ns = interval_ns;
	collector->start_ns = start_ns;
	collector->last_ns = start_ns;
	collector->planned_ns = start_ns;
	collector->window_ns = window_end(collector->plan);
	look(collector, engine);
	lookout_begin(&collector->lookout, collector->merged, interval_ns);
	read_losses(collector, engine, &collector->before);
	schedule_attribution(collector);
	tick = tick_attribution(collector, now, ended);
	clock_sleep_until(start_ns);
	observation_sample(collector->observation, 0, collector->notes);
	while (!ended) {
		uint64_t next = next_end(collector);

		ended = engine_wait(engine, tick < next ? tick : next);
		now = clock_now_ns();
		tick = tick_attribution(collector, now, ended);
		tell_interrupt(collector, now);
		if (!ended && now < next)
			continue; /* a signal came, or the kernel's side is due */
		/* Those that a stopped process slept through are one interval. */
		collector->planned_ns = next +
					(now < next ? 0 : (now - next) / interval_ns * interval_ns);
		/* What others took counts up to the window's end, not through the drain. */
		if (collector->last_ns - start_ns < collector->window_ns)
			read_losses(collector, engine, &collector->after);
		take_interval(collector, engine, now);
		if (!ended)
			watch_breach(collector, engine, now);
		if (!ended && is_news(collector, now))
			show(collector, now);
	}
	attribution_settle(collector->attribution);
	observation_finish(collector->observation, collector->notes);
	progress_clear(collector->progress);
	look(collector, engine);
}

uint64_t collector_steal_ns(const struct collector *collector, size_t worker)
{
	return collector->after.steal_ns[worker] - collector->before.steal_ns[worker];
}

uint64_t collector_run_delay_ns(const struct collector *collector, size_t worker)
{
	uint64_t before = collector->before.run_delay_ns[worker];
	uint64_t after = collector->after.run_delay_ns[worker];

	return after > before ? after - before : 0;
}

uint64_t collector_throttled_ns(const struct collector *collector)
{
	return collector->after.throttled_ns - collector->before.throttled_ns;
}
