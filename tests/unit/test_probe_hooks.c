/* SPDX-License-Identifier: MIT */
/* The choice among the probe's hooks, on kernels that a list of refused programs stands for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loader/loader.h"
#include "probe/hooks.h"

LOADER_OBJECT(attribution);

struct refused {
	const char *programs[8];
	const char *reasons[8];
	bool all;
};

static int try_program(void *context, const char *program, struct err *err)
{
	const struct refused *refused = context;

	if (refused->all)
		return err_set(err, ERR_ENVIRONMENT, -EPERM, "not permitted");
	for (size_t i = 0; i < 8 && refused->programs[i]; i++)
		if (!strcmp(refused->programs[i], program))
			return err_set(err, ERR_ENVIRONMENT, -EPERM, "%s", refused->reasons[i]);
	return 0;
}

static const struct probe_hook *row_of(const struct hooks *hooks, const char *stage)
{
	for (size_t i = 0; i < hooks->row_count; i++)
		if (!strcmp(hooks->rows[i].stage, stage))
			return &hooks->rows[i];
	fail_msg("there is no row \"%s\"", stage);
	return NULL;
}

static void the_first_of_each_stage_serves_where_nothing_is_refused(void **state)
{
	struct refused refused = {0};
	const struct hooks_stage *stages;
	struct hooks hooks;
	struct err err = {0};
	size_t count;

	(void)state;
	stages = hooks_stages(&count);
	assert_int_equal(hooks_choose(&hooks, try_program, &refused, &err), 0);
	assert_int_equal(hooks.row_count, count);
	assert_int_equal(hooks.program_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(hooks.rows[i].stage, stages[i].stage);
		assert_string_equal(hooks.rows[i].hook, stages[i].alternatives[0].hook);
		assert_null(hooks.rows[i].missing);
		assert_true(hooks_serves(&hooks, stages[i].alternatives[0].program));
	}
	assert_false(hooks_serves(&hooks, "send_function"));
	hooks_release(&hooks);
}

static void the_next_serves_and_says_why_not_the_one_before(void **state)
{
	struct refused refused = {
		.programs = {"send_locked", "read_adjust", "read_function"},
		.reasons = {"this kernel has no tracepoint tcp_sendmsg_locked", "because",
			"because"},
	};
	struct hooks hooks;
	const struct probe_hook *row;

	(void)state;
	assert_int_equal(hooks_choose(&hooks, try_program, &refused, NULL), 0);
	row = row_of(&hooks, "send");
	assert_true(row->core);
	assert_string_equal(row->hook, "fentry/tcp_sendmsg_locked");
	assert_string_equal(row->missing,
		"tp_btf/tcp_sendmsg_locked: this kernel has no tracepoint tcp_sendmsg_locked");
	assert_true(hooks_serves(&hooks, "send_function"));
	assert_false(hooks_serves(&hooks, "send_locked"));
	row = row_of(&hooks, "read");
	assert_string_equal(row->hook, "tp_btf/sock_recv_length");
	assert_string_equal(row->missing,
		"tp_btf/tcp_rcv_space_adjust, fentry/tcp_rcv_space_adjust: because; seen at the "
		"end of the receiving call, so that the call's own time counts as queue");
	hooks_release(&hooks);
}

static void the_last_resort_for_sends_says_where_their_time_counts(void **state)
{
	struct refused refused = {
		.programs = {"send_locked", "send_function"},
		.reasons = {"no tracepoint", "no fentry"},
	};
	struct hooks hooks;

	(void)state;
	assert_int_equal(hooks_choose(&hooks, try_program, &refused, NULL), 0);
	assert_string_equal(row_of(&hooks, "send")->missing,
		"tp_btf/tcp_sendmsg_locked: no tracepoint; fentry/tcp_sendmsg_locked: no fentry; "
		"seen at the end of the sending call, so that the call's own time counts as "
		"app_cpu; tx is not measured");
	assert_null(row_of(&hooks, "tx")->hook);
	assert_string_equal(row_of(&hooks, "tx")->missing, "sends are seen when they are over");
	assert_false(hooks_serves(&hooks, "tx_start"));
	hooks_release(&hooks);
}

static void each_core_stage_without_any_program_ends_it(void **state)
{
	const struct hooks_stage *stages;
	size_t count;

	(void)state;
	stages = hooks_stages(&count);
	for (size_t i = 0; i < count; i++) {
		struct refused refused = {0};
		struct hooks hooks;
		struct err err = {0};
		char expected[256];

		for (int j = 0; j < HOOKS_ALTERNATIVE_LIMIT; j++) {
			refused.programs[j] = stages[i].alternatives[j].program;
			refused.reasons[j] = "not today";
		}
		snprintf(expected, sizeof(expected),
			"no kernel attribution without the stage \"%s\": %s", stages[i].stage,
			stages[i].alternatives[0].hook);
		if (stages[i].core) {
			assert_true(hooks_choose(&hooks, try_program, &refused, &err) < 0);
			assert_int_equal(err.kind, ERR_ENVIRONMENT);
			assert_ptr_equal(strstr(err.text, expected), err.text);
			assert_non_null(strstr(err.text, ": not today"));
		} else {
			assert_int_equal(hooks_choose(&hooks, try_program, &refused, &err), 0);
			assert_null(row_of(&hooks, stages[i].stage)->hook);
			assert_non_null(row_of(&hooks, stages[i].stage)->missing);
			assert_int_equal(hooks.program_count, count - 1);
		}
		hooks_release(&hooks);
	}
}

static void a_reason_that_all_have_is_told_once(void **state)
{
	struct refused refused = {.all = true};
	struct hooks hooks;
	struct err err = {0};

	(void)state;
	assert_true(hooks_choose(&hooks, try_program, &refused, &err) < 0);
	assert_string_equal(err.text,
		"no kernel attribution without the stage \"birth\": tp_btf/inet_sock_set_state, "
		"fentry/tcp_set_state: not permitted");
	hooks_release(&hooks);
}

static void rows_can_be_added_and_remarked_on(void **state)
{
	struct refused refused = {0};
	struct hooks hooks;

	(void)state;
	assert_int_equal(hooks_choose(&hooks, try_program, &refused, NULL), 0);
	assert_int_equal(hooks_add(&hooks, "rx_path", NULL, "no stamps"), 0);
	assert_null(row_of(&hooks, "rx_path")->hook);
	assert_string_equal(row_of(&hooks, "rx_path")->missing, "no stamps");
	assert_int_equal(hooks_remark(&hooks, "walk", "elsewhere"), 0);
	assert_string_equal(row_of(&hooks, "walk")->missing, "elsewhere");
	assert_int_equal(hooks_remark(&hooks, "walk", "again"), 0);
	assert_string_equal(row_of(&hooks, "walk")->missing, "elsewhere; again");
	assert_int_equal(hooks_remark(&hooks, "walk", "elsewhere"), 0);
	assert_string_equal(row_of(&hooks, "walk")->missing, "elsewhere; again");
	assert_int_equal(hooks_remark(&hooks, "no such stage", "what"), 0);
	hooks_release(&hooks);
}

/* Opening an object needs no rights: the table is held against what it was compiled from. */
static void the_table_names_what_the_object_has(void **state)
{
	const struct hooks_stage *stages;
	struct loader loader;
	struct err err = {0};
	size_t count;

	(void)state;
	stages = hooks_stages(&count);
	assert_int_equal(LOADER_OPEN(&loader, attribution, &err), 0);
	for (size_t i = 0; i < count; i++)
		for (int j = 0; j < HOOKS_ALTERNATIVE_LIMIT; j++) {
			const struct hooks_alternative *is = &stages[i].alternatives[j];

			if (is->program)
				assert_string_equal(loader_section(&loader, is->program), is->hook);
		}
	loader_release(&loader);
}

static void releasing_nothing_does_nothing(void **state)
{
	struct hooks hooks = {0};

	(void)state;
	hooks_release(&hooks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_each_stage_serves_where_nothing_is_refused),
		cmocka_unit_test(the_next_serves_and_says_why_not_the_one_before),
		cmocka_unit_test(the_last_resort_for_sends_says_where_their_time_counts),
		cmocka_unit_test(each_core_stage_without_any_program_ends_it),
		cmocka_unit_test(a_reason_that_all_have_is_told_once),
		cmocka_unit_test(rows_can_be_added_and_remarked_on),
		cmocka_unit_test(the_table_names_what_the_object_has),
		cmocka_unit_test(releasing_nothing_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
