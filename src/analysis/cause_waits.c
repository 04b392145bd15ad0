/* SPDX-License-Identifier: MIT */
#include "analysis/cause_waits.h"

#include <math.h>

#include "analysis/cause_lock.h"
#include "base/units.h"

/* A server that used so much of its CPUs did not wait for something else. */
#define IDLE_SHARE 0.70
/* What only CPU time tells. */
#define IDLE_STRENGTH 0.5
/* Segments sent again, for each request. */
#define RETRANSMITS      0.02
#define NETWORK_LEAST_NS 1e6

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
		broken->throttled >= CAUSE_THROTTLED || !(behind || slow))
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
	if (strength <= 0 || !grew || cause_evidence_saturated(broken) ||
		cause_lock_found(evidence))
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
