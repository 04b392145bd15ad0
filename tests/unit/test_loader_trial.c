/* SPDX-License-Identifier: MIT */
/* Single programs of an object: tried, chosen, attached, walked, shared with, asked for their cost.
 * The attribution programs serve as example. Needs CAP_BPF and CAP_PERFMON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loader/loader.h"
#include "loader/trial.h"
#include "ringload/probe_abi.h"

LOADER_OBJECT(attribution);
LOADER_OBJECT(profile);

static void open_attribution(struct loader *loader)
{
	struct probe_abi_config config = {
		.port_count = 1, .ports = {1}, .sample = 1, .cpu_count = 1, .thread_count = 3};
	struct err err = {0};

	if (LOADER_OPEN(loader, attribution, &err) ||
		loader_set_constants(loader, &config, sizeof(config), &err) ||
		loader_set_entries(loader, "cpus", (uint32_t)loader_cpus(NULL), &err) ||
		loader_set_entries(loader, "threads", 3, &err) ||
		loader_set_entries(loader, "free_threads", 2, &err))
		fail_msg("%s", err.text);
}

static void load_attribution(struct loader *loader, const char *program)
{
	struct err err = {0};

	open_attribution(loader);
	loader_choose(loader, &program, 1);
	if (loader_load(loader, &err))
		fail_msg("%s", err.text);
}

static void a_trial_takes_what_the_kernel_takes_and_tells_why_not(void **state)
{
	struct loader loader;
	struct err err = {0};

	(void)state;
	open_attribution(&loader);
	assert_int_equal(trial_run(&loader, "schedule_switch", &err), 0);
	assert_int_equal(trial_run(&loader, "walk_tcp", &err), 0);
	assert_string_equal(err.text, "");
	setenv(LOADER_REFUSE_VARIABLE, "walk_tcp,schedule_switch", 1);
	assert_int_equal(trial_run(&loader, "schedule_switch", &err), -EPERM);
	assert_string_equal(err.text, "refused by RINGLOAD_REFUSE_BPF");
	assert_int_equal(trial_run(&loader, "exit_process", &err), 0);
	setenv(LOADER_REFUSE_VARIABLE, "schedule_switch_not", 1);
	assert_int_equal(trial_run(&loader, "schedule_switch", &err), 0);
	unsetenv(LOADER_REFUSE_VARIABLE);
	loader_release(&loader);
}

/* Kernels with fentry attach it, others must say that it is the kernel. */
static void a_function_hook_is_there_or_is_said_not_to_be_allowed(void **state)
{
	struct loader loader;
	struct err err = {0};

	(void)state;
	open_attribution(&loader);
	if (trial_run(&loader, "birth_function", &err))
		assert_string_equal(
			err.text, "not permitted here: this kernel does not allow fentry");
	loader_release(&loader);
}

static void a_refused_program_fails_the_object_with_its_name(void **state)
{
	const char *programs[] = {"schedule_switch", "exit_process"};
	struct loader loader;
	struct err err = {0};

	(void)state;
	open_attribution(&loader);
	loader_choose(&loader, programs, 2);
	setenv(LOADER_REFUSE_VARIABLE, "exit_process", 1);
	assert_int_equal(loader_load(&loader, &err), -EPERM);
	unsetenv(LOADER_REFUSE_VARIABLE);
	assert_string_equal(err.text,
		"cannot load the BPF program \"attribution\": \"exit_process\" is refused by "
		"RINGLOAD_REFUSE_BPF");
	loader_release(&loader);
}

static void memory_is_shared_with_the_programs(void **state)
{
	struct probe_abi_control *control;
	void *memory, *again;
	size_t bytes;
	struct loader loader;

	(void)state;
	load_attribution(&loader, "schedule_switch");
	assert_int_equal(loader_share(&loader, "cpus", &memory, &bytes, NULL), 0);
	assert_true(bytes >= (size_t)loader_cpus(NULL) * sizeof(struct probe_abi_cpu));
	assert_int_equal(loader_share(&loader, "cpus", &again, &bytes, NULL), 0);
	assert_ptr_equal(memory, again);
	assert_int_equal(loader_variable(&loader, "control", sizeof(*control), &memory, NULL), 0);
	control = memory;
	assert_int_equal(control->selected, 0);
	control->realtime_offset_ns = 12345;
	assert_int_equal(loader_variable(&loader, "control", sizeof(*control), &again, NULL), 0);
	assert_int_equal(((struct probe_abi_control *)again)->realtime_offset_ns, 12345);
	assert_int_equal(loader_variable(&loader, "clock_offset_ns", 8, &memory, NULL), 0);
	loader_release(&loader);
}

static void a_queue_takes_as_many_as_it_has_entries(void **state)
{
	struct loader loader;
	struct err err = {0};
	uint32_t value = 1;

	(void)state;
	load_attribution(&loader, "schedule_switch");
	assert_int_equal(loader_push(&loader, "free_threads", &value, &err), 0);
	assert_int_equal(loader_push(&loader, "free_threads", &value, &err), 0);
	assert_true(loader_push(&loader, "free_threads", &value, &err) < 0);
	loader_release(&loader);
}

/* The walk's last call gives the caller a place in the table of threads, as a server's would get.
 */
static void a_walk_runs_the_program_in_this_thread(void **state)
{
	const struct probe_abi_thread *threads;
	struct loader loader;
	struct buf written = {0};
	struct err err = {0};
	uint32_t place = 2;
	void *memory;
	size_t bytes;

	(void)state;
	load_attribution(&loader, "walk_tcp");
	assert_int_equal(loader_push(&loader, "free_threads", &place, &err), 0);
	assert_int_equal(loader_share(&loader, "threads", &memory, &bytes, &err), 0);
	threads = memory;
	if (loader_walk(&loader, "walk_tcp", &written, &err))
		fail_msg("%s", err.text);
	assert_int_equal(threads[2].tid, gettid());
	assert_int_equal(threads[2].state, 1);
	buf_release(&written);
	loader_release(&loader);
}

static void statistics_tell_what_attached_programs_cost(void **state)
{
	uint64_t time_ns, calls, later_ns, later_calls, deadline_ns;
	struct loader loader;
	struct err err = {0};
	int statistics;

	(void)state;
	load_attribution(&loader, "schedule_switch");
	assert_int_equal(loader_spent(&loader, &time_ns, &calls, &err), 0);
	assert_int_equal(calls, 0);
	statistics = loader_statistics(&err);
	if (statistics < 0)
		fail_msg("%s", err.text);
	assert_int_equal(loader_attach(&loader, "schedule_switch", &err), 0);
	deadline_ns = clock_now_ns() + 10 * NS_PER_S;
	do {
		usleep(1000);
		assert_int_equal(loader_spent(&loader, &time_ns, &calls, &err), 0);
	} while (calls < 5 && clock_now_ns() < deadline_ns);
	assert_true(calls >= 5);
	assert_true(time_ns > 0);
	close(statistics);
	loader_release(&loader);
	load_attribution(&loader, "schedule_switch");
	assert_int_equal(loader_spent(&loader, &later_ns, &later_calls, &err), 0);
	assert_int_equal(later_calls, 0);
	loader_release(&loader);
}

static void an_event_that_is_none_is_refused_and_closed(void **state)
{
	const char *program = "profile_sample";
	struct loader loader;
	struct err err = {0};
	int pipes[2];

	(void)state;
	assert_int_equal(LOADER_OPEN(&loader, profile, &err), 0);
	loader_choose(&loader, &program, 1);
	if (loader_load(&loader, &err))
		fail_msg("%s", err.text);
	assert_int_equal(pipe(pipes), 0);
	assert_true(loader_attach_event(&loader, program, pipes[0], &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_int_equal(close(pipes[0]), -1);
	assert_int_equal(close(pipes[1]), 0);
	loader_release(&loader);
}

static void keys_of_a_map_are_set_found_and_walked(void **state)
{
	const char *program = "profile_sample";
	uint32_t key = 77, next;
	struct loader loader;
	uint8_t value = 1;
	int map;

	(void)state;
	assert_int_equal(LOADER_OPEN(&loader, profile, NULL), 0);
	loader_choose(&loader, &program, 1);
	assert_int_equal(loader_load(&loader, NULL), 0);
	map = loader_map(&loader, "profile_processes");
	assert_int_equal(loader_next_key(map, NULL, &next), -ENOENT);
	assert_int_equal(loader_update(map, &key, &value), 0);
	assert_int_equal(loader_next_key(map, NULL, &next), 0);
	assert_int_equal(next, 77);
	value = 0;
	assert_int_equal(loader_lookup(map, &key, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(loader_next_key(map, &key, &next), -ENOENT);
	assert_int_equal(loader_delete(map, &key), 0);
	assert_int_equal(loader_lookup(map, &key, &value), -ENOENT);
	loader_release(&loader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trial_takes_what_the_kernel_takes_and_tells_why_not),
		cmocka_unit_test(a_function_hook_is_there_or_is_said_not_to_be_allowed),
		cmocka_unit_test(a_refused_program_fails_the_object_with_its_name),
		cmocka_unit_test(memory_is_shared_with_the_programs),
		cmocka_unit_test(a_queue_takes_as_many_as_it_has_entries),
		cmocka_unit_test(a_walk_runs_the_program_in_this_thread),
		cmocka_unit_test(statistics_tell_what_attached_programs_cost),
		cmocka_unit_test(an_event_that_is_none_is_refused_and_closed),
		cmocka_unit_test(keys_of_a_map_are_set_found_and_walked),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "not permitted to load BPF programs\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
