/* SPDX-License-Identifier: MIT */
#include "analysis/cause_waits.h"

#include <math.h>

#include "analysis/cause_machine.h"
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
/* A server that used so much of its CPUs did not wait for something else. */
#define IDLE_SHARE 0.70
/* What only CPU time tells. */
#define IDLE_STRENGTH 0.5
/* Segments sent again, for each request. */
#define RETRANSMITS      0.02
#define NETWORK_LEAST_NS 1e6

static bool is_saturated(const struct cause_view *view)
{
	return view->busiest.cpu + view->busiest.runq >= CAUSE_MACHINE_SATURATED &&
	       view->pressed >= CAUSE_MACHINE_SATURATED;
}

static double lock_strength(const struct cause_evidence *evidence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double asleep_ns = broken->part_ns[PROBE_ABI_APP_SLEEP];
	double others_ns = broken->part_ns[PROBE_ABI_APP_CPU] * (broken->threads - 1.0);

	if (!broken->has_parts || !base->has_parts || broken->threads < 2)
		return 0;
	if (is_saturated(broken) || broken->throttled >= CAUSE_MACHINE_THROTTLED)
		return 0;
	if (asleep_ns > LOCK_BOUND * others_ns ||
		asleep_ns < LOCK_GROWTH * base->part_ns[PROBE_ABI_APP_SLEEP])
		return 0;
	if (broken->threads_cpu < LOCK_CPUS_LEAST || broken->threads_cpu > LOCK_CPUS_MOST)
		return 0;
	return cause_evidence_ramp(broken->blocked, CAUSE_WAITS_LOCK, 0.40);
}

double cause_waits_lock(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = lock_strength(evidence);

	if (strength <= 0)
		return 0;
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
	if (is_saturated(broken) || broken->throttled >= CAUSE_MACHINE_THROTTLED)
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
	return cause_evidence_ramp(broken->blocked, CAUSE_WAITS_LOCK, 0.40);
}

double cause_waits_held(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double own_ns = asleep_ns(base), strength = held_strength(evidence);
	char rate[UNITS_TEXT_BYTES], own[UNITS_TEXT_BYTES], waited[UNITS_TEXT_BYTES];

	if (strength <= 0 || lock_strength(evidence) > 0)
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

/* The kernel's side is not known: CPU was left, and it was slow all the same. */
static double judge_idle(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *broken = &evidence->broken;
	bool behind = broken->trial && broken->trial->has_backlog_growth &&
		      broken->trial->backlog_growth > 0.005;
	bool slow = broken->timed_out > 0 ||
		    (evidence->base.has_latency && broken->p99_ns >= 3 * evidence->base.p99_ns);
	char share[UNITS_TEXT_BYTES];

	if (!broken->has_resources || broken->cpu_share <= 0 || broken->cpu_share >= IDLE_SHARE ||
		broken->throttled >= CAUSE_MACHINE_THROTTLED || !(behind || slow))
		return 0;
	/* That much may be one thread at its end. */
	if (broken->cpus >= 0.85 && broken->cpus <= 1.15)
		return 0;
	buf_printf(sentence,
		"server waiting: it used %.2f of %.4g CPUs and was slow all the same: ",
		broken->cpus, broken->limit_cpus);
	if (broken->timed_out > 0)
		buf_printf(sentence, "%s of the requests timed out",
			units_format_share(share, broken->timed_out));
	else if (slow)
		cause_evidence_tell_time(
			"p99", true, evidence->base.p99_ns, broken->p99_ns, sentence);
	else
		buf_printf(sentence, "what is unanswered grew by %s of the rate",
			units_format_share(share, broken->trial->backlog_growth));
	buf_text(sentence, "; for what it waits (a lock, sleep, disk, another server) only the "
			   "kernel's side can tell");
	return IDLE_STRENGTH;
}

double cause_waits_blocked(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	const double *share = broken->share;
	double strength = cause_evidence_ramp(broken->blocked, CAUSE_WAITS_BLOCKED, 0.80);
	bool disk = share[PROBE_ABI_APP_DISK] > share[PROBE_ABI_APP_SLEEP];
	bool stopped = share[PROBE_ABI_APP_STOPPED] >
		       share[PROBE_ABI_APP_SLEEP] + share[PROBE_ABI_APP_DISK];
	bool grew = !base->has_parts || broken->residence_ns >= 1.5 * base->residence_ns ||
		    broken->wait_ns >= broken->residence_ns;

	if (!broken->has_parts)
		return judge_idle(evidence, sentence);
	if (strength <= 0 || !grew || is_saturated(broken) || lock_strength(evidence) > 0 ||
		held_strength(evidence) > 0)
		return 0;
	buf_printf(sentence, "server blocked%s: ",
		stopped ? " by a signal, a tracer or the freezer"
		: disk  ? " on disk"
			: " on sleep");
	cause_evidence_tell_share("time asleep inside requests", "residence", base->has_parts,
		base->blocked, broken->blocked, sentence);
	buf_printf(sentence, " with %u thread%s on %.2f CPUs, ", broken->threads,
		broken->threads == 1 ? "" : "s", broken->threads_cpu);
	cause_evidence_tell_time("blocked time of a request", base->has_parts, base->app_blocked_ns,
		broken->app_blocked_ns, sentence);
	if (broken->wait_ns >= broken->residence_ns)
		buf_text(sentence, ", and requests waited longer for a connection than in it");
	return strength;
}

double cause_waits_queueing(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = cause_evidence_ramp(broken->queue_share, CAUSE_WAITS_QUEUE, 0.95);

	if (!broken->has_parts || strength <= 0 ||
		(base->has_parts && (broken->queue_share < base->queue_share + 0.2 ||
					    broken->residence_ns < 1.5 * base->residence_ns)))
		return 0;
	buf_text(sentence, "requests queue: time unread in the socket ");
	if (base->has_parts)
		buf_printf(sentence, "grew from %.0f to %.0f %% of residence",
			base->queue_share * 100, broken->queue_share * 100);
	else
		buf_printf(sentence, "is %.0f %% of residence", broken->queue_share * 100);
	buf_text(sentence, ", ");
	cause_evidence_tell_time(
		"residence", base->has_parts, base->residence_ns, broken->residence_ns, sentence);
	return strength;
}

double cause_waits_network(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double outside_ns = broken->residual_ns - base->residual_ns;
	double inside_ns = fmax(broken->residence_ns - base->residence_ns, 0);
	double requests = fmax(broken->completed_rps * broken->seconds, 1);
	double again = (double)broken->retransmits / requests, strength = 0;
	bool grew = broken->has_kernel && base->has_kernel && broken->has_residual &&
		    base->has_residual && broken->residual_ns >= 3 * base->residual_ns &&
		    outside_ns >= NETWORK_LEAST_NS;

	if (grew)
		strength = cause_evidence_ramp(outside_ns / (outside_ns + inside_ns), 0.5, 0.9);
	if (broken->has_kernel)
		strength = fmax(strength, cause_evidence_ramp(again, RETRANSMITS, 0.1));
	if (strength <= 0)
		return 0;
	buf_text(sentence, "network: ");
	cause_evidence_tell_time("time outside the server", base->has_residual, base->residual_ns,
		broken->residual_ns, sentence);
	buf_text(sentence, ", ");
	cause_evidence_tell_time(
		"inside it", base->has_kernel, base->residence_ns, broken->residence_ns, sentence);
	if (again >= RETRANSMITS)
		buf_printf(sentence, ", %.1f segments sent again for 100 requests", again * 100);
	return strength;
}
