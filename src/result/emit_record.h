/* SPDX-License-Identifier: MIT */
/*
 * The pieces that several blocks of a record are made of, as JSON.
 *
 * Owner, threads, errors: as emit.h.
 */
#ifndef RINGLOAD_RESULT_EMIT_RECORD_H
#define RINGLOAD_RESULT_EMIT_RECORD_H

#include <stddef.h>

#include "result/emit.h"
#include "result/result.h"

void emit_record_texts(struct emit *emit, const char *key, char *const *texts, size_t count);

/* The member "not_measured". */
void emit_record_absences(struct emit *emit, const struct result_absence *absent, size_t count);

/* null when it is not positive. */
void emit_record_positive(struct emit *emit, const char *key, double value);

/* null when it is not known. */
void emit_record_real(struct emit *emit, const char *key, bool known, double value);
void emit_record_count(struct emit *emit, const char *key, bool known, uint64_t count);

/* The members "status" and "reason", as reader_status takes them. */
void emit_record_status(struct emit *emit, bool measured, const char *reason);

/* The member "histogram", whole; and what it holds, for one that holds more. */
void emit_record_histogram(struct emit *emit, const struct result_histogram *histogram);
void emit_record_layout(struct emit *emit, const struct result_histogram *histogram);
void emit_record_cells(struct emit *emit, const struct result_histogram *histogram);

#endif
