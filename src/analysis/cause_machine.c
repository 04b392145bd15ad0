/* SPDX-License-Identifier: MIT */
#include "analysis/cause_machine.h"

#include <inttypes.h>
#include <math.h>

#include "analysis/cause_lock.h"
#include "base/units.h"

/* Of the time it runs or wants to, a thread at its own end runs for this much. */
#define OWN_END 0.70
/* What looks like work, but was there at a small load too, is polling: half a cause. */
#define POLLING    0.5
#define SMALL_LOAD 0.7
/* CPUs kept busy by one thread, as far as ticks of 10 ms and other threads' crumbs let it be told.
 */
#define ONE_THREAD_LEAST 0.90
#define ONE_THREAD_MOST  1.08
/* What only CPU time tells may be a lock as well. */
#define ONE_THREAD_STRENGTH 0.6
/* Some task waited for a CPU, of the time: pressure is high long before anything suffers. */
#define CPU_STALL    0.60
#define MEMORY_STALL 0.10
/* A share that grew by less says little. */
#define SHARE_GROWN 0.05

/* "once", "31 times" */
static void tell_times(double count, struct buf *sentence)
{
	if (count < 1.5)
		buf_text(sentence, "once");
	else
		buf_printf(sentence, "%.0f times", count);
}

static bool has_base(const struct cause_evidence *evidence)
{
	return evidence->base.trial != NULL;
}

static bool was_small(const struct cause_evidence *evidence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;

	return base->trial && base->rps < SMALL_LOAD * fmax(broken->completed_rps, 1);
}

double cause_machine_throttled(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = broken->has_throttled ? cause_evidence_ramp(broken->throttled,
							  CAUSE_THROTTLED, 4 * CAUSE_THROTTLED)
						: 0;
	char rate[UNITS_TEXT_BYTES];

	if (strength <= 0)
		return 0;
	buf_text(sentence, "server throttled: the CPU quota of its control group ");
	if (broken->has_quota)
		buf_printf(sentence, "(%.2f CPUs) ", broken->limit_cpus);
	buf_printf(sentence, "held it back for %.0f %% of the time", broken->throttled * 100);
	if (base->has_throttled)
		buf_printf(sentence, ", %.0f %% at %s/s", base->throttled * 100,
			units_format_rate(rate, base->rps));
	return strength;
}

/* Where requests were while the saturated thread worked: unread, or read and not their turn. */
static void tell_work(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	bool unread = broken->share[PROBE_ABI_QUEUE_BUSY] > broken->share[PROBE_ABI_APP_CPU];
	enum probe_abi_stage part = unread ? PROBE_ABI_QUEUE_BUSY : PROBE_ABI_APP_CPU;

	if (!broken->has_parts)
		return;
	buf_text(sentence, ", ");
	/* Where all of residence is of one kind at any load, its length tells more. */
	if (base->has_parts && broken->share[part] < base->share[part] + SHARE_GROWN)
		cause_evidence_tell_time(stages_key(part), true, base->part_ns[part],
			broken->part_ns[part], sentence);
	else
		cause_evidence_tell_share(stages_key(part), "residence", base->has_parts,
			base->share[part], broken->share[part], sentence);
}

double cause_machine_thread(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	const struct cause_thread *thread = &broken->busiest;
	double pressed = thread->cpu + thread->runq,
	       before = base->busiest.cpu + base->busiest.runq;
	double strength = cause_evidence_ramp(pressed, CAUSE_SATURATED, 0.97);

	/* One that mostly waits for a CPU is short of it, not at its end. */
	if (!broken->has_kernel || strength <= 0 || thread->cpu < OWN_END * pressed ||
		cause_lock_kept(evidence))
		return 0;
	buf_printf(sentence, "server CPU-bound: thread %" PRIu32, thread->tid);
	if (thread->name && *thread->name)
		buf_printf(sentence, " (%s)", thread->name);
	buf_printf(sentence, " on CPU %.0f %%", thread->cpu * 100);
	if (thread->runq >= 0.05)
		buf_printf(sentence, " and waiting for one %.0f %%", thread->runq * 100);
	if (broken->threads > 1 && broken->pressed >= CAUSE_SATURATED)
		buf_printf(sentence, ", and so are the others of %u", broken->threads);
	else if (broken->threads > 1)
		buf_printf(sentence, " while the others of %u have time", broken->threads);
	tell_work(evidence, sentence);
	if (base->has_kernel && before >= CAUSE_SATURATED && was_small(evidence)) {
		buf_text(sentence, "; it was as busy at a small load, so it may be polling");
		strength *= POLLING;
	}
	return strength;
}

/* All that the server may use. */
static double judge_all(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = cause_evidence_ramp(broken->cpu_share, CAUSE_SATURATED, 0.98);
	char rate[UNITS_TEXT_BYTES];

	if (strength <= 0)
		return 0;
	buf_printf(sentence, "server CPU-bound: it kept %.2f of the %.4g CPUs busy that it may use",
		broken->cpus, broken->limit_cpus);
	if (base->has_resources)
		buf_printf(
			sentence, ", %.2f at %s/s", base->cpus, units_format_rate(rate, base->rps));
	if (base->cpu_share >= CAUSE_SATURATED && was_small(evidence)) {
		buf_text(sentence, ", so it may be polling");
		strength *= POLLING;
	}
	return strength;
}

double cause_machine_cpus(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;

	if (!broken->has_resources)
		return 0;
	if (broken->cpu_share >= CAUSE_SATURATED)
		return judge_all(evidence, sentence);
	/* Where the kernel's side is known, it knows threads. */
	if (broken->has_kernel || broken->cpus < ONE_THREAD_LEAST ||
		broken->cpus > ONE_THREAD_MOST || broken->limit_cpus < 1.5)
		return 0;
	if (base->has_resources && base->cpus >= ONE_THREAD_LEAST && was_small(evidence))
		return 0;
	buf_printf(sentence,
		"server CPU-bound: it kept %.2f of %.4g CPUs busy, as much as one thread can: "
		"there is "
		"one, or a lock lets one run at a time",
		broken->cpus, broken->limit_cpus);
	return ONE_THREAD_STRENGTH;
}

static double runq(const struct cause_view *view)
{
	return view->share[PROBE_ABI_QUEUE_RUNQ] + view->share[PROBE_ABI_APP_RUNQ];
}

double cause_machine_others(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength;

	if (broken->throttled >= CAUSE_THROTTLED || broken->cpu_share >= CAUSE_SATURATED)
		return 0;
	if (broken->has_parts) {
		strength = cause_evidence_ramp(runq(broken), CAUSE_MACHINE_RUNQ, 0.70);
		if (strength <= 0 || (base->has_parts && runq(broken) < 1.25 * runq(base)))
			return 0;
		buf_text(sentence, "machine CPU-bound: ");
		cause_evidence_tell_share("waiting for a CPU", "residence", base->has_parts,
			runq(base), runq(broken), sentence);
	} else {
		strength = broken->stall_is_own
				   ? cause_evidence_ramp(broken->cpu_stall, CPU_STALL, 0.95)
				   : 0;
		if (strength <= 0 || (has_base(evidence) && base->cpu_stall >= CPU_STALL))
			return 0;
		buf_printf(sentence,
			"machine CPU-bound: some thread of the server waited for a CPU %.0f %% of "
			"the time",
			broken->cpu_stall * 100);
	}
	if (broken->has_resources)
		buf_printf(sentence, ", while the server had %.2f of %.4g", broken->cpus,
			broken->limit_cpus);
	buf_text(sentence, ": other threads have the rest");
	return strength;
}

double cause_machine_memory(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	double strength = cause_evidence_ramp(broken->limit_share, CAUSE_MACHINE_MEMORY, 1);
	double events = broken->memory_events - base->memory_events;
	char used[UNITS_TEXT_BYTES], limit[UNITS_TEXT_BYTES];

	if (!broken->has_memory)
		return 0;
	if (broken->oom_kills > 0)
		strength = 1;
	else if (events > 0 || (broken->stall_is_own && broken->memory_stall >= MEMORY_STALL))
		strength = fmax(strength, 0.8);
	if (strength <= 0)
		return 0;
	buf_printf(sentence, "memory at its limit: %s resident",
		cause_evidence_format_bytes(used, broken->memory_bytes));
	if (broken->limit_bytes > 0)
		buf_printf(sentence, ", %.0f %% of the control group's %s used",
			broken->limit_share * 100,
			cause_evidence_format_bytes(limit, broken->limit_bytes));
	if (events > 0) {
		buf_text(sentence, ", run into ");
		tell_times(events, sentence);
	}
	if (broken->memory_stall >= MEMORY_STALL)
		buf_printf(
			sentence, ", waited for %.0f %% of the time", broken->memory_stall * 100);
	if (broken->oom_kills > 0)
		buf_printf(sentence, ", %.0f process%s killed", broken->oom_kills,
			broken->oom_kills < 1.5 ? "" : "es");
	return strength;
}

double cause_machine_files(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *broken = &evidence->broken;
	double strength = broken->has_files
				  ? cause_evidence_ramp(broken->files_share, CAUSE_MACHINE_FILES, 1)
				  : 0;
	char files[UNITS_TEXT_BYTES];

	if (strength > 0)
		buf_printf(sentence,
			"server out of files: %s open, %.0f %% of what a process of it may have",
			units_format_count(files, (uint64_t)fmin(broken->files, 0x1p62)),
			broken->files_share * 100);
	return strength;
}

double cause_machine_restarted(const struct cause_evidence *evidence, struct buf *sentence)
{
	const struct cause_view *base = &evidence->base, *broken = &evidence->broken;
	/* Processes may come and go; one whose end is felt was the server. */
	bool felt = broken->connect_refused >= 0.5 || broken->errors >= 0.5;
	bool ended = broken->exited > 0 && felt;

	if (!broken->has_processes || (broken->restarts <= 0 && !ended))
		return 0;
	if (broken->restarts > 0) {
		buf_text(sentence,
			"server restarted: a process of it ended and another took its place, ");
		tell_times(broken->restarts, sentence);
		buf_printf(sentence, " in %.1f s", broken->seconds);
	} else if (broken->exited > 1.5) {
		buf_printf(sentence, "server ended: %.0f of its processes did, and none came after",
			broken->exited);
	} else {
		buf_text(sentence, "server ended: a process of it did, and none came after");
	}
	if (broken->oom_kills > 0)
		buf_text(sentence, "; the kernel killed it for want of memory");
	/* Some servers renew their workers as a habit. */
	return base->restarts > 0 ? 0.4 : 1;
}
