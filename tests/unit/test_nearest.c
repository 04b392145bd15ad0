/* SPDX-License-Identifier: MIT */
/* "did you mean": which word is near enough, and which is nearest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/nearest.h"

static const char *nearest_of(const char *word, const char *const *known)
{
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (; *known; known++)
		nearest_offer(&nearest, *known);
	return nearest.best;
}

static const char *const words[] = {
	"connections", "connect-to", "threads", "timeout", "rate", "run", NULL};

static void one_mistake_of_each_kind(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("conections", words), "connections");
	assert_string_equal(nearest_of("timeoutt", words), "timeout");
	assert_string_equal(nearest_of("threats", words), "threads");
	assert_string_equal(nearest_of("arte", words), "rate");
	assert_string_equal(nearest_of("rnu", words), "run");
}

static void a_beginning_counts_as_near(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("conn", words), "connections");
	assert_string_equal(nearest_of("connect-", words), "connect-to");
}

static void far_words_are_not_offered(void **state)
{
	(void)state;
	assert_null(nearest_of("elephant", words));
	assert_null(nearest_of("xyz", words));
	assert_null(nearest_of("", words));
}

static void a_word_without_end_is_compared_by_its_beginning(void **state)
{
	char word[1000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(word); i++)
		word[i] = 'a';
	word[sizeof(word) - 1] = 0;
	assert_null(nearest_of(word, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mistake_of_each_kind),
		cmocka_unit_test(a_beginning_counts_as_near),
		cmocka_unit_test(far_words_are_not_offered),
		cmocka_unit_test(a_word_without_end_is_compared_by_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
