/* SPDX-License-Identifier: MIT */
#include "result/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/json_path.h"

/* What a message quotes of a text that was not expected. */
#define QUOTED_BYTES 40

json_t *reader_parse(struct reader *reader)
{
	json_error_t error;
	json_t *root = json_loadb(reader->text, reader->text_bytes, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		reader->status = err_set(reader->err, ERR_USAGE, -EINVAL, "%s:%d:%d: not JSON: %s",
			reader->name, error.line, error.column, error.text);
	return root;
}

size_t reader_enter(struct reader *reader, const char *key)
{
	size_t back = strlen(reader->path);

	/* A path that does not fit is cut: it only places a message. */
	snprintf(reader->path + back, sizeof(reader->path) - back, "%s%s", back && *key ? "." : "",
		key);
	return back;
}

size_t reader_enter_element(struct reader *reader, const char *key, size_t index)
{
	size_t back = reader_enter(reader, key), used = strlen(reader->path);

	snprintf(reader->path + used, sizeof(reader->path) - used, "[%zu]", index);
	return back;
}

void reader_leave(struct reader *reader, size_t back)
{
	reader->path[back] = '\0';
}

void reader_refuse(struct reader *reader, const char *key, const char *expected)
{
	size_t line, column, back;

	if (reader->status)
		return;
	back = reader_enter(reader, key ? key : "");
	json_path_locate(reader->text, reader->text_bytes, reader->path, &line, &column);
	reader->status = err_set(reader->err, ERR_USAGE, -EINVAL, "%s:%zu:%zu: \"%s\": %s",
		reader->name, line, column, *reader->path ? reader->path : "(all)", expected);
	reader_leave(reader, back);
}

static void refuse_type(
	struct reader *reader, const char *key, const json_t *value, const char *expected)
{
	char text[640];

	if (!value)
		snprintf(text, sizeof(text), "is missing, expected %s", expected);
	else if (json_is_string(value))
		snprintf(text, sizeof(text), "expected %s, not \"%.*s\"", expected, QUOTED_BYTES,
			json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, sizeof(text), "expected %s, not %lld", expected,
			(long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, sizeof(text), "expected %s, not %g", expected,
			json_real_value(value));
	else
		snprintf(text, sizeof(text), "expected %s, not %s", expected,
			json_is_object(value)    ? "an object"
			: json_is_array(value)   ? "an array"
			: json_is_boolean(value) ? "true or false"
						 : "null");
	reader_refuse(reader, key, text);
}

/* The member, or NULL once anything failed. An element of an array is its own parent: key NULL. */
static json_t *member(const struct reader *reader, const json_t *parent, const char *key)
{
	if (reader->status)
		return NULL;
	return key ? json_object_get(parent, key) : (json_t *)parent;
}

json_t *reader_object(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (json_is_object(value))
		return value;
	refuse_type(reader, key, value, "an object");
	return NULL;
}

json_t *reader_array(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (json_is_array(value))
		return value;
	refuse_type(reader, key, value, "an array");
	return NULL;
}

uint64_t reader_count(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (json_is_integer(value) && json_integer_value(value) >= 0)
		return (uint64_t)json_integer_value(value);
	refuse_type(reader, key, value, "a whole number");
	return 0;
}

double reader_real(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (json_is_number(value))
		return json_number_value(value);
	refuse_type(reader, key, value, "a number");
	return 0;
}

uint32_t reader_count32(struct reader *reader, const json_t *parent, const char *key)
{
	uint64_t count = reader_count(reader, parent, key);

	if (count > UINT32_MAX)
		reader_refuse(reader, key, "expected a number below 4294967296");
	return (uint32_t)count;
}

double reader_amount(struct reader *reader, const json_t *parent, const char *key)
{
	double value = reader_real(reader, parent, key);

	if (value < 0)
		reader_refuse(reader, key, "expected no number below 0");
	return value;
}

double reader_positive(struct reader *reader, const json_t *parent, const char *key)
{
	double value = reader_real(reader, parent, key);

	if (!(value > 0))
		reader_refuse(reader, key, "expected a number above 0");
	return value;
}

double reader_share(struct reader *reader, const json_t *parent, const char *key)
{
	double share = reader_real(reader, parent, key);

	if (share < 0 || share > 1)
		reader_refuse(reader, key, "expected a share, from 0 to 1");
	return share;
}

bool reader_bool(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (json_is_boolean(value))
		return json_is_true(value);
	refuse_type(reader, key, value, "true or false");
	return false;
}

static char *copy(struct reader *reader, const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		reader->status = err_set(
			reader->err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the result");
	return copied;
}

char *reader_text(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (json_is_string(value))
		return copy(reader, json_string_value(value));
	refuse_type(reader, key, value, "a text");
	return NULL;
}

bool reader_null(struct reader *reader, const json_t *parent, const char *key)
{
	json_t *value = member(reader, parent, key);

	if (!value)
		refuse_type(reader, key, NULL, "a value or null");
	return json_is_null(value);
}

char *reader_text_or_null(struct reader *reader, const json_t *parent, const char *key)
{
	return reader_null(reader, parent, key) ? NULL : reader_text(reader, parent, key);
}

double reader_real_or_null(struct reader *reader, const json_t *parent, const char *key)
{
	return reader_null(reader, parent, key) ? 0 : reader_real(reader, parent, key);
}

unsigned int reader_choice(struct reader *reader, const json_t *parent, const char *key,
	const char *(*key_of)(unsigned int member))
{
	json_t *value = member(reader, parent, key);
	char expected[512] = "";
	size_t used = 0;

	for (unsigned int i = 0; json_is_string(value) && key_of(i); i++)
		if (!strcmp(json_string_value(value), key_of(i)))
			return i;
	for (unsigned int i = 0; key_of(i) && used < sizeof(expected); i++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s\"%s\"",
			i ? " or " : "", key_of(i));
	refuse_type(reader, key, value, expected);
	return 0;
}

static const char *status_key(unsigned int measured)
{
	static const char *const keys[] = {"not_measured", "measured", NULL};

	return keys[measured];
}

bool reader_status(struct reader *reader, const json_t *parent, char **reason)
{
	bool measured = reader_choice(reader, parent, "status", status_key);

	if (!measured)
		*reason = reader_text(reader, parent, "reason");
	return measured;
}

void *reader_take(struct reader *reader, size_t count, size_t element_bytes)
{
	void *memory;

	if (reader->status)
		return NULL;
	memory = calloc(count ? count : 1, element_bytes);
	if (!memory)
		reader->status = err_set(
			reader->err, ERR_ENVIRONMENT, -ENOMEM, "no memory for the result");
	return memory;
}

void *reader_elements(struct reader *reader, const json_t *parent, const char *key,
	size_t element_bytes, json_t **array, size_t *count)
{
	void *elements;

	*array = reader_array(reader, parent, key);
	elements = reader_take(reader, json_array_size(*array), element_bytes);
	*count = elements ? json_array_size(*array) : 0;
	return elements;
}

char **reader_texts(struct reader *reader, const json_t *parent, const char *key, size_t *count)
{
	json_t *array;
	char **texts = reader_elements(reader, parent, key, sizeof(*texts), &array, count);

	for (size_t i = 0; i < *count; i++) {
		size_t back = reader_enter_element(reader, key, i);

		texts[i] = reader_text(reader, json_array_get(array, i), NULL);
		reader_leave(reader, back);
	}
	return texts;
}

struct result_absence *reader_absences(struct reader *reader, const json_t *parent, size_t *count)
{
	json_t *object = reader_object(reader, parent, "not_measured");
	struct result_absence *absent = reader_take(
		reader, json_object_size(object), sizeof(*absent));
	size_t back = reader_enter(reader, "not_measured");
	const char *key;
	json_t *value;

	if (absent) {
		json_object_foreach(object, key, value)
		{
			absent[*count].reason = reader_text(reader, object, key);
			absent[*count].key = copy(reader, key);
			(*count)++;
		}
	}
	reader_leave(reader, back);
	return absent;
}
