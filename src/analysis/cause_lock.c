/* SPDX-License-Identifier: MIT */
#include "analysis/cause_lock.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/units.h"

/* Time asleep in a request grew at least so much from base to break. */
#define LOCK_GROWTH 1.5
/* Of what the other threads work; the rest is for waking up. */
#define LOCK_BOUND 1.5
/* CPUs that threads which run one at a time keep busy, at most. */
#define LOCK_CPUS_LEAST 0.50
#define LOCK_CPUS_MOST  1.30
/* Where a holder sleeps: one at a time takes so much of each second, as far as that can be told, …
 */
#define HELD_LEAST 0.70
#define HELD_MOST  1.15
/* … and so little at base that what was slept there is the holder's own. */
#define HELD_ALONE 0.50
/* The others wake up at least so often for each answer of the server, … */
#define KEPT_WOKEN 0.25
/* … and for each of their own. */
#define KEPT_IN_VAIN 3.0
/* … which is so much more than at base. */
#define KEPT_GROWTH 2.0

static double shared_strength(const struct cause_evidence *evidence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double asleep_ns = broken->part_ns[PROBE_ABI_APP_SLEEP];
	double others_ns = broken->part_ns[PROBE_ABI_APP_CPU] * (broken->threads - 1.0);

	if (!broken->has_parts || !base->has_parts || broken->threads < 2)
		return 0;
	if (cause_evidence_saturated(broken) || broken->throttled >= CAUSE_THROTTLED)
		return 0;
	if (asleep_ns > LOCK_BOUND * others_ns ||
		asleep_ns < LOCK_GROWTH * base->part_ns[PROBE_ABI_APP_SLEEP])
		return 0;
	if (broken->threads_cpu < LOCK_CPUS_LEAST || broken->threads_cpu > LOCK_CPUS_MOST)
		return 0;
	return cause_evidence_ramp(broken->blocked, CAUSE_LOCK_BLOCKED, 0.40);
}

static double answers(const struct cause_view *view)
{
	return view->completed_rps * view->seconds;
}

/*
 * A lock that one thread keeps, as it takes it again before those that it woke are there. All its
 * time is work, and theirs is in no answered request: what tells is that they sleep with requests
 * of their own, wake up as often as it lets go, and get nothing done.
 */
static double kept_strength(const struct cause_evidence *evidence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	const struct cause_others *others = &broken->others;
	double completed = answers(broken);
	double own = completed * others->requests_share;
	double base_own = answers(base) * base->others.requests_share;

	if (!broken->has_kernel || !base->has_kernel || !others->count ||
		broken->throttled >= CAUSE_THROTTLED)
		return 0;
	if (broken->busiest.cpu < LOCK_CPUS_LEAST ||
		broken->busiest.cpu + others->cpu > LOCK_CPUS_MOST)
		return 0;
	if (others->in_request < LOCK_GROWTH * base->others.in_request)
		return 0;
	if (others->sleeps < KEPT_WOKEN * completed || others->sleeps < KEPT_IN_VAIN * own)
		return 0;
	/* Some requests wait for several things one after the other, at any load. */
	if (others->sleeps * base_own < KEPT_GROWTH * base->others.sleeps * own)
		return 0;
	return cause_evidence_ramp(others->in_request, CAUSE_LOCK_KEPT, 0.90);
}

static void tell_kept(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *broken = &evidence->broken;
	const struct cause_others *others = &broken->others;

	buf_printf(sentence,
		"server lock-bound: its %u threads wait for one another and together get %.2f "
		"CPUs: thread %" PRIu32,
		others->count + 1, broken->busiest.cpu + others->cpu, broken->busiest.tid);
	if (broken->busiest.name && *broken->busiest.name)
		buf_printf(sentence, " (%s)", broken->busiest.name);
	buf_printf(sentence,
		" takes the lock again and again, on CPU %.0f %%, while the other%s slept in "
		"requests for %.0f %% of the time and woke %.0f times for %.2g %% of the answers",
		broken->busiest.cpu * 100, others->count > 1 ? "s" : "", others->in_request * 100,
		others->sleeps, others->requests_share * 100);
}

double cause_lock_shared(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = shared_strength(evidence);

	if (strength <= 0) {
		strength = kept_strength(evidence);
		if (strength > 0)
			tell_kept(evidence, sentence);
		return strength;
	}
	buf_printf(sentence,
		"server lock-bound: its %u threads wait for one another and together get %.2f "
		"CPUs, ",
		broken->threads, broken->threads_cpu);
	cause_evidence_tell_share("time blocked inside requests", "residence", true, base->blocked,
		broken->blocked, sentence);
	buf_text(sentence, ", ");
	cause_evidence_tell_time(stages_key(PROBE_ABI_APP_SLEEP), true,
		base->part_ns[PROBE_ABI_APP_SLEEP], broken->part_ns[PROBE_ABI_APP_SLEEP], sentence);
	return strength;
}

/* Time in which a request's thread slept, and was not stopped. */
static double asleep_ns(const struct cause_view *view)
{
	return view->part_ns[PROBE_ABI_APP_SLEEP] + view->part_ns[PROBE_ABI_APP_DISK];
}

/*
 * What was slept at base is the holder's own, and with its work what a request keeps the others
 * waiting for. Others that sleep as well, without a lock, are done more often than one at a time.
 */
static double held_strength(const struct cause_evidence *evidence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double own_ns = asleep_ns(base), turn_ns = own_ns + base->part_ns[PROBE_ABI_APP_CPU];
	double waited_ns = asleep_ns(broken) - own_ns;

	if (!broken->has_parts || !base->has_parts || broken->threads < 2)
		return 0;
	if (cause_evidence_saturated(broken) || broken->throttled >= CAUSE_THROTTLED)
		return 0;
	if (own_ns < base->part_ns[PROBE_ABI_APP_CPU] ||
		base->completed_rps * turn_ns > HELD_ALONE * NS_PER_S)
		return 0;
	if (waited_ns < (LOCK_GROWTH - 1) * own_ns ||
		waited_ns > LOCK_BOUND * turn_ns * (broken->threads - 1.0))
		return 0;
	if (broken->completed_rps * turn_ns < HELD_LEAST * NS_PER_S ||
		broken->completed_rps * own_ns > HELD_MOST * NS_PER_S)
		return 0;
	return cause_evidence_ramp(broken->blocked, CAUSE_LOCK_BLOCKED, 0.40);
}

double cause_lock_held(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double own_ns = asleep_ns(base), strength = held_strength(evidence);
	char rate[UNITS_TEXT_BYTES], own[UNITS_TEXT_BYTES], waited[UNITS_TEXT_BYTES];

	if (strength <= 0 || shared_strength(evidence) > 0)
		return 0;
	buf_printf(sentence,
		"server waits for a lock whose holder sleeps: its %u threads pass one at a time, "
		"%s/s; ",
		broken->threads, units_format_rate(rate, round(broken->completed_rps)));
	buf_printf(sentence,
		"in a request the holder sleeps %s, as at %s/s, and %s are slept until it has the "
		"lock",
		cause_evidence_format_ns(own, own_ns), units_format_rate(rate, base->rps),
		cause_evidence_format_ns(waited, asleep_ns(broken) - own_ns));
	return strength;
}

bool cause_lock_kept(const struct cause_evidence *evidence)
{
	return shared_strength(evidence) <= 0 && kept_strength(evidence) > 0;
}

bool cause_lock_found(const struct cause_evidence *evidence)
{
	return shared_strength(evidence) > 0 || kept_strength(evidence) > 0 ||
	       held_strength(evidence) > 0;
}
