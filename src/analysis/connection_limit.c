/* SPDX-License-Identifier: MIT */
#include "analysis/connection_limit.h"

#include "base/units.h"

static const struct result_latency *latency(
	const struct search_trial *trial, enum result_latency_kind kind)
{
	return &trial->result.run.latency[kind];
}

static double median(const struct search_trial *trial, enum result_latency_kind kind)
{
	return (double)latency(trial, kind)->quantile[RESULT_P50].value_ns;
}

bool connection_limit(const struct search_record *record, struct buf *out)
{
	const struct search_trial *base = search_record_base(record);
	const struct search_trial *broken = search_record_broken(record);
	char count[UNITS_TEXT_BYTES], rate[UNITS_TEXT_BYTES], wait[UNITS_TEXT_BYTES];
	uint64_t connections = 0;
	double waited;

	if (!base || !broken || !latency(base, RESULT_SERVICE)->count ||
		!latency(broken, RESULT_SERVICE)->count ||
		!latency(broken, RESULT_CONNECTION_WAIT)->count)
		return false;
	waited = latency(broken, RESULT_CONNECTION_WAIT)->mean_ns;
	if (waited < CONNECTION_LIMIT_WAIT * median(broken, RESULT_SERVICE) ||
		median(broken, RESULT_SERVICE) >
			CONNECTION_LIMIT_SLOWER * median(base, RESULT_SERVICE))
		return false;
	for (size_t i = 0; i < broken->result.generator.worker_count; i++)
		connections += broken->result.generator.workers[i].connections;
	buf_printf(out,
		"all %s connections were busy at %s/s, where requests waited %s for one, while the "
		"server answered as quickly as at the lowest load: the limit may be that of the "
		"connections, ask for more with -c",
		units_format_count(count, connections), units_format_rate(rate, broken->rps),
		units_format_duration(wait, (uint64_t)waited));
	return true;
}
