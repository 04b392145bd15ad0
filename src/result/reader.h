/* SPDX-License-Identifier: MIT */
/*
 * Typed members of a parsed JSON text, with the place of whatever is not as expected.
 *
 * The first failure writes its sentence and sticks: everything after gives zeros and does nothing,
 * so that reading code is as straight as the record.
 *
 * Owner: texts given out are the caller's; json values are borrowed from the tree. Threads: one.
 * Errors: ERR_USAGE, "name:line:column: "path": expected …, not …".
 */
#ifndef RINGLOAD_RESULT_READER_H
#define RINGLOAD_RESULT_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "result/result.h"

#define READER_PATH_BYTES 256

struct reader {
	const char *name; /* of the file */
	const char *text;
	size_t text_bytes;
	struct err *err;
	int status; /* 0 or -errno */
	char path[READER_PATH_BYTES];
};

/* The text as a tree, the caller's to json_decref; NULL and a status: it is not JSON. */
json_t *reader_parse(struct reader *reader);

/* Says that the value under key (NULL: the present one) is not as expected. */
void reader_refuse(struct reader *reader, const char *key, const char *expected);

/* Goes to a member, or an element of one; gives what reader_leave needs to go back. */
size_t reader_enter(struct reader *reader, const char *key);
size_t reader_enter_element(struct reader *reader, const char *key, size_t index);
void reader_leave(struct reader *reader, size_t back);

json_t *reader_object(struct reader *reader, const json_t *parent, const char *key);
json_t *reader_array(struct reader *reader, const json_t *parent, const char *key);
uint64_t reader_count(struct reader *reader, const json_t *parent, const char *key);
double reader_real(struct reader *reader, const json_t *parent, const char *key);
bool reader_bool(struct reader *reader, const json_t *parent, const char *key);
char *reader_text(struct reader *reader, const json_t *parent, const char *key);

/* A count below 2^32; a number that is not negative; one above 0; one from 0 to 1. */
uint32_t reader_count32(struct reader *reader, const json_t *parent, const char *key);
double reader_amount(struct reader *reader, const json_t *parent, const char *key);
double reader_positive(struct reader *reader, const json_t *parent, const char *key);
double reader_share(struct reader *reader, const json_t *parent, const char *key);

/* Whether "status" is "measured"; else *reason becomes the member "reason". */
bool reader_status(struct reader *reader, const json_t *parent, char **reason);

/* Whether the member is null; a missing one is refused. */
bool reader_null(struct reader *reader, const json_t *parent, const char *key);

/* A text, or NULL for null. */
char *reader_text_or_null(struct reader *reader, const json_t *parent, const char *key);

/* A number, or 0 for null. */
double reader_real_or_null(struct reader *reader, const json_t *parent, const char *key);

/* The member of an enumeration whose key the text is; key_of gives NULL above the last. */
unsigned int reader_choice(struct reader *reader, const json_t *parent, const char *key,
	const char *(*key_of)(unsigned int member));

/* count zeroed elements, or NULL once anything failed. */
void *reader_take(struct reader *reader, size_t count, size_t element_bytes);

/* The array under key with zeroed room for its elements; *count is 0 once anything failed. */
void *reader_elements(struct reader *reader, const json_t *parent, const char *key,
	size_t element_bytes, json_t **array, size_t *count);

char **reader_texts(struct reader *reader, const json_t *parent, const char *key, size_t *count);

/* The members of "not_measured". */
struct result_absence *reader_absences(struct reader *reader, const json_t *parent, size_t *count);

#endif
