/* SPDX-License-Identifier: MIT */
#include "analysis/gone.h"

#include "analysis/cause_evidence.h"
#include "base/units.h"

static bool answered(const struct search_trial *trial)
{
	const struct result *result = &trial->result;

	return result->run.counters.value[COUNTER_COMPLETED] +
		       result->warmup.counters.value[COUNTER_COMPLETED] >
	       0;
}

static bool asked(const struct search_trial *trial)
{
	return trial->result.run.counters.value[COUNTER_SCHEDULED] > 0;
}

/* It had answers, and nobody listened any more in the end. */
static bool went(const struct search_trial *trial)
{
	return trial->verdict != SEARCH_PASS && answered(trial) && cause_evidence_gone(trial);
}

static bool silent(const struct search_record *record, size_t index)
{
	const struct search_trial *trial = &record->trials[index];
	bool answered_before = false, passed_before = false;

	if (answered(trial) || !asked(trial))
		return false;
	for (size_t i = 0; i < index; i++) {
		const struct search_trial *before = &record->trials[i];

		answered_before |= answered(before);
		passed_before |= before->verdict == SEARCH_PASS && before->rps >= trial->rps;
	}
	return answered_before && (passed_before || cause_evidence_gone(trial));
}

bool gone_trial(const struct search_record *record, size_t index)
{
	return silent(record, index) ||
	       (went(&record->trials[index]) && !(index && went(&record->trials[index - 1])));
}

void gone_sentence(const struct search_trial *trial, struct buf *out)
{
	char count[UNITS_TEXT_BYTES];

	if (answered(trial))
		buf_text(out, "the server went away meanwhile: nobody listened any more");
	else
		buf_printf(out, "the server went away: none of %s requests was answered",
			units_format_count(
				count, trial->result.run.counters.value[COUNTER_SCHEDULED]));
}

bool gone_ends(const struct search_record *record, size_t *first)
{
	size_t count = record->trial_count;

	if (!count || !silent(record, count - 1))
		return false;
	for (*first = count - 1; *first && gone_trial(record, *first - 1);)
		--*first;
	return count - *first >= GONE_TRIALS;
}
