/* SPDX-License-Identifier: MIT */
/* Every check of the doctor in every state it can have, on machines made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "doctor/doctor.h"
#include "doctor/doctor_json.h"
#include "doctor/doctor_text.h"
#include "tests/unit/doctor_machine.h"
#include "tests/unit/doctor_troubles.h"
#include "tests/unit/golden.h"
#include "tests/unit/machine_tree.h"

#define CPU "sys/devices/system/cpu/"

static struct tree *good_machine(struct live *live)
{
	struct tree *tree = machine_tree_new();

	doctor_machine_write(tree);
	doctor_machine_try(live);
	return tree;
}

static void examine(struct doctor *doctor, const struct tree *tree, const struct live *live)
{
	struct err err = {0};

	if (doctor_examine(doctor, tree->root, DOCTOR_MACHINE_PID, live, &err))
		fail_msg("%s", err.text);
}

/* Moved out of sight: the tree removes it in the end. */
static void take_away(const struct tree *tree, const char *path)
{
	static unsigned int count;
	char from[512], to[512];

	snprintf(from, sizeof(from), "%s/%s", tree->root, path);
	snprintf(to, sizeof(to), "%s/gone-%u", tree->root, count++);
	if (rename(from, to))
		fail_msg("\"%s\" is not there to be taken away", path);
}

static void check_trouble(const struct doctor_trouble *trouble, const struct doctor_row *row)
{
	const char *text = row ? buf_string(&row->finding.text) : "";

	if (!row)
		fail_msg("there is no check \"%s\"", trouble->key);
	if (row->finding.state != trouble->state)
		fail_msg("%s: %s, expected %s (%s)", trouble->key,
			finding_state_name(row->finding.state), finding_state_name(trouble->state),
			text);
	assert_true(*text);
	if (trouble->finding && !strstr(text, trouble->finding))
		fail_msg("%s: \"%s\" is not in \"%s\"", trouble->key, trouble->finding, text);
	assert_true(!row->effect == (row->finding.state == FINDING_OK));
	if (row->finding.state == FINDING_OK)
		assert_null(row->mend);
	if (trouble->mend && !*trouble->mend)
		assert_null(row->mend);
	else if (trouble->mend && (!row->mend || !strstr(row->mend, trouble->mend)))
		fail_msg("%s: \"%s\" is not in the mend \"%s\"", trouble->key, trouble->mend,
			row->mend ? row->mend : "none");
}

static void each_check_finds_what_is_wrong(void **state)
{
	size_t count;
	const struct doctor_trouble *troubles = doctor_troubles(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct doctor_trouble *trouble = &troubles[i];
		struct doctor doctor;
		struct live live;
		struct tree *tree = good_machine(&live);

		for (size_t j = 0; j < DOCTOR_CHANGES && trouble->changes[j].path; j++) {
			if (trouble->changes[j].text)
				tree_write(
					tree, trouble->changes[j].path, trouble->changes[j].text);
			else
				take_away(tree, trouble->changes[j].path);
		}
		if (trouble->spoil)
			trouble->spoil(&live);
		examine(&doctor, tree, &live);
		check_trouble(trouble, doctor_row(&doctor, trouble->key));
		doctor_release(&doctor);
		tree_free(tree);
	}
}

static void nothing_is_wrong_with_a_good_machine(void **state)
{
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);

	(void)state;
	examine(&doctor, tree, &live);
	for (size_t i = 0; i < doctor.row_count; i++)
		if (doctor.rows[i].finding.state != FINDING_OK)
			fail_msg("%s: %s", doctor.rows[i].check->key,
				buf_string(&doctor.rows[i].finding.text));
	assert_int_equal(doctor.counts[FINDING_OK], doctor.row_count);
	for (int i = CHECK_LOAD; i < CHECK_ABILITY_COUNT; i++)
		assert_int_equal(doctor.abilities[i], FINDING_OK);
	assert_int_equal(doctor.needing_rights, 0);
	doctor_release(&doctor);
	tree_free(tree);
}

static bool is_troubled(const char *key)
{
	size_t count;
	const struct doctor_trouble *troubles = doctor_troubles(&count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(troubles[i].key, key) && troubles[i].state != FINDING_OK)
			return true;
	/* Whatever stands there is as it should be. */
	return !strcmp(key, "cpu.nohz_full");
}

static void the_table_is_whole(void **state)
{
	const struct hooks_stage *stages;
	size_t count, stage_count;
	const struct check *checks = check_all(&count);

	(void)state;
	stages = hooks_stages(&stage_count);
	for (size_t i = 0; i < count; i++) {
		if (!is_troubled(checks[i].key))
			fail_msg("no test shows what \"%s\" finds wrong", checks[i].key);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(checks[i].key, checks[j].key);
		assert_true(*checks[i].reads && *checks[i].effect);
	}
	/* A stage that is added to the probe is one that the doctor has to tell of. */
	for (size_t i = 0; i < stage_count; i++) {
		bool found = false;

		for (size_t j = 0; j < count; j++) {
			if (!checks[j].about || strcmp(checks[j].about, stages[i].stage) != 0)
				continue;
			found = true;
			assert_int_equal(checks[j].ability == CHECK_KERNEL, stages[i].core);
		}
		if (!found)
			fail_msg("the stage \"%s\" has no check", stages[i].stage);
	}
}

static void what_is_missing_decides_what_can_be_done(void **state)
{
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);

	(void)state;
	live_spoil_last_send(&live);
	tree_write(tree, "proc/self/limits", DOCTOR_LIMITS("1024  20000", "1  1"));
	examine(&doctor, tree, &live);
	/* Limits are no loss, and tx is nothing that attribution cannot do without. */
	for (int i = CHECK_LOAD; i < CHECK_ABILITY_COUNT; i++)
		assert_int_equal(doctor.abilities[i], FINDING_OK);
	doctor_release(&doctor);
	live_spoil_no_ring(&live);
	live_spoil_no_profile(&live);
	live_spoil_refuse(&live, "schedule", 0, HOOKS_ALTERNATIVE_LIMIT);
	examine(&doctor, tree, &live);
	assert_int_equal(doctor.abilities[CHECK_LOAD], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_KERNEL], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_PROFILE], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_OTHERS], FINDING_OK);
	assert_int_equal(doctor.abilities[CHECK_NULL_SERVER], FINDING_OK);
	doctor_release(&doctor);
	tree_free(tree);
}

static void an_ordinary_user_is_told_what_root_could_try(void **state)
{
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);
	struct buf text = {0};

	(void)state;
	tree_write(tree, "proc/self/status", DOCTOR_NO_RIGHTS);
	doctor_machine_refuse(&live);
	examine(&doctor, tree, &live);
	assert_int_equal(doctor.abilities[CHECK_LOAD], FINDING_OK);
	assert_int_equal(doctor.abilities[CHECK_KERNEL], FINDING_MISSING);
	assert_int_equal(doctor.abilities[CHECK_PROFILE], FINDING_UNKNOWN);
	assert_int_equal(doctor.abilities[CHECK_OTHERS], FINDING_MISSING);
	assert_int_equal(doctor.needing_rights, live.stage_count + 2);
	doctor_text_table(&text, &doctor);
	golden_compare("doctor/user.txt", buf_string(&text));
	buf_release(&text);
	doctor_release(&doctor);
	tree_free(tree);
}

static void findings_are_written_as_text_and_json(void **state)
{
	struct buf text = {0}, json = {0};
	struct doctor doctor;
	struct live live;
	struct tree *tree = good_machine(&live);

	(void)state;
	live_spoil_no_ring(&live);
	live_spoil_last_send(&live);
	live_spoil_no_steal(&live);
	tree_write(tree, CPU "vulnerabilities/meltdown", "Mitigation: PTI\n");
	take_away(tree, CPU "cpufreq/boost");
	examine(&doctor, tree, &live);
	doctor_text_table(&text, &doctor);
	doctor_json_write(&json, &doctor);
	golden_compare("doctor/spoilt.txt", buf_string(&text));
	golden_compare("doctor/spoilt.json", buf_string(&json));
	buf_release(&text);
	buf_release(&json);
	doctor_release(&doctor);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_wrong_with_a_good_machine),
		cmocka_unit_test(each_check_finds_what_is_wrong),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(what_is_missing_decides_what_can_be_done),
		cmocka_unit_test(an_ordinary_user_is_told_what_root_could_try),
		cmocka_unit_test(findings_are_written_as_text_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
