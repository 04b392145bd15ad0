/* SPDX-License-Identifier: MIT */
/* Sampled stacks of processes whose stacks are known, because they spin in known functions. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/profile.h"

#define HZ          499
#define SPIN_MS     200 /* of CPU time, thus about 100 samples */
#define PATIENCE_MS 20000

/* What a function must do for its frame to be found: keep a frame pointer, and be there still while
 * what it called runs. */
#define KEEP_FRAME() __asm__ volatile("" ::"r"(__builtin_frame_address(0)))
#define NESTED       __attribute__((noinline)) static void

/* Touches no memory: sanitizers would call their own functions for that. */
NESTED spin_inner(uint64_t turns)
{
	KEEP_FRAME();
	for (uint64_t i = 0; i < turns; i++)
		__asm__ volatile("" : "+r"(i));
}

NESTED spin_middle(uint64_t turns)
{
	KEEP_FRAME();
	spin_inner(turns);
	KEEP_FRAME();
}

NESTED spin_outer(uint64_t turns)
{
	KEEP_FRAME();
	spin_middle(turns);
	KEEP_FRAME();
}

/* Volatile, so that the functions are not made anew, under another name, for this argument. */
static volatile uint64_t forever = UINT64_MAX;

static void spin(void)
{
	spin_outer(forever);
}

/* Instructions that no file holds, as a runtime compiles them: an endless loop; `lost` first throws
 * the frame pointer away. */
NESTED run_compiled(bool lost)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {0x31, 0xed, 0xeb, 0xfe}; /* xor %ebp,%ebp; jmp . */
	const size_t loop = 2;
#elif defined(__aarch64__)
	static const uint32_t code[] = {0xaa1f03fd, 0x14000000}; /* mov x29, xzr; b . */
	const size_t loop = 4;
#else
#error "add an endless loop in this machine's code"
#endif
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*compiled)(void);

	if (memory == MAP_FAILED)
		_exit(1);
	memcpy(memory, code, sizeof(code));
	if (mprotect(memory, 4096, PROT_READ | PROT_EXEC))
		_exit(1);
	__builtin___clear_cache(memory, memory + sizeof(code));
	memory += lost ? 0 : loop;
	memcpy(&compiled, &memory, sizeof(compiled));
	KEEP_FRAME();
	compiled();
	KEEP_FRAME();
}

NESTED run_compiled_inner(void)
{
	KEEP_FRAME();
	run_compiled(false);
	KEEP_FRAME();
}

static void run_compiled_nested(void)
{
	KEEP_FRAME();
	run_compiled_inner();
	KEEP_FRAME();
}

static void run_compiled_lost(void)
{
	run_compiled(true);
}

/* --- a process that does so --- */

static pid_t start(const char *name, void (*run)(void))
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	run();
	_exit(0);
}

static void stop(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static uint64_t cpu_ms(clockid_t clock)
{
	struct timespec time;

	assert_int_equal(clock_gettime(clock, &time), 0);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Until it has used so much more CPU time, however busy the machine is. */
static void let_run(pid_t child, uint64_t more_ms)
{
	struct timespec pause = {.tv_nsec = 5000000};
	uint64_t began = cpu_ms(CLOCK_MONOTONIC), target;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(child, &clock), 0);
	target = cpu_ms(clock) + more_ms;
	while (cpu_ms(clock) < target) {
		assert_true(cpu_ms(CLOCK_MONOTONIC) - began < PATIENCE_MS);
		nanosleep(&pause, NULL);
	}
}

/* Until the child has set its name, so that it is read right. */
static void await_name(pid_t child)
{
	let_run(child, 2);
}

static struct profile *open_profile(void)
{
	struct profile *profile;
	struct err err = {0};

	if (profile_open(&profile, HZ, &err))
		fail_msg("%s", err.text);
	return profile;
}

static uint64_t samples_with(const struct probe_profile *read, const char *part)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < read->stack_count; i++)
		if (strstr(read->stacks[i].frames, part))
			samples += read->stacks[i].samples;
	return samples;
}

/* More than four fifths of the samples; the rest is what the kernel does to any process. */
static void assert_most(const struct probe_profile *read, const char *part)
{
	uint64_t samples = samples_with(read, part);

	if (samples * 5 > read->samples * 4 && samples > 10)
		return;
	for (size_t i = 0; i < read->stack_count && i < 5; i++)
		print_error("%" PRIu64 " %s\n", read->stacks[i].samples, read->stacks[i].frames);
	fail_msg("\"%s\" is in %" PRIu64 " of %" PRIu64 " samples", part, samples, read->samples);
}

/* What any reading must keep to. */
static void assert_consistent(const struct probe_profile *read)
{
	uint64_t samples = 0;

	assert_null(read->reason);
	assert_int_equal(read->hz, HZ);
	assert_true(read->truncated <= read->samples);
	for (size_t i = 0; i < read->stack_count; i++) {
		samples += read->stacks[i].samples;
		if (i > 0)
			assert_true(read->stacks[i - 1].samples >= read->stacks[i].samples);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(read->stacks[i].frames, read->stacks[j].frames);
	}
	assert_int_equal(samples, read->samples);
}

/* Profiles a process that was started with this, for SPIN_MS of its time. */
static struct profile *profile_of(pid_t child)
{
	struct profile *profile = open_profile();

	await_name(child);
	profile_add(profile, (uint32_t)child);
	profile_begin(profile);
	let_run(child, SPIN_MS);
	return profile;
}

/* --- the tests --- */

static void nested_functions_stand_in_their_order(void **state)
{
	pid_t child = start("spinner", spin);
	struct profile *profile = profile_of(child);
	struct probe_profile read;

	(void)state;
	profile_read(profile, &read);
	stop(child);
	assert_consistent(&read);
	assert_most(&read, ";spin_outer;spin_middle;spin_inner");
	assert_int_equal(strncmp(read.stacks[0].frames, "spinner;", 8), 0);
	assert_true(read.truncated * 5 < read.samples);
	/* The clock of one CPU at a time: neither far more samples nor far fewer. */
	assert_in_range(read.samples, HZ * SPIN_MS / 1000 / 2, HZ * SPIN_MS / 1000 * 3);
	profile_close(profile);
}

static void a_process_that_has_ended_keeps_its_names(void **state)
{
	pid_t child = start("ended", spin);
	struct profile *profile = profile_of(child);
	struct probe_profile read;

	(void)state;
	stop(child);
	profile_read(profile, &read);
	assert_consistent(&read);
	assert_most(&read, ";spin_outer;spin_middle;spin_inner");
	assert_int_equal(strncmp(read.stacks[0].frames, "ended;", 6), 0);
	profile_close(profile);
}

static void code_without_a_file_keeps_its_place(void **state)
{
	pid_t child = start("runtime", run_compiled_nested);
	struct profile *profile = profile_of(child);
	struct probe_profile read;

	(void)state;
	profile_read(profile, &read);
	stop(child);
	assert_consistent(&read);
	assert_most(&read, ";[anon]+0x");
	assert_true(read.truncated * 5 < read.samples);
	profile_close(profile);
}

static void a_stack_without_frame_pointers_is_counted_as_truncated(void **state)
{
	pid_t child = start("lost", run_compiled_lost);
	struct profile *profile = profile_of(child);
	struct probe_profile read;

	(void)state;
	profile_read(profile, &read);
	stop(child);
	assert_consistent(&read);
	assert_most(&read, "lost;[anon]+0x");
	assert_true(read.truncated * 5 > read.samples * 4);
	profile_close(profile);
}

static void names_of_processes_do_not_break_stacks(void **state)
{
	pid_t child = start("a;b\n\xff c", spin);
	struct profile *profile = profile_of(child);
	struct probe_profile read;

	(void)state;
	profile_read(profile, &read);
	stop(child);
	assert_consistent(&read);
	for (size_t i = 0; i < read.stack_count; i++)
		assert_int_equal(strncmp(read.stacks[i].frames, "a:b;", 4), 0);
	profile_close(profile);
}

static void only_added_processes_count_and_only_since_the_beginning(void **state)
{
	pid_t counted = start("counted", spin), other = start("other", spin);
	struct profile *profile = open_profile();
	struct probe_profile read;

	(void)state;
	await_name(counted);
	profile_add(profile, (uint32_t)counted);
	profile_add(profile, (uint32_t)counted);
	let_run(counted, SPIN_MS);
	stop(counted);
	profile_begin(profile);
	let_run(other, SPIN_MS / 2);
	profile_read(profile, &read);
	assert_int_equal(read.samples, 0);
	assert_int_equal(read.stack_count, 0);
	assert_non_null(strstr(read.reason, "never found running"));

	/* It goes on where a new window begins. */
	profile_add(profile, (uint32_t)other);
	profile_begin(profile);
	let_run(other, SPIN_MS);
	profile_read(profile, &read);
	assert_consistent(&read);
	assert_most(&read, ";spin_outer;spin_middle;spin_inner");
	stop(other);
	profile_close(profile);
}

static void nobody_added_is_a_reason(void **state)
{
	struct profile *profile = open_profile();
	struct probe_profile read;

	(void)state;
	profile_begin(profile);
	profile_read(profile, &read);
	assert_string_equal(read.reason, "no process of the server was seen");
	profile_close(profile);
	profile_close(NULL);
}

static void a_process_that_is_not_there_does_no_harm(void **state)
{
	struct profile *profile = open_profile();
	struct probe_profile read;
	pid_t child = start("gone", spin);

	(void)state;
	stop(child);
	profile_add(profile, (uint32_t)child);
	profile_begin(profile);
	profile_read(profile, &read);
	assert_int_equal(read.samples, 0);
	assert_non_null(read.reason);
	profile_close(profile);
}

static void too_many_samples_a_second_are_refused_with_the_limit(void **state)
{
	struct profile *profile;
	struct err err = {0};

	(void)state;
	assert_true(profile_open(&profile, 10000000, &err) < 0);
	assert_null(profile);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, "kernel.perf_event_max_sample_rate"));
}

/* Exit status 0: refused, and the sentence names what is missing. */
static int open_without_capabilities(void)
{
	struct profile *profile;
	struct err err = {0};

	if (setgid(65534) || setuid(65534))
		return 2;
	if (profile_open(&profile, HZ, &err) >= 0 || profile || err.kind != ERR_ENVIRONMENT)
		return 3;
	return strstr(err.text, "CAP_BPF") || strstr(err.text, "CAP_PERFMON") ? 0 : 4;
}

static void a_user_without_capabilities_is_told_which(void **state)
{
	int status;
	pid_t child;

	(void)state;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(open_without_capabilities());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool sampling_allowed(void)
{
	struct profile *profile = NULL;
	int code = geteuid() == 0 ? profile_open(&profile, HZ, NULL) : -EPERM;

	profile_close(profile);
	return code != -EPERM && code != -EACCES;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_functions_stand_in_their_order),
		cmocka_unit_test(a_process_that_has_ended_keeps_its_names),
		cmocka_unit_test(code_without_a_file_keeps_its_place),
		cmocka_unit_test(a_stack_without_frame_pointers_is_counted_as_truncated),
		cmocka_unit_test(names_of_processes_do_not_break_stacks),
		cmocka_unit_test(only_added_processes_count_and_only_since_the_beginning),
		cmocka_unit_test(nobody_added_is_a_reason),
		cmocka_unit_test(a_process_that_is_not_there_does_no_harm),
		cmocka_unit_test(too_many_samples_a_second_are_refused_with_the_limit),
		cmocka_unit_test(a_user_without_capabilities_is_told_which),
	};

	if (!sampling_allowed()) {
		fprintf(stderr, "not permitted to sample stacks with BPF\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
