/* SPDX-License-Identifier: MIT */
#include "doctor/judge_time.h"

#include "base/clock.h"
#include "base/units.h"

/* A run in which workers lose 5 % is not valid; a fifth of that is worth a word. */
#define SHARE_MOST    0.01
#define PAUSE_MOST_NS NS_PER_MS
#define LATE_MOST_NS  (200 * NS_PER_US)

/* Whether there is nothing to judge, which is then said. */
static bool is_unmeasured(const struct live *live, bool measured, struct finding *finding)
{
	if (live->quick)
		finding_say(finding, FINDING_UNKNOWN, "not measured: --quick");
	else if (!measured)
		finding_say(finding, FINDING_UNKNOWN, "not measured: %s",
			live->spin.reason ? live->spin.reason : "it could not be");
	finding->no_mend = true;
	return live->quick || !measured;
}

static double share(uint64_t part_ns, uint64_t whole_ns)
{
	return whole_ns ? (double)part_ns / (double)whole_ns : 0;
}

void judge_time_steal(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct spin *spin = &sight->live->spin;
	double stolen = share(spin->steal_ns, spin->wall_ns);
	char text[UNITS_TEXT_BYTES];

	(void)check;
	if (is_unmeasured(sight->live, !spin->reason, finding))
		return;
	if (!spin->has_steal)
		return finding_say(finding, FINDING_UNKNOWN, "/proc/stat does not tell");
	finding_say(finding, stolen > SHARE_MOST ? FINDING_LIMITED : FINDING_OK,
		"%s of %u busy CPU%s", units_format_share(text, stolen), spin->cpu_count,
		spin->cpu_count == 1 ? "" : "s");
}

void judge_time_pauses(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct spin *spin = &sight->live->spin;
	double kept = share(spin->kept_ns, spin->wall_ns);
	bool much = kept > SHARE_MOST || spin->longest_ns > PAUSE_MOST_NS;
	char longest[UNITS_TEXT_BYTES], all[UNITS_TEXT_BYTES], queued[UNITS_TEXT_BYTES];

	(void)check;
	if (is_unmeasured(sight->live, !spin->reason, finding))
		return;
	finding_say(finding, much ? FINDING_LIMITED : FINDING_OK,
		"at most %s at a time (CPU %u), %s in all",
		units_format_duration(longest, spin->longest_ns), spin->longest_cpu,
		units_format_share(all, kept));
	if (much && spin->has_queued)
		finding_add(finding, finding->state, "%s waiting behind other threads",
			units_format_share(queued, share(spin->queued_ns, spin->wall_ns)));
}

void judge_time_timers(const struct check *check, struct sight *sight, struct finding *finding)
{
	const struct late *late = &sight->live->late;
	char p50[UNITS_TEXT_BYTES], p99[UNITS_TEXT_BYTES], longest[UNITS_TEXT_BYTES];

	(void)check;
	if (is_unmeasured(sight->live, late->count, finding))
		return;
	finding->no_mend = false;
	finding_say(finding, late->p99_ns > LATE_MOST_NS ? FINDING_LIMITED : FINDING_OK,
		"p50 %s, p99 %s, at most %s late", units_format_duration(p50, late->p50_ns),
		units_format_duration(p99, late->p99_ns),
		units_format_duration(longest, late->longest_ns));
}
