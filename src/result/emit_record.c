/* SPDX-License-Identifier: MIT */
#include "result/emit_record.h"

void emit_record_texts(struct emit *emit, const char *key, char *const *texts, size_t count)
{
	emit_array(emit, key);
	for (size_t i = 0; i < count; i++)
		emit_text(emit, NULL, texts[i]);
	emit_array_end(emit);
}

void emit_record_absences(struct emit *emit, const struct result_absence *absent, size_t count)
{
	emit_object(emit, "not_measured");
	for (size_t i = 0; i < count; i++)
		emit_text(emit, absent[i].key, absent[i].reason);
	emit_object_end(emit);
}

void emit_record_positive(struct emit *emit, const char *key, double value)
{
	emit_record_real(emit, key, value > 0, value);
}

void emit_record_real(struct emit *emit, const char *key, bool known, double value)
{
	if (known)
		emit_real(emit, key, value);
	else
		emit_null(emit, key);
}

void emit_record_count(struct emit *emit, const char *key, bool known, uint64_t count)
{
	if (known)
		emit_count(emit, key, count);
	else
		emit_null(emit, key);
}

void emit_record_status(struct emit *emit, bool measured, const char *reason)
{
	emit_text(emit, "status", measured ? "measured" : "not_measured");
	emit_text(emit, "reason", measured ? NULL : reason);
}

void emit_record_layout(struct emit *emit, const struct result_histogram *histogram)
{
	emit_object(emit, "layout");
	emit_text(emit, "kind", RESULT_LAYOUT);
	emit_count(emit, "precision_bits", histogram->precision_bits);
	emit_count(emit, "cells", histogram->layout_cells);
	emit_object_end(emit);
}

void emit_record_cells(struct emit *emit, const struct result_histogram *histogram)
{
	emit_array(emit, "counts");
	for (size_t i = 0; i < histogram->cell_count; i++) {
		emit_array(emit, NULL);
		emit_count(emit, NULL, histogram->cells[i].index);
		emit_count(emit, NULL, histogram->cells[i].count);
		emit_array_end(emit);
	}
	emit_array_end(emit);
}

void emit_record_histogram(struct emit *emit, const struct result_histogram *histogram)
{
	emit_object(emit, "histogram");
	emit_record_layout(emit, histogram);
	emit_record_cells(emit, histogram);
	emit_object_end(emit);
}
