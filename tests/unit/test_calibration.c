/* SPDX-License-Identifier: MIT */
/* Where calibrations are kept, which of them count, and what a run is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "run/calibration.h"
#include "tests/unit/tree.h"

/* A state folder of the test's own, and a record of this machine. */
struct bench {
	struct tree *tree;
	struct calibration_record record;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	bench->tree = tree_new();
	setenv("XDG_STATE_HOME", bench->tree->root, 1);
	bench->record = (struct calibration_record){
		.tool_version = "1.2.3",
		.measured_at = "2024-01-31T12:00:00Z",
		.workers = 2,
		.connections = 64,
		.highest_rps = 200000,
		.cpu_ns_per_request = 6000,
	};
	calibration_identify(&bench->record, "/");
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	tree_free(bench->tree);
	free(bench);
	return 0;
}

/* Keeps the bench's record; whether it was kept. */
static bool store(const struct bench *bench)
{
	struct err err = {ERR_NONE, ""};
	char path[4096];
	bool kept;

	if (calibration_store(&bench->record, &kept, path, sizeof(path), &err))
		fail_msg("%s", err.text);
	assert_int_equal(access(path, R_OK), 0);
	assert_memory_equal(path, bench->tree->root, strlen(bench->tree->root));
	return kept;
}

/* The rate that is known of this machine; 0: none. */
static double known_rps(void)
{
	struct calibration_record record;
	struct err err = {ERR_NONE, ""};
	bool found;

	if (calibration_load(&record, &found, &err))
		fail_msg("%s", err.text);
	return found ? record.highest_rps : 0;
}

static void what_is_kept_is_found(void **state)
{
	struct bench *bench = *state;

	assert_true(known_rps() == 0);
	assert_int_equal(calibration_check(NULL), 0);
	assert_true(known_rps() == 0);
	assert_true(store(bench));
	assert_true(known_rps() == 200000);
	bench->record.highest_rps = 150000;
	assert_true(store(bench));
	assert_true(known_rps() == 150000);
}

static void a_better_one_stays(void **state)
{
	struct bench *bench = *state;

	bench->record.embedded = true;
	bench->record.highest_rps = 50000;
	assert_true(store(bench));
	assert_true(known_rps() == 50000);
	bench->record.embedded = false;
	bench->record.highest_rps = 40000;
	assert_true(store(bench));
	assert_true(known_rps() == 40000);
	bench->record.embedded = true;
	bench->record.highest_rps = 60000;
	assert_false(store(bench));
	assert_true(known_rps() == 40000);
}

static void other_kernels_and_machines_have_their_own(void **state)
{
	struct bench *bench = *state;
	struct calibration_record here = bench->record;

	/* A name that would lead elsewhere. */
	strcpy(bench->record.kernel, "../6.0/odd");
	assert_true(store(bench));
	assert_true(known_rps() == 0);
	bench->record = here;
	strcpy(bench->record.machine, "0000000000000000");
	assert_true(store(bench));
	assert_true(known_rps() == 0);
	/* Nor does the better one of another kernel keep this one out. */
	bench->record = here;
	bench->record.embedded = true;
	bench->record.highest_rps = 5;
	assert_true(store(bench));
	assert_true(known_rps() == 5);
}

static void another_number_of_cpus_makes_it_another_machine(void **state)
{
	struct bench *bench = *state;

	bench->record.cpus++;
	assert_true(store(bench));
	assert_true(known_rps() == 0);
	bench->record.cpus--;
	bench->record.embedded = true;
	assert_true(store(bench));
	assert_true(known_rps() == 200000);
}

static void damage_is_told_and_mended(void **state)
{
	struct bench *bench = *state;
	struct calibration_record record;
	struct err err = {ERR_NONE, ""};
	struct buf sentence = {0};
	char path[4096];
	bool found = true, kept;

	assert_true(store(bench));
	assert_int_equal(calibration_store(&bench->record, &kept, path, sizeof(path), &err), 0);
	assert_int_equal(truncate(path, 40), 0);
	assert_true(calibration_load(&record, &found, &err) < 0);
	assert_false(found);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "ringload calibrate"));
	assert_true(calibration_compare(UINT64_C(1000000000), &sentence, &err) < 0);
	assert_string_equal(buf_string(&sentence), "");
	/* Even one that is not as good replaces it. */
	bench->record.embedded = true;
	assert_true(store(bench));
	assert_true(known_rps() == 200000);
	buf_release(&sentence);
}

static void a_file_that_was_moved_is_no_calibration(void **state)
{
	struct bench *bench = *state;
	struct calibration_record record;
	struct err err = {ERR_NONE, ""};
	char theirs[4096], ours[4096];
	bool found, kept;

	assert_true(store(bench));
	calibration_store(&bench->record, &kept, ours, sizeof(ours), NULL);
	strcpy(bench->record.machine, "0000000000000000");
	assert_int_equal(calibration_store(&bench->record, &kept, theirs, sizeof(theirs), NULL), 0);
	assert_int_equal(rename(theirs, ours), 0);
	assert_true(calibration_load(&record, &found, &err) < 0);
	assert_non_null(strstr(err.text, "another machine"));
}

static void a_folder_that_cannot_be_written_to(void **state)
{
	struct bench *bench = *state;
	struct err err = {ERR_NONE, ""};
	char path[4096], file[512];
	bool kept = true;

	/* Root may write anywhere but below a file. */
	tree_write(bench->tree, "file", "");
	snprintf(file, sizeof(file), "%s/file", bench->tree->root);
	setenv("XDG_STATE_HOME", file, 1);
	assert_true(known_rps() == 0);
	assert_true(calibration_check(&err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, file));
	assert_true(calibration_store(&bench->record, &kept, path, sizeof(path), &err) < 0);
	assert_false(kept);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, file));
}

static void without_a_state_folder_it_is_in_the_home(void **state)
{
	struct bench *bench = *state;
	const char *home = getenv("HOME"), *sudo = getenv("SUDO_UID");
	char *former = home ? strdup(home) : NULL, *caller = sudo ? strdup(sudo) : NULL;
	struct err err = {ERR_NONE, ""};
	char path[4096], expected[512];
	bool kept;

	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("HOME", bench->tree->root, 1);
	unsetenv("SUDO_UID");
	assert_int_equal(calibration_store(&bench->record, &kept, path, sizeof(path), &err), 0);
	snprintf(expected, sizeof(expected), "%s/.local/state/ringload/", bench->tree->root);
	assert_memory_equal(path, expected, strlen(expected));
	assert_true(known_rps() == 200000);
	if (caller)
		setenv("SUDO_UID", caller, 1);
	if (former)
		setenv("HOME", former, 1);
	else
		unsetenv("HOME");
	free(caller);
	free(former);
}

static void a_run_is_told_what_is_too_much(void **state)
{
	struct bench *bench = *state;
	struct buf sentence = {0};

	assert_int_equal(calibration_compare(UINT64_C(1000000000), &sentence, NULL), 0);
	assert_string_equal(buf_string(&sentence), "");
	assert_true(store(bench));
	assert_int_equal(calibration_compare(200000000, &sentence, NULL), 0);
	assert_string_equal(buf_string(&sentence), "");
	assert_int_equal(calibration_compare(200000001, &sentence, NULL), 0);
	assert_non_null(strstr(buf_string(&sentence), "200,000 requests a second"));
	assert_non_null(strstr(buf_string(&sentence), "2024-01-31T12:00:00Z"));
	assert_null(strstr(buf_string(&sentence), "same machine"));
	buf_release(&sentence);
	bench->record.embedded = true;
	bench->record.cpus++;
	store(bench);
	bench->record.cpus--;
	store(bench);
	assert_int_equal(calibration_compare(300000000, &sentence, NULL), 0);
	assert_non_null(strstr(buf_string(&sentence), "same machine"));
	buf_release(&sentence);
}

/* The name that a machine made of files has. */
static void identify(const struct bench *bench, char name[CALIBRATION_TEXT_BYTES])
{
	struct calibration_record record = {0};
	char root[300];

	snprintf(root, sizeof(root), "%s/", bench->tree->root);
	calibration_identify(&record, root);
	strcpy(name, record.machine);
}

static void machines_are_told_apart_and_not_named(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef\n";
	char host[CALIBRATION_TEXT_BYTES], dmi[CALIBRATION_TEXT_BYTES],
		first[CALIBRATION_TEXT_BYTES], other[CALIBRATION_TEXT_BYTES];
	const struct bench *bench = *state;

	identify(bench, host);
	tree_write(bench->tree, "sys/class/dmi/id/product_uuid", "4c4c4544-0042-3510\n");
	identify(bench, dmi);
	/* An image that was never booted. */
	tree_write(bench->tree, "etc/machine-id", "uninitialized\n");
	identify(bench, other);
	assert_string_equal(other, dmi);
	tree_write(bench->tree, "etc/machine-id", id);
	identify(bench, first);
	identify(bench, other);
	assert_string_equal(other, first);
	assert_int_equal(strlen(first), 16);
	assert_null(strstr(id, first));
	tree_write(bench->tree, "etc/machine-id", "0123456789abcdef0123456789abcdee\n");
	identify(bench, other);
	assert_string_not_equal(other, first);
	assert_string_not_equal(dmi, first);
	assert_string_not_equal(dmi, host);
}

#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(what_is_kept_is_found),
		ON_A_BENCH(a_better_one_stays),
		ON_A_BENCH(other_kernels_and_machines_have_their_own),
		ON_A_BENCH(another_number_of_cpus_makes_it_another_machine),
		ON_A_BENCH(damage_is_told_and_mended),
		ON_A_BENCH(a_file_that_was_moved_is_no_calibration),
		ON_A_BENCH(a_folder_that_cannot_be_written_to),
		ON_A_BENCH(without_a_state_folder_it_is_in_the_home),
		ON_A_BENCH(a_run_is_told_what_is_too_much),
		ON_A_BENCH(machines_are_told_apart_and_not_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
