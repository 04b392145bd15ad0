/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void set_writes_sentence_and_returns_code(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, ERR_USAGE, -EINVAL, "\"%s\" is %d", "x", 7), -EINVAL);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.text, "\"x\" is 7");
	assert_int_equal(err_set(&err, ERR_TARGET, -ECONNREFUSED, "nobody there"), -ECONNREFUSED);
	assert_int_equal(err.kind, ERR_TARGET);
	assert_string_equal(err.text, "nobody there");
}

static void nobody_wants_the_sentence(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_USAGE, -EINVAL, "%d", 1), -EINVAL);
	assert_int_equal(err_set_errno(NULL, ERR_USAGE, -ENOENT, "%d", 1), -ENOENT);
	err_prefix(NULL, "%d", 1);
}

static void errno_words_follow_the_sentence(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(
		err_set_errno(&err, ERR_ENVIRONMENT, -ENOENT, "cannot open \"%s\"", "a"), -ENOENT);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_string_equal(err.text, "cannot open \"a\": No such file or directory");
	err_set_errno(&err, ERR_ENVIRONMENT, -100000, "odd");
	assert_string_equal(err.text, "odd: Unknown error 100000");
}

static void long_sentence_is_cut(void **state)
{
	char long_text[3 * ERR_TEXT_BYTES];
	struct err err = {0};
	const char *words = ": Permission denied";

	(void)state;
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	err_set(&err, ERR_USAGE, -1, "%s", long_text);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	err_set_errno(&err, ERR_USAGE, -EACCES, "%s", long_text);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	assert_string_equal(err.text + strlen(err.text) - strlen(words), words);
	err_set(&err, ERR_USAGE, -1, "end");
	err_prefix(&err, "%s", long_text);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	assert_int_equal(err.text[0], 'x');
}

static void cut_keeps_characters_whole(void **state)
{
	char long_text[2 * ERR_TEXT_BYTES];
	struct err err = {0};
	size_t length;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(long_text, 'x', shift);
		length = shift;
		/* Three bytes each: the cut falls at each place inside one. */
		while (length + 3 < sizeof long_text) {
			memcpy(long_text + length, "\xE2\x82\xAC", 3);
			length += 3;
		}
		long_text[length] = '\0';
		err_set(&err, ERR_USAGE, -1, "%s", long_text);
		length = strlen(err.text);
		assert_in_range(length, ERR_TEXT_BYTES - 4, ERR_TEXT_BYTES - 1);
		assert_int_equal((length - shift) % 3, 0);
	}
}

static void prefix_goes_before(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_USAGE, -1, "unknown key \"raet\"");
	err_prefix(&err, "%s:%d:%d: ", "scenario.yaml", 3, 7);
	assert_string_equal(err.text, "scenario.yaml:3:7: unknown key \"raet\"");
	assert_int_equal(err.kind, ERR_USAGE);
}

static void sentence_may_quote_the_one_before(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_USAGE, -1, "inner");
	err_set(&err, ERR_TARGET, -1, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
	err_prefix(&err, "again %s, ", err.text);
	assert_string_equal(err.text, "again outer (inner), outer (inner)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_writes_sentence_and_returns_code),
		cmocka_unit_test(nobody_wants_the_sentence),
		cmocka_unit_test(errno_words_follow_the_sentence),
		cmocka_unit_test(long_sentence_is_cut),
		cmocka_unit_test(cut_keeps_characters_whole),
		cmocka_unit_test(prefix_goes_before),
		cmocka_unit_test(sentence_may_quote_the_one_before),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
