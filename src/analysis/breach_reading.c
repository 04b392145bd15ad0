/* SPDX-License-Identifier: MIT */
#include "analysis/breach_reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/breach.h"
#include "result/builder.h"

bool breach_reading_is_upper(const struct threshold *threshold)
{
	return threshold->operator== THRESHOLD_LESS ||
		threshold->
		operator== THRESHOLD_LESS_OR_EQUAL || threshold->
		operator== THRESHOLD_EQUAL;
}

static bool is_lower_bound(const struct threshold *threshold)
{
	return threshold->operator== THRESHOLD_GREATER || threshold->operator==
		THRESHOLD_GREATER_OR_EQUAL;
}

static bool is_error_rate(const struct threshold *threshold)
{
	return !strcmp(threshold->name, "error_rate");
}

static bool is_latency(const struct threshold *threshold)
{
	return metric_unit(&threshold->metric) == RESULT_NS;
}

static bool is_count(const struct threshold *threshold)
{
	enum result_unit unit = metric_unit(&threshold->metric);

	return unit == RESULT_REQUESTS || unit == RESULT_COUNT;
}

/* --- figures of an interval ----------------------------------------------------------------- */

static const struct stats_request *measured(const struct breach_look *look)
{
	return &look->change->phase[STATS_MEASURED];
}

double breach_reading_errors(const struct counters *counters)
{
	const uint64_t *value = counters->value;

	return (double)(counters_failed(counters) + counters_dropped(counters) +
			value[COUNTER_TIMED_OUT] + value[COUNTER_OUTCOME_4XX] +
			value[COUNTER_OUTCOME_5XX] + value[COUNTER_OUTCOME_CHECK]);
}

/* Those that came to an end, whatever it was. */
double breach_reading_ended(const struct counters *counters)
{
	return (double)(counters->value[COUNTER_COMPLETED] + counters_failed(counters) +
			counters_dropped(counters) + counters->value[COUNTER_TIMED_OUT]);
}

static struct breach_reading read_share(double found, double of, double allowed)
{
	return (struct breach_reading){
		.known = of > 0,
		.broken = found > allowed * of,
		.value = of > 0 ? found / of : 0,
		.unit = RESULT_SHARE,
		.bound = allowed,
		.chance = BREACH_SHARE,
		.allowed = allowed,
		.found = found,
		.of = of,
	};
}

/* How many samples are surely larger. */
static uint64_t count_beyond(const struct hist *hist, double bound_ns)
{
	uint64_t bound = bound_ns < 0x1p62 ? (uint64_t)bound_ns : 1ULL << 62, beyond = 0;
	unsigned int index = hist_layout_index(hist->precision_bits, bound);

	for (unsigned int i = index + 1; i < hist->cell_count; i++)
		beyond += hist->cells[i];
	return beyond;
}

/* Whether more samples than a percentile allows lie beyond its bound. */
static struct breach_reading read_quantile(
	const struct hist *hist, double quantile, double bound_ns)
{
	struct hist_quantile value = hist_percentile(hist, quantile);
	struct breach_reading reading = read_share(
		(double)count_beyond(hist, bound_ns), (double)hist_count(hist), 1 - quantile);

	reading.unit = RESULT_NS;
	reading.value = (double)value.value_ns;
	reading.lower_bound = value.lower_bound;
	reading.bound = bound_ns;
	return reading;
}

static struct breach_reading read_refused(const struct breach_look *look)
{
	const uint64_t *value = look->change->connections.value;
	double refused = (double)(value[CONNECTION_FAILED_REFUSED] +
				  value[CONNECTION_FAILED_TIMEOUT] +
				  value[CONNECTION_FAILED_UNREACHABLE]);

	return read_share(refused, refused + (double)value[CONNECTION_ESTABLISHED], BREACH_REFUSED);
}

static struct breach_reading read_failures(
	const struct breach_bounds *bounds, const struct breach_look *look, enum result_sign sign)
{
	const struct counters *counters = &measured(look)->counters;
	const uint64_t *value = counters->value;
	double resets = (double)(value[COUNTER_FAILED_RESET] + value[COUNTER_FAILED_CLOSED] +
				 value[COUNTER_FAILED_SHORT]);
	double timeouts = (double)(value[COUNTER_TIMED_OUT] + value[COUNTER_DROPPED_EXPIRED] +
				   value[COUNTER_DROPPED_NO_CONNECTION]);

	return read_share(sign == RESULT_SIGN_RESETS ? resets : timeouts,
		breach_reading_ended(counters), bounds->failures);
}

static double latency_bound(const struct breach_bounds *bounds)
{
	double bound_ns = BREACH_LATENCY * (double)bounds->base_ns;

	return bounds->latency_asked ? fmax(bound_ns, bounds->asked_ns) : bound_ns;
}

/* That it has lasted is looked at in the end. */
static struct breach_reading read_silence(
	const struct breach_bounds *bounds, const struct breach_look *look)
{
	const struct stats_request *phase = look->change->phase;
	uint64_t completed = phase[STATS_WARMUP].counters.value[COUNTER_COMPLETED] +
			     phase[STATS_MEASURED].counters.value[COUNTER_COMPLETED];

	return (struct breach_reading){
		.known = bounds->base_ns > 0 && (completed || look->outstanding),
		.broken = !completed,
		.unit = RESULT_NS,
		.bound = latency_bound(bounds),
		.lower_bound = true,
	};
}

static struct breach_reading read_latency(
	const struct breach_bounds *bounds, const struct breach_look *look)
{
	const struct stats_request *requests = measured(look);
	double lag_ns = (double)hist_percentile(&requests->send_lag, 0.99).value_ns;

	if (!bounds->base_ns || bounds->latency_asked)
		return (struct breach_reading){0};
	return read_quantile(&requests->total, 0.5, latency_bound(bounds) + lag_ns);
}

/* --- thresholds ----------------------------------------------------------------------------- */

static const struct hist *latency_of(
	const struct stats_request *requests, enum result_latency_kind kind)
{
	const struct hist *const all[RESULT_REQUEST_LATENCY_COUNT] = {
		[RESULT_TOTAL] = &requests->total,
		[RESULT_SERVICE] = &requests->service,
		[RESULT_CONNECTION_WAIT] = &requests->connection_wait,
		[RESULT_SEND_LAG] = &requests->send_lag,
		[RESULT_FAILURE] = &requests->failure,
		[RESULT_UNTIL_ARRIVAL] = &requests->until_arrival,
		[RESULT_CLIENT_QUEUE] = &requests->client_queue,
	};

	return kind < RESULT_REQUEST_LATENCY_COUNT ? all[kind] : NULL;
}

static double seconds_of(const struct breach_look *look)
{
	return (double)(look->end_ns - look->begin_ns) / (double)NS_PER_S;
}

/*
 * The interval as a record, for the figures that thresholds name. What was asked is what became
 * due: arrivals that come by chance are not the server's doing.
 */
static struct metric_value read_metric(
	const struct breach_look *look, const struct metric *metric, bool open_loop)
{
	const struct stats_request *requests = measured(look);
	const struct hist *latency = latency_of(requests, metric->latency);
	const uint64_t *value = requests->counters.value;
	double seconds = seconds_of(look);
	struct metric_value figure = {.known = false};
	struct result *record = calloc(1, sizeof(*record));
	struct builder builder = {.result = record};

	if (!record)
		return figure;
	record->window.duration_s = seconds;
	record->run.counters = requests->counters;
	record->run.error_rate = counters_error_rate(&requests->counters);
	if (open_loop)
		record->run.asked_rps = (double)value[COUNTER_SCHEDULED] / seconds;
	record->run.sent_rps = (double)value[COUNTER_WINDOW_SENT] / seconds;
	record->run.completed_rps = (double)value[COUNTER_WINDOW_COMPLETED] / seconds;
	record->connections = look->change->connections;
	if (latency && metric_unit(metric) == RESULT_NS)
		builder_latency(&builder, &record->run.latency[metric->latency], latency);
	if (!builder.failed)
		figure = metric_read(metric, record);
	result_release(record);
	free(record);
	return figure;
}

static enum breach_chance chance_of(const struct threshold *threshold)
{
	if (is_latency(threshold) && threshold->metric.quantile > 0 &&
		breach_reading_is_upper(threshold))
		return BREACH_SHARE;
	if (!is_latency(threshold) && !is_count(threshold) && is_lower_bound(threshold))
		return BREACH_SHORTFALL;
	return BREACH_FEW;
}

struct breach_reading breach_reading_threshold(
	const struct breach_look *look, const struct threshold *threshold, bool open_loop)
{
	const struct counters *counters = &measured(look)->counters;
	const struct hist *latency = latency_of(measured(look), threshold->metric.latency);
	enum breach_chance chance = chance_of(threshold);
	struct metric_value figure;
	struct breach_reading reading = {0};
	double scale;

	if (threshold->warn || is_error_rate(threshold) ||
		(is_count(threshold) && !breach_reading_is_upper(threshold)))
		return reading;
	if (chance == BREACH_SHARE)
		return latency ? read_quantile(
					 latency, threshold->metric.quantile, threshold->value)
			       : reading;
	figure = read_metric(look, &threshold->metric, open_loop);
	reading = (struct breach_reading){
		.known = figure.known,
		.broken = threshold_breached(threshold, &figure),
		.unit = metric_unit(&threshold->metric),
		.chance = chance,
		.value = figure.value,
		.bound = threshold->value,
		.lower_bound = figure.lower_bound,
		.of = breach_reading_ended(counters),
	};
	if (chance != BREACH_SHORTFALL)
		return reading;
	scale = metric_unit(&threshold->metric) == RESULT_SHARE
			? (double)counters->value[COUNTER_SCHEDULED]
			: seconds_of(look);
	reading.found = figure.value * scale;
	reading.of = threshold->value * scale;
	return reading;
}

struct breach_reading breach_reading_sign(
	const struct breach_bounds *bounds, const struct breach_look *look, enum result_sign sign)
{
	const struct counters *counters = &measured(look)->counters;

	switch (sign) {
	case RESULT_SIGN_REFUSED:
		return read_refused(look);
	case RESULT_SIGN_RESETS:
	case RESULT_SIGN_TIMEOUTS:
		return read_failures(bounds, look, sign);
	case RESULT_SIGN_ERRORS:
		return read_share(breach_reading_errors(counters), breach_reading_ended(counters),
			bounds->errors);
	case RESULT_SIGN_SILENCE:
		return read_silence(bounds, look);
	default:
		return read_latency(bounds, look);
	}
}

/* --- chance --------------------------------------------------------------------------------- */

/* Kullback and Leibler's divergence of one share from another, the first of which is larger. */
static double divergence(double found, double allowed)
{
	double all = 0;

	if (allowed <= 0)
		return HUGE_VAL;
	all += found * log(found / allowed);
	if (found < 1)
		all += (1 - found) * log((1 - found) / (1 - allowed));
	return all;
}

bool breach_reading_is_sure(const struct breach_reading *reading, double found, double of)
{
	switch (reading->chance) {
	case BREACH_SHARE:
		return found > reading->allowed * of &&
		       of * divergence(found / of, reading->allowed) >= BREACH_SURE;
	case BREACH_SHORTFALL:
		if (found >= of)
			return false;
		return of - found + (found > 0 ? found * log(found / of) : 0) >= BREACH_SURE;
	default:
		return of >= BREACH_FEWEST;
	}
}
