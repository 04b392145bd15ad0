/* SPDX-License-Identifier: MIT */
#include "result/search_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const stage_keys[SEARCH_STAGE_COUNT] = {
	[SEARCH_RANGE] = "range",
	[SEARCH_NARROW] = "narrow",
	[SEARCH_CONFIRM] = "confirm",
	[SEARCH_LADDER] = "ladder",
};

static const char *const verdict_keys[SEARCH_VERDICT_COUNT] = {
	[SEARCH_PASS] = "pass",
	[SEARCH_FAIL] = "fail",
	[SEARCH_GENERATOR] = "generator",
	[SEARCH_VOID] = "void",
};

static const char *const answer_keys[SEARCH_ANSWER_KIND_COUNT] = {
	[SEARCH_FOUND] = "found",
	[SEARCH_GENERATOR_LIMIT] = "generator_limit",
	[SEARCH_ABOVE_HIGHEST] = "above_highest",
	[SEARCH_BELOW_LOWEST] = "below_lowest",
	[SEARCH_UNDECIDED] = "undecided",
};

static const char *const usl_status_keys[SEARCH_USL_STATUS_COUNT] = {
	[SEARCH_USL_FEW_LEVELS] = "few_levels",
	[SEARCH_USL_NARROW] = "narrow",
	[SEARCH_USL_POOR] = "poor",
	[SEARCH_USL_SUDDEN] = "sudden",
	[SEARCH_USL_FITTED] = "fitted",
};

static const char *const usl_limit_keys[SEARCH_USL_LIMIT_COUNT] = {
	[SEARCH_USL_NOT_SEEN] = "not_seen",
	[SEARCH_USL_CONTENTION] = "contention",
	[SEARCH_USL_COHERENCY] = "coherency",
};

const char *search_stage_key(enum search_stage stage)
{
	return stage < SEARCH_STAGE_COUNT ? stage_keys[stage] : NULL;
}

const char *search_verdict_key(enum search_verdict verdict)
{
	return verdict < SEARCH_VERDICT_COUNT ? verdict_keys[verdict] : NULL;
}

const char *search_answer_key(enum search_answer_kind kind)
{
	return kind < SEARCH_ANSWER_KIND_COUNT ? answer_keys[kind] : NULL;
}

const char *search_usl_status_key(enum search_usl_status status)
{
	return status < SEARCH_USL_STATUS_COUNT ? usl_status_keys[status] : NULL;
}

const char *search_usl_limit_key(enum search_usl_limit limit)
{
	return limit < SEARCH_USL_LIMIT_COUNT ? usl_limit_keys[limit] : NULL;
}

static void release_cause(struct search_cause *cause)
{
	free(cause->key);
	free(cause->sentence);
	free(cause->advice);
}

void search_record_release(struct search_record *record)
{
	free(record->tool_version);
	free(record->started_at);
	result_texts_release(record->command, record->command_count);
	free(record->url);
	result_texts_release(record->goal.thresholds, record->goal.threshold_count);
	free(record->goal.ladder_rps);
	free(record->answer.lower_trials);
	free(record->answer.upper_trials);
	free(record->answer.sentence);
	free(record->doubling.reason);
	for (size_t i = 0; i < record->cause_count; i++)
		release_cause(&record->causes[i]);
	free(record->causes);
	result_texts_release(record->unknown, record->unknown_count);
	free(record->usl.levels);
	free(record->usl.sentence);
	for (size_t i = 0; i < record->trial_count; i++) {
		free(record->trials[i].reason);
		result_release(&record->trials[i].result);
	}
	free(record->trials);
	free(record->calibration.measured_at);
	result_texts_release(record->notes, record->note_count);
	memset(record, 0, sizeof(*record));
}

/* A copy of a text that may be NULL; false: no memory. */
static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

/* Room for one element more behind count; false: no memory, and the array is as it was. */
static bool grow(void *array, size_t count, size_t element_bytes)
{
	void **elements = array;
	void *larger = reallocarray(*elements, count + 1, element_bytes);

	if (!larger)
		return false;
	*elements = larger;
	return true;
}

int search_record_add_trial(struct search_record *record, const struct search_trial *trial,
	struct result *result, const char *reason)
{
	struct search_trial *added;
	char *why;

	if (!copy_text(&why, reason))
		return -ENOMEM;
	if (!grow(&record->trials, record->trial_count, sizeof(*record->trials))) {
		free(why);
		return -ENOMEM;
	}
	added = &record->trials[record->trial_count++];
	*added = *trial;
	added->reason = why;
	added->result = *result;
	memset(result, 0, sizeof(*result));
	return 0;
}

int search_record_add_cause(struct search_record *record, const struct search_cause *cause)
{
	struct search_cause copy = {.sign = cause->sign, .strength = cause->strength};

	if (!copy_text(&copy.key, cause->key) || !copy_text(&copy.sentence, cause->sentence) ||
		!copy_text(&copy.advice, cause->advice) ||
		!grow(&record->causes, record->cause_count, sizeof(*record->causes))) {
		release_cause(&copy);
		return -ENOMEM;
	}
	record->causes[record->cause_count++] = copy;
	return 0;
}

static int add_text(char ***texts, size_t *count, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	if (!grow(texts, *count, sizeof(**texts))) {
		free(copy);
		return -ENOMEM;
	}
	(*texts)[(*count)++] = copy;
	return 0;
}

int search_record_add_unknown(struct search_record *record, const char *sentence)
{
	return add_text(&record->unknown, &record->unknown_count, sentence);
}

int search_record_add_note(struct search_record *record, const char *sentence)
{
	return add_text(&record->notes, &record->note_count, sentence);
}

/* The longest trial of this verdict at the rate; of equal length the latest. */
static const struct search_trial *longest_at(
	const struct search_record *record, enum search_verdict verdict, double rps)
{
	const struct search_trial *longest = NULL;

	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *trial = &record->trials[i];

		if (trial->verdict != verdict || trial->rps != rps)
			continue;
		if (!longest || trial->duration_s >= longest->duration_s)
			longest = trial;
	}
	return longest;
}

/* The longest trial at the lowest rate with this verdict, or at the highest. */
static const struct search_trial *longest_at_end(
	const struct search_record *record, enum search_verdict verdict, bool highest)
{
	const struct search_trial *end = NULL;

	for (size_t i = 0; i < record->trial_count; i++) {
		const struct search_trial *trial = &record->trials[i];

		if (trial->verdict != verdict)
			continue;
		if (!end || (highest ? trial->rps > end->rps : trial->rps < end->rps))
			end = trial;
	}
	return end ? longest_at(record, verdict, end->rps) : NULL;
}

const struct search_trial *search_record_base(const struct search_record *record)
{
	return longest_at_end(record, SEARCH_PASS, false);
}

const struct search_trial *search_record_lower(const struct search_record *record)
{
	const struct search_trial *trial = NULL;

	if (record->answer.has_lower)
		trial = longest_at(record, SEARCH_PASS, record->answer.lower_rps);
	return trial ? trial : longest_at_end(record, SEARCH_PASS, true);
}

const struct search_trial *search_record_broken(const struct search_record *record)
{
	const struct search_trial *trial = NULL;

	if (record->answer.has_upper)
		trial = longest_at(record, SEARCH_FAIL, record->answer.upper_rps);
	return trial ? trial : longest_at_end(record, SEARCH_FAIL, false);
}
