/* SPDX-License-Identifier: MIT */
#include "analysis/trial_verdict.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analysis/breach.h"
#include "analysis/threshold.h"
#include "base/units.h"
#include "measure/hist.h"

/* A reading so long after the window's end sees what the drain did. */
#define LATE_S 0.002
/* Of all growth, what makes one step a stall. */
#define STALL_SHARE 0.5
/* Of the scheduled requests, those that left in a trial that was driven. */
#define SENT_LEAST 0.99
/* One-sided: a slope this far beyond 0 comes by chance once in 100 trials. */
#define CHANCE_Z 2.326
/* Readings that follow each other closely tell less than independent ones: at most this alike. */
#define MOST_ALIKE 0.9
/* The variance of what is cut off when a quantity is read as a whole number. */
#define ROUNDING_VARIANCE (1.0 / 12)
/* A random walk that gains a variance v a second has a line of slope variance 6 v / (5 T). */
#define WALK_VARIANCE 1.2

struct reading {
	double t_s, unanswered;
};

/* What was read in the measured window, as it lies in the record: no memory is needed, so that none
 * can be missing. From the one at `stall` on there was so much more than without the stall. */
struct readings {
	const struct result_interval *intervals;
	size_t count, stall;
	double excess;
};

static struct reading reading_at(const struct readings *readings, size_t i)
{
	const struct result_interval *interval = &readings->intervals[i];
	double unanswered = (double)interval->in_flight + (double)interval->waiting;

	return (struct reading){
		interval->t_s, unanswered - (i >= readings->stall ? readings->excess : 0)};
}

/* One that came late is of the drain. */
static struct readings take_readings(const struct result *result)
{
	double end_s = result->window.warmup_s + result->window.duration_s + LATE_S;
	const struct result_interval *timeline = result->timeline;
	size_t first = 0, last;

	while (first < result->interval_count && timeline[first].phase != RESULT_MEASURED)
		first++;
	last = first;
	while (last < result->interval_count && timeline[last].phase == RESULT_MEASURED &&
		timeline[last].t_s <= end_s)
		last++;
	return (struct readings){.intervals = timeline + first, .count = last - first};
}

/*
 * Takes a stall out: one step that makes more than half of all there is of growth becomes as large
 * as the others are. A server whose capacity is just above the rate keeps what a stall left it.
 */
static void forgive_stall(struct readings *readings)
{
	size_t count = readings->count, at = 0;
	double total = reading_at(readings, count - 1).unanswered -
		       reading_at(readings, 0).unanswered;
	double step = 0;

	for (size_t i = 1; i < count; i++) {
		double one = reading_at(readings, i).unanswered -
			     reading_at(readings, i - 1).unanswered;

		if (one > step) {
			step = one;
			at = i;
		}
	}
	if (!at || step <= STALL_SHARE * total)
		return;
	readings->stall = at;
	readings->excess = step - (total - step) / (double)(count - 2);
}

/* Sums for the line through the readings. */
struct line {
	double mean_t, mean, spread_t; /* spread_t: sum of squared distances from mean_t */
	double slope;
};

static void fit(const struct readings *readings, struct line *line)
{
	double count = (double)readings->count, product = 0;

	*line = (struct line){.slope = 0};
	for (size_t i = 0; i < readings->count; i++) {
		struct reading reading = reading_at(readings, i);

		line->mean_t += reading.t_s / count;
		line->mean += reading.unanswered / count;
	}
	for (size_t i = 0; i < readings->count; i++) {
		struct reading reading = reading_at(readings, i);
		double t = reading.t_s - line->mean_t;

		line->spread_t += t * t;
		product += t * reading.unanswered;
	}
	line->slope = line->spread_t > 0 ? product / line->spread_t : 0;
}

/*
 * The variance of the slope: of what is left beside the line, more of it where neighbours are alike
 * (their correlation r makes n readings tell as much as n (1 - r) / (1 + r)), and of arrivals that
 * came by chance.
 */
static double slope_variance(
	const struct result *result, const struct readings *readings, const struct line *line)
{
	double squares = 0, products = 0, alike = 0, before = 0, variance;
	bool poisson;

	for (size_t i = 0; i < readings->count; i++) {
		struct reading reading = reading_at(readings, i);
		double rest = reading.unanswered - line->mean -
			      line->slope * (reading.t_s - line->mean_t);

		squares += rest * rest;
		products += i ? rest * before : 0;
		before = rest;
	}
	if (squares > 0 && products > 0)
		alike = fmin(products / squares, MOST_ALIKE);
	variance = (squares / (double)(readings->count - 2) + ROUNDING_VARIANCE) / line->spread_t;
	variance *= (1 + alike) / (1 - alike);
	poisson = result->scenario_count && result->scenarios[0].arrival &&
		  !strcmp(result->scenarios[0].arrival, "poisson");
	if (poisson && result->window.duration_s > 0)
		variance += WALK_VARIANCE * result->run.asked_rps / result->window.duration_s;
	return variance;
}

/* Student's quantile of CHANCE_Z (Abramowitz and Stegun, 26.7.5, the first three terms). */
static double quantile(double freedom)
{
	const double z = CHANCE_Z;

	return z + (pow(z, 3) + z) / (4 * freedom) +
	       (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * freedom * freedom);
}

void trial_backlog(const struct result *result, struct trial_backlog *backlog)
{
	struct readings readings = take_readings(result);
	double asked_rps = result->run.asked_rps;
	struct line line;

	*backlog = (struct trial_backlog){.readings = readings.count};
	if (readings.count < TRIAL_READINGS || !(asked_rps > 0))
		return;
	forgive_stall(&readings);
	fit(&readings, &line);
	if (!(line.spread_t > 0))
		return;
	backlog->known = true;
	backlog->per_s = line.slope;
	backlog->error = sqrt(slope_variance(result, &readings, &line));
	backlog->share = line.slope / asked_rps;
	backlog->growing = backlog->share > TRIAL_BEHIND &&
			   line.slope > quantile((double)(readings.count - 2)) * backlog->error;
}

/* The first of several sentences stands alone, the others behind a semicolon. */
static void begin_sentence(struct buf *reason, size_t begin_bytes)
{
	if (reason->length_bytes > begin_bytes)
		buf_text(reason, "; ");
}

static const char *first_reason(const struct result *result, const char *otherwise)
{
	const struct result_validity *validity = &result->validity;

	return validity->reason_count && validity->reasons[0].text ? validity->reasons[0].text
								   : otherwise;
}

static bool judge_thresholds(const struct result *result, struct buf *reason, size_t begin_bytes)
{
	bool failed = false;

	for (size_t i = 0; i < result->threshold_count; i++) {
		const struct result_threshold *threshold = &result->thresholds[i];

		if (threshold->state != RESULT_FAIL)
			continue;
		failed = true;
		begin_sentence(reason, begin_bytes);
		buf_text(reason, threshold->reason ? threshold->reason : threshold->expression);
	}
	return failed;
}

static bool judge_abort(const struct result *result, struct buf *reason, size_t begin_bytes)
{
	if (!result->window.aborted.happened)
		return false;
	begin_sentence(reason, begin_bytes);
	buf_text(reason, "ended early: ");
	breach_sentence(&result->window.aborted, reason);
	return true;
}

/* A server that answers nothing leaves thresholds on latency without a value. */
static bool judge_silence(const struct result *result, struct buf *reason, size_t begin_bytes)
{
	const uint64_t *value = result->run.counters.value;
	char text[UNITS_TEXT_BYTES];

	if (!value[COUNTER_SCHEDULED] || value[COUNTER_COMPLETED])
		return false;
	begin_sentence(reason, begin_bytes);
	buf_printf(reason, "none of %s requests was answered",
		units_format_count(text, value[COUNTER_SCHEDULED]));
	return true;
}

static bool judge_backlog(const struct result *result, const struct trial_backlog *backlog,
	struct buf *reason, size_t begin_bytes)
{
	char grew[UNITS_TEXT_BYTES], share[UNITS_TEXT_BYTES], asked[UNITS_TEXT_BYTES];

	if (!backlog->growing)
		return false;
	begin_sentence(reason, begin_bytes);
	buf_printf(reason, "it fell behind: what is unanswered grew by %s/s, %s of the %s/s asked",
		units_format_rate(
			grew, backlog->per_s < 10 ? backlog->per_s : round(backlog->per_s)),
		units_format_share(share, backlog->share),
		units_format_rate(asked, result->run.asked_rps));
	return true;
}

/* All that was due left, but for what may be on its way at the window's end. */
static bool sent_all(const struct result *result)
{
	const uint64_t *value = result->run.counters.value;

	return (double)value[COUNTER_SENT] >= SENT_LEAST * (double)value[COUNTER_SCHEDULED];
}

/* Whether a reason is about workers that were late, and not about what they could not do at all. */
static bool is_lateness(enum result_reason_key key)
{
	return key == RESULT_REASON_SEND_LAG || key == RESULT_REASON_CPU_LOST ||
	       key == RESULT_REASON_FEW_SAMPLES || key == RESULT_REASON_SHORT_WINDOW;
}

/*
 * Whether requests that left late are all that speaks against the generator, and their lateness is
 * too little of their time to have made them fail. A worker that was kept from its CPU is another
 * matter: it reads responses late as well, which looks like a slow server.
 */
static bool lag_explains_nothing(const struct result *result)
{
	const struct result_validity *validity = &result->validity;
	const struct result_latency *lag = &result->run.latency[RESULT_SEND_LAG];
	const struct result_latency *total = &result->run.latency[RESULT_TOTAL];

	for (size_t i = 0; i < validity->reason_count; i++)
		if (!is_lateness(validity->reasons[i].key) ||
			validity->reasons[i].key == RESULT_REASON_CPU_LOST)
			return false;
	return validity->reason_count && lag->count && total->count &&
	       lag->mean_ns < TRIAL_LAG * total->mean_ns;
}

/* Of the measured wall: the time a worker was kept from its CPU. */
static double lost_share(const struct result_worker *worker)
{
	double lost = worker->has_steal ? worker->steal : 0;

	if (worker->wall_ns)
		lost += (double)worker->run_delay_ns / (double)worker->wall_ns;
	return lost;
}

/*
 * Whether workers that were kept from their CPU cannot be why the server fell behind. While a
 * worker stands still a server runs out of requests, at the latest when it has answered all that
 * was on the connections, and what it could have done meanwhile is lost. So the workers must have
 * had time to spare; and either more was missing than they lost, or the connections held enough for
 * any stall.
 */
static bool stalls_explain_nothing(const struct result *result, const struct trial_backlog *backlog)
{
	const struct result_validity *validity = &result->validity;
	double lost = 0, occupied = 0, connections = 0;

	for (size_t i = 0; i < validity->reason_count; i++)
		if (!is_lateness(validity->reasons[i].key))
			return false;
	for (size_t i = 0; i < result->generator.worker_count; i++) {
		const struct result_worker *worker = &result->generator.workers[i];

		lost = fmax(lost, lost_share(worker));
		occupied = fmax(occupied, worker->busy + lost_share(worker));
		connections += (double)worker->connections;
	}
	if (!validity->reason_count || !result->generator.worker_count)
		return false;
	return occupied < TRIAL_OCCUPIED &&
	       (backlog->share > lost || connections > TRIAL_STALL_S * result->run.asked_rps);
}

/* By these a server says that it has too much to do at the moment: a burst may have been why. */
static bool is_overload(unsigned int status)
{
	return status == 429 || (status >= 502 && status <= 504);
}

/* Of the samples: those of more than TRIAL_LATE_NS, or than requests are apart. 1: not known. */
static double long_share(const struct result *result, enum result_latency_kind kind)
{
	const struct result_latency *latency = &result->run.latency[kind];
	const struct result_histogram *histogram = &latency->histogram;
	double apart_ns = 1e9 / result->run.asked_rps;
	uint64_t late = 0;

	if (!latency->count || !histogram->cell_count || !(apart_ns > 0))
		return 1;
	for (size_t i = 0; i < histogram->cell_count; i++)
		if ((double)hist_layout_highest(histogram->precision_bits,
			    histogram->cells[i].index) > fmin(apart_ns, TRIAL_LATE_NS))
			late += histogram->cells[i].count;
	return (double)late / (double)latency->count;
}

/* Those that may have left in a burst: late, or when a connection came free, as a worker that
 * stands still reads no responses. */
static double late_share(const struct result *result)
{
	return long_share(result, RESULT_SEND_LAG) + long_share(result, RESULT_CONNECTION_WAIT);
}

/*
 * Of the scheduled requests: those answered with an error for which no lateness can be why.
 * Requests that leave late leave in a burst, and as many as those may be refused for it; twice as
 * many, as those of the warm-up may be in the same burst.
 */
static double wrong_share(const struct result *result)
{
	const struct counters *counters = &result->run.counters;
	double scheduled = (double)counters->value[COUNTER_SCHEDULED];
	uint64_t wrong = 0, overload = 0;

	for (unsigned int status = 400; status < COUNTERS_STATUS_LIMIT; status++)
		*(is_overload(status) ? &overload : &wrong) += counters->status[status];
	/* Statuses that were asked for are no errors, whatever their number. */
	if (!(scheduled > 0) || wrong + overload > counters->value[COUNTER_OUTCOME_4XX] +
							   counters->value[COUNTER_OUTCOME_5XX])
		return 0;
	return (double)wrong / scheduled +
	       fmax((double)overload / scheduled - TRIAL_BURST * late_share(result), 0);
}

/* Whether errors that no lateness can bring about were too many already. */
static bool answers_were_wrong(const struct result *result)
{
	struct metric_value wrong = {.known = true, .lower_bound = true};
	struct threshold threshold;

	for (size_t i = 0; i < result->validity.reason_count; i++)
		if (!is_lateness(result->validity.reasons[i].key))
			return false;
	wrong.value = wrong_share(result);
	for (size_t i = 0; i < result->threshold_count; i++) {
		const struct result_threshold *asked = &result->thresholds[i];

		if (asked->state == RESULT_FAIL &&
			threshold_parse(&threshold, asked->expression, NULL) >= 0 &&
			!strcmp(threshold.name, "error_rate") &&
			threshold_breached(&threshold, &wrong))
			return true;
	}
	return false;
}

enum search_verdict trial_verdict(const struct result *result, struct buf *reason)
{
	enum result_verdict verdict = result->validity.verdict;
	size_t begin_bytes = reason->length_bytes;
	struct trial_backlog backlog;
	bool failed, behind;

	if (verdict == RESULT_INTERRUPTED || verdict == RESULT_INTERNAL_ERROR) {
		buf_text(reason,
			first_reason(result,
				verdict == RESULT_INTERRUPTED ? "interrupted" : "internal error"));
		return SEARCH_VOID;
	}
	failed = judge_abort(result, reason, begin_bytes);
	failed = judge_silence(result, reason, begin_bytes) || failed;
	failed = judge_thresholds(result, reason, begin_bytes) || failed;
	trial_backlog(result, &backlog);
	behind = judge_backlog(result, &backlog, reason, begin_bytes);
	failed = failed || behind;
	if (!failed && !backlog.known) {
		buf_printf(reason,
			"what was unanswered was read only %zu time%s in its window, at least %d "
			"are needed to see whether the server fell behind",
			backlog.readings, backlog.readings == 1 ? "" : "s", TRIAL_READINGS);
		return SEARCH_VOID;
	}
	if (verdict != RESULT_GENERATOR_LIMITED ||
		(failed && (lag_explains_nothing(result) || answers_were_wrong(result))) ||
		(behind && stalls_explain_nothing(result, &backlog)))
		return failed ? SEARCH_FAIL : SEARCH_PASS;
	if (!failed && sent_all(result))
		return SEARCH_PASS;
	if (reason->length_bytes > begin_bytes) {
		reason->length_bytes = begin_bytes;
		reason->data[begin_bytes] = '\0';
	}
	buf_text(reason, first_reason(result, "the generator was the limit"));
	return SEARCH_GENERATOR;
}
