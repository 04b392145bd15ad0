/* SPDX-License-Identifier: MIT */
#include "analysis/kernel_dominant.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"

/* A part of a cause below this share of it is not worth a word. */
#define PART_SHARE 0.10
/* Throttling below this share of the time in run queues does not explain them. */
#define THROTTLED_SHARE 0.10
/* Waking an idle thread takes microseconds, tens of them on a sleepy machine. */
#define WAKEUP_NS 1e6
/* Behind a saturated thread requests wait longer than this, or than two services. */
#define SATURATED_QUEUE_NS 100e3

/* How a cause is told: "waited 81.3 % of their 1.25 ms for ...". */
static const struct {
	const char *verb, *place;
} causes[KERNEL_DOMINANT_CAUSE_COUNT] = {
	[KERNEL_DOMINANT_BUSY] = {"waited", "for a server thread that was busy with other work"},
	[KERNEL_DOMINANT_RUNQ] = {"waited", "for a CPU"},
	[KERNEL_DOMINANT_BUSY_BLOCKED] = {"waited",
		"for a server thread that was blocked inside another request"},
	[KERNEL_DOMINANT_WAKEUP] = {"waited", "for an idle server thread to wake up"},
	[KERNEL_DOMINANT_UNKNOWN] = {"waited",
		"for a server thread that the probe did not know yet"},
	[KERNEL_DOMINANT_CPU] = {"spent", "on the CPU, being served"},
	[KERNEL_DOMINANT_SLEEP] = {"were blocked", "in the server (locks, timers, other sockets)"},
	[KERNEL_DOMINANT_DISK] = {"were blocked", "in the server, uninterruptibly"},
	[KERNEL_DOMINANT_STOPPED] = {"were held up", "by a server thread that was stopped"},
};

static enum kernel_dominant_cause cause_of(enum probe_abi_stage part)
{
	static const enum kernel_dominant_cause of[PROBE_ABI_PARTS] = {
		[PROBE_ABI_QUEUE_BUSY] = KERNEL_DOMINANT_BUSY,
		[PROBE_ABI_QUEUE_RUNQ] = KERNEL_DOMINANT_RUNQ,
		[PROBE_ABI_QUEUE_BUSY_BLOCKED] = KERNEL_DOMINANT_BUSY_BLOCKED,
		[PROBE_ABI_QUEUE_WAKEUP] = KERNEL_DOMINANT_WAKEUP,
		[PROBE_ABI_QUEUE_UNKNOWN] = KERNEL_DOMINANT_UNKNOWN,
		[PROBE_ABI_APP_CPU] = KERNEL_DOMINANT_CPU,
		[PROBE_ABI_APP_RUNQ] = KERNEL_DOMINANT_RUNQ,
		[PROBE_ABI_APP_SLEEP] = KERNEL_DOMINANT_SLEEP,
		[PROBE_ABI_APP_DISK] = KERNEL_DOMINANT_DISK,
		[PROBE_ABI_APP_STOPPED] = KERNEL_DOMINANT_STOPPED,
	};

	return of[part];
}

/* A stored file may hold anything. */
static double proper(double value)
{
	return isfinite(value) && value > 0 ? value : 0;
}

static double share_of(const struct result_kernel *kernel, enum probe_abi_stage part, bool slowest)
{
	const struct result_kernel_stage *stage = &kernel->stages[part];

	return proper(slowest ? stage->share_of_slowest : stage->share);
}

static void mix_find(
	const struct result_kernel *kernel, bool slowest, struct kernel_dominant_mix *mix)
{
	double share[KERNEL_DOMINANT_CAUSE_COUNT] = {0}, sum = 0;

	*mix = (struct kernel_dominant_mix){0};
	for (enum probe_abi_stage part = 0; part < PROBE_ABI_PARTS; part++) {
		share[cause_of(part)] += share_of(kernel, part, slowest);
		sum += share_of(kernel, part, slowest);
	}
	mix->known = sum > 0;
	for (enum kernel_dominant_cause i = 0; i < KERNEL_DOMINANT_CAUSE_COUNT; i++) {
		if (share[i] > mix->first_share) {
			mix->second = mix->first;
			mix->second_share = mix->first_share;
			mix->first = i;
			mix->first_share = share[i];
		} else if (share[i] > mix->second_share) {
			mix->second = i;
			mix->second_share = share[i];
		}
	}
}

void kernel_dominant_find(const struct result_kernel *kernel, struct kernel_dominant *dominant)
{
	const struct result_kernel_stage *stages = kernel->stages;

	mix_find(kernel, false, &dominant->all);
	mix_find(kernel, true, &dominant->slowest);
	dominant->all.mean_ns = proper(stages[PROBE_ABI_QUEUE].mean_ns) +
				proper(stages[PROBE_ABI_APP].mean_ns);
	dominant->slowest.mean_ns = proper(kernel->slowest_1pct.residence_mean_ns);
	dominant->attributed = kernel->requests
				       ? (double)kernel->attributed / (double)kernel->requests
				       : 0;
}

static char *format_mean(char text[UNITS_TEXT_BYTES], double mean_ns)
{
	mean_ns = proper(mean_ns);
	return units_format_duration(text, mean_ns < 1e18 ? (uint64_t)(mean_ns + 0.5) : UINT64_MAX);
}

/* The thread that is never idle, of those with at least their tenth of the requests; the share of
 * time that the server's threads run or want to, each weighted by its requests. */
static const struct result_kernel_worker *find_pressed(
	const struct result_kernel *kernel, double *pressed)
{
	const struct result_kernel_worker *found = NULL;
	double sum = 0, requests = 0;

	for (size_t i = 0; i < kernel->worker_count; i++) {
		const struct result_kernel_worker *worker = &kernel->workers[i];
		double share = proper(worker->cpu) + proper(worker->runq);

		requests += (double)worker->requests;
		sum += (double)worker->requests * (share < 1 ? share : 1);
	}
	for (size_t i = 0; i < kernel->worker_count && !found; i++) {
		const struct result_kernel_worker *worker = &kernel->workers[i];

		if (proper(worker->cpu) + proper(worker->runq) >= KERNEL_DOMINANT_SATURATED &&
			(double)worker->requests >= requests / 10)
			found = worker;
	}
	*pressed = requests > 0 ? sum / requests : 0;
	return found;
}

static void explain_busy(const struct result_kernel *kernel, struct buf *out)
{
	double pressed, queue_ns = proper(kernel->stages[PROBE_ABI_QUEUE_BUSY].mean_ns);
	const struct result_kernel_worker *worker = find_pressed(kernel, &pressed);
	char text[UNITS_TEXT_BYTES];

	units_format_share(text, pressed);
	if (pressed >= KERNEL_DOMINANT_SATURATED &&
		(queue_ns >= SATURATED_QUEUE_NS ||
			queue_ns >= 2 * proper(kernel->stages[PROBE_ABI_APP_CPU].mean_ns)))
		buf_printf(out,
			"the server's threads are saturated (running or runnable %s of the "
			"time)",
			text);
	else if (pressed >= KERNEL_DOMINANT_SATURATED)
		buf_printf(out,
			"the server's threads are never idle (running or runnable %s of the "
			"time): saturated, or polling",
			text);
	else if (worker)
		buf_printf(
			out, "thread %" PRIu32 " is saturated while others are not", worker->tid);
	else if (kernel->worker_count)
		buf_text(out, "they come in bursts, and a thread serves one after another");
	else
		buf_text(out, "a thread serves one after another");
}

static void explain_runq(const struct result_kernel *kernel, struct buf *out)
{
	const struct result_kernel_counter
		*throttled = &kernel->counters[RESULT_KERNEL_THROTTLED_NS];
	double runq_s = 0;
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < kernel->worker_count; i++)
		runq_s += proper(kernel->workers[i].runq) * proper(kernel->workers[i].wall_s);
	if (throttled->has_value && throttled->value &&
		(double)throttled->value >= THROTTLED_SHARE * runq_s * (double)NS_PER_S)
		buf_printf(out, "the CPU quota of its control group held the server back for %s",
			units_format_duration(text, throttled->value));
	else
		buf_text(out, "the CPUs are taken by other threads");
}

/* To requests that wait for it a stopped thread looks like a sleeping one: whether that explains
 * what they waited, and is told. */
static bool explain_stopped(const struct result_kernel *kernel, double mean_ns, struct buf *out)
{
	double stopped_ns = 0;
	char text[UNITS_TEXT_BYTES];

	for (size_t i = 0; i < kernel->worker_count; i++) {
		const struct result_kernel_worker *worker = &kernel->workers[i];
		double one_ns = proper(worker->stopped) * proper(worker->wall_s) * (double)NS_PER_S;

		stopped_ns = one_ns > stopped_ns ? one_ns : stopped_ns;
	}
	if (mean_ns < WAKEUP_NS || stopped_ns < mean_ns)
		return false;
	buf_printf(out, "a signal, a tracer or the freezer stopped it for %s",
		format_mean(text, stopped_ns));
	return true;
}

/* What follows from a cause. mean_ns: what it takes of a request. */
static void explain(const struct result_kernel *kernel, enum kernel_dominant_cause cause,
	double mean_ns, struct buf *out)
{
	static const char *const meanings[KERNEL_DOMINANT_CAUSE_COUNT] = {
		[KERNEL_DOMINANT_BUSY_BLOCKED] =
			"a blocking call holds up the other connections of its thread",
		[KERNEL_DOMINANT_UNKNOWN] =
			"what a new thread did before its first read cannot be said",
		[KERNEL_DOMINANT_CPU] = "the work itself takes the time",
		[KERNEL_DOMINANT_SLEEP] = "what the server waits for sets the pace, not its CPU",
		[KERNEL_DOMINANT_DISK] = "storage, as a rule, or memory that is read back from it",
		[KERNEL_DOMINANT_STOPPED] = "a signal, a tracer or the freezer stopped the server",
	};

	buf_text(out, ": ");
	if (cause == KERNEL_DOMINANT_BUSY)
		explain_busy(kernel, out);
	else if (cause == KERNEL_DOMINANT_RUNQ)
		explain_runq(kernel, out);
	else if (cause != KERNEL_DOMINANT_WAKEUP && cause != KERNEL_DOMINANT_BUSY_BLOCKED)
		buf_text(out, meanings[cause]);
	else if (explain_stopped(kernel, mean_ns, out))
		return;
	else if (cause == KERNEL_DOMINANT_BUSY_BLOCKED)
		buf_text(out, meanings[cause]);
	else if (mean_ns < WAKEUP_NS)
		buf_text(out, "the server has time, and waking up is what is left");
	else
		buf_text(out,
			"too long for a wakeup, so it slept on something else than its sockets");
}

/* Before or after the request was read, or both. */
static void tell_runq(const struct result_kernel *kernel, bool slowest, struct buf *out)
{
	double before = share_of(kernel, PROBE_ABI_QUEUE_RUNQ, slowest);
	double after = share_of(kernel, PROBE_ABI_APP_RUNQ, slowest);
	char text[2][UNITS_TEXT_BYTES];

	if (after < PART_SHARE * before)
		buf_text(out, " before a server thread read them");
	else if (before < PART_SHARE * after)
		buf_text(out, " after a server thread had read them");
	else
		buf_printf(out, " (%s before a server thread read them, %s after)",
			units_format_share(text[0], before), units_format_share(text[1], after));
}

/* "waited 81.3 % of their 1.25 ms for ..." */
static void tell(const struct result_kernel *kernel, enum kernel_dominant_cause cause, bool slowest,
	const struct kernel_dominant_mix *mix, struct buf *out)
{
	double share = cause == mix->first ? mix->first_share : mix->second_share;
	char text[UNITS_TEXT_BYTES], mean[UNITS_TEXT_BYTES];

	buf_printf(out, "%s %s ", causes[cause].verb, units_format_share(text, share));
	if (cause == mix->first)
		buf_printf(out, "of their %s ", format_mean(mean, mix->mean_ns));
	buf_text(out, causes[cause].place);
	if (cause == KERNEL_DOMINANT_RUNQ)
		tell_runq(kernel, slowest, out);
}

static void tell_all(const struct result_kernel *kernel, const struct kernel_dominant *dominant,
	const char *subject, struct buf *out)
{
	const struct kernel_dominant_mix *all = &dominant->all;

	if (all->first_share < KERNEL_DOMINANT_SHARE)
		buf_text(out, "nothing dominates: ");
	buf_printf(out, "%s ", subject);
	tell(kernel, all->first, false, all, out);
	if (all->first_share >= KERNEL_DOMINANT_SHARE) {
		explain(kernel, all->first, all->first_share * all->mean_ns, out);
	} else if (all->second_share > 0) {
		buf_text(out, ", and ");
		tell(kernel, all->second, false, all, out);
	}
}

static void tell_slowest(
	const struct result_kernel *kernel, const struct kernel_dominant *dominant, struct buf *out)
{
	const struct kernel_dominant_mix *all = &dominant->all, *slowest = &dominant->slowest;
	char text[UNITS_TEXT_BYTES], mean[UNITS_TEXT_BYTES];

	if (!slowest->known || kernel->slowest_1pct.requests < KERNEL_DOMINANT_SLOW_FEW)
		return;
	if (slowest->first_share < KERNEL_DOMINANT_SHARE) {
		if (all->first_share >= KERNEL_DOMINANT_SHARE)
			buf_text(out, "; in the slowest 1 % nothing dominates");
		return;
	}
	if (slowest->first == all->first && all->first_share >= KERNEL_DOMINANT_SHARE) {
		buf_printf(out, "; in the slowest 1 %% it is %s of %s",
			units_format_share(text, slowest->first_share),
			format_mean(mean, slowest->mean_ns));
		return;
	}
	buf_text(out, "; the slowest 1 % ");
	tell(kernel, slowest->first, true, slowest, out);
	explain(kernel, slowest->first, slowest->first_share * slowest->mean_ns, out);
}

/* Too few requests were read and answered by one thread. */
static void tell_unknown(const struct result_kernel *kernel, double attributed, struct buf *out)
{
	const struct {
		double share;
		const char *what;
	} why[] = {
		{proper(kernel->handoff_share), "were answered by another thread than read them"},
		{proper(kernel->offloaded_share), "were read by a kernel thread for io_uring"},
		{proper(kernel->unattributed_share),
			"were read by threads that the probe had no room for"},
	};
	char text[UNITS_TEXT_BYTES];
	const char *before = ": ";

	buf_printf(out, "where requests spent their %s in the server cannot be said",
		format_mean(text, kernel->stages[PROBE_ABI_RESIDENCE].mean_ns));
	for (size_t i = 0; i < sizeof(why) / sizeof(*why); i++) {
		if (why[i].share < PART_SHARE)
			continue;
		buf_printf(out, "%s%s %s", before, units_format_share(text, why[i].share),
			why[i].what);
		before = ", ";
	}
	if (attributed > 0)
		buf_printf(out, "; the stages are those of the other %s",
			units_format_share(text, attributed));
}

/* Where most of what the client saw did not happen in the server. */
static void tell_residual(const struct result_kernel *kernel, struct buf *out)
{
	double residence_ns = proper(kernel->stages[PROBE_ABI_RESIDENCE].mean_ns);
	char text[UNITS_TEXT_BYTES], mean[UNITS_TEXT_BYTES];

	if (!kernel->has_residual || !(proper(kernel->residual_ns) > residence_ns))
		return;
	buf_printf(out,
		"%s of the client's %s lie outside the server (network and client); in it, ",
		units_format_share(
			text, kernel->residual_ns / (kernel->residual_ns + residence_ns)),
		format_mean(mean, kernel->residual_ns + residence_ns));
}

void kernel_dominant_sentence(const struct result_kernel *kernel, struct buf *out)
{
	char subject[UNITS_TEXT_BYTES + 64] = "requests", text[UNITS_TEXT_BYTES];
	struct kernel_dominant dominant;

	if (!kernel->measured)
		return;
	if (!kernel->requests) {
		buf_text(out, "no request was answered while the kernel was watched");
		return;
	}
	kernel_dominant_find(kernel, &dominant);
	tell_residual(kernel, out);
	if (!dominant.all.known || dominant.attributed < KERNEL_DOMINANT_ATTRIBUTED) {
		tell_unknown(kernel, dominant.attributed, out);
		return;
	}
	if (kernel->attributed < KERNEL_DOMINANT_FEW)
		snprintf(subject, sizeof(subject), "the only %" PRIu64 " requests followed",
			kernel->attributed);
	else if (dominant.attributed < KERNEL_DOMINANT_ATTRIBUTED_ALL)
		snprintf(subject, sizeof(subject), "the %s of requests that can be attributed",
			units_format_share(text, dominant.attributed));
	tell_all(kernel, &dominant, subject, out);
	tell_slowest(kernel, &dominant, out);
}
