/* SPDX-License-Identifier: MIT */
#include "result/stability_block.h"

#include "result/emit_record.h"

static void write_criterion(struct emit *emit, enum result_stability_kind kind,
	const struct result_stability_criterion *criterion)
{
	emit_object(emit, result_stability_key(kind));
	emit_text(emit, "verdict", result_stability_verdict_key(criterion->verdict));
	emit_record_real(emit, "value", criterion->has_value, criterion->value);
	emit_record_real(
		emit, "chance", criterion->has_value && kind != RESULT_RESTARTS, criterion->chance);
	emit_real(emit, "bound", criterion->bound);
	emit_count(emit, "intervals", criterion->intervals);
	emit_text(emit, "reason", criterion->reason);
	emit_object_end(emit);
}

void stability_block_write(struct emit *emit, const struct result_stability *stability)
{
	if (!stability->judged)
		return;
	emit_object(emit, "stability");
	emit_text(emit, "verdict", result_stability_verdict_key(stability->verdict));
	emit_count(emit, "intervals", stability->intervals);
	emit_record_positive(emit, "interval_s", stability->interval_s);
	for (unsigned int i = 0; i < RESULT_STABILITY_COUNT; i++)
		write_criterion(emit, i, &stability->criteria[i]);
	emit_object_end(emit);
}

static const char *verdict_key(unsigned int verdict)
{
	return result_stability_verdict_key(verdict);
}

static void read_criterion(struct reader *reader, const json_t *parent,
	enum result_stability_kind kind, struct result_stability_criterion *criterion)
{
	const char *key = result_stability_key(kind);
	json_t *object = reader_object(reader, parent, key);
	size_t back = reader_enter(reader, key);
	bool unknown;

	criterion->verdict = reader_choice(reader, object, "verdict", verdict_key);
	unknown = criterion->verdict == RESULT_STABILITY_UNKNOWN;
	criterion->has_value = !reader_null(reader, object, "value");
	if (criterion->has_value)
		criterion->value = reader_amount(reader, object, "value");
	else if (!unknown)
		reader_refuse(reader, "value", "is null beside a verdict");
	if (criterion->has_value && kind != RESULT_RESTARTS)
		criterion->chance = reader_amount(reader, object, "chance");
	criterion->bound = reader_amount(reader, object, "bound");
	criterion->intervals = reader_count(reader, object, "intervals");
	criterion->reason = reader_text_or_null(reader, object, "reason");
	if (!criterion->reason == unknown)
		reader_refuse(
			reader, "reason", unknown ? "is null beside \"unknown\"" : "expected null");
	reader_leave(reader, back);
}

void stability_block_read(
	struct reader *reader, const json_t *root, struct result_stability *stability)
{
	json_t *object;
	size_t back;

	if (reader->status || !json_object_get(root, "stability"))
		return;
	object = reader_object(reader, root, "stability");
	back = reader_enter(reader, "stability");
	stability->judged = true;
	stability->verdict = reader_choice(reader, object, "verdict", verdict_key);
	stability->intervals = reader_count(reader, object, "intervals");
	stability->interval_s = reader_real_or_null(reader, object, "interval_s");
	for (unsigned int i = 0; i < RESULT_STABILITY_COUNT; i++)
		read_criterion(reader, object, i, &stability->criteria[i]);
	reader_leave(reader, back);
}
