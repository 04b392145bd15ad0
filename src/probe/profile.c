/* SPDX-License-Identifier: MIT */
#include "probe/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "loader/loader.h"
#include "probe/fold.h"
#include "probe/symbols.h"
#include "ringload/profile_abi.h"

LOADER_OBJECT(profile);

#define DEFAULT_HZ 199
/* A user stack of so many frames or fewer was cut short: even main has its caller above it. */
#define TRUNCATED_FRAMES 2

#define STACK_DEPTH_FILE  "/proc/sys/kernel/perf_event_max_stack"
#define SAMPLE_RATE_FILE  "/proc/sys/kernel/perf_event_max_sample_rate"
#define NUMBER_FILE_BYTES 64

struct profile {
	struct loader loader;
	int processes_map, stacks_map, more_stacks_map, samples_map, lost_map;
	int *events; /* one for each CPU; the loader closes them */
	size_t event_count;
	size_t process_count; /* that were added */
	uint32_t hz;
	struct symbols *symbols;
	struct fold fold;
	uint64_t samples, lost, truncated;
	char reason[ERR_TEXT_BYTES];
};

/* --- the clocks --- */

static void switch_clocks(const struct profile *profile, bool on)
{
	for (size_t i = 0; i < profile->event_count; i++)
		ioctl(profile->events[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

/* 0 when the file cannot be read. */
static uint64_t number_in(const char *path)
{
	struct buf text = {0};
	uint64_t number = 0;

	if (file_read(path, NUMBER_FILE_BYTES, &text, NULL) == 0)
		number = strtoull(buf_string(&text), NULL, 10);
	buf_release(&text);
	return number;
}

static int explain_refusal(const struct profile *profile, int cpu, int code, struct err *err)
{
	uint64_t highest_hz = number_in(SAMPLE_RATE_FILE);

	if (code == -EACCES || code == -EPERM)
		return err_set(err, ERR_ENVIRONMENT, code,
			"not permitted to sample CPU %d: it needs the capability CAP_PERFMON; run "
			"as root",
			cpu);
	if (code == -EINVAL && highest_hz > 0 && profile->hz > highest_hz)
		return err_set(err, ERR_ENVIRONMENT, code,
			"a profile of %" PRIu32 " samples a second is more than this kernel "
			"allows: at most %" PRIu64 " (kernel.perf_event_max_sample_rate)",
			profile->hz, highest_hz);
	return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot sample CPU %d", cpu);
}

/* The clock of a CPU, not yet running; -ENODEV: the CPU is not there now. */
static int open_clock(uint32_t hz, int cpu)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_freq = hz,
		.freq = 1,
		.disabled = 1,
	};
	long fd = syscall(
		SYS_perf_event_open, &attributes, -1, cpu, -1, (unsigned long)PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/* They stand still until there is a process to sample. */
static int open_clocks(struct profile *profile, struct err *err)
{
	int cpus = loader_cpus(err);
	int code;

	if (cpus < 0)
		return cpus;
	profile->events = calloc((size_t)cpus, sizeof(*profile->events));
	if (!profile->events)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot sample the CPUs");
	for (int cpu = 0; cpu < cpus; cpu++) {
		int event = open_clock(profile->hz, cpu);

		if (event == -ENODEV)
			continue;
		if (event < 0)
			return explain_refusal(profile, cpu, event, err);
		code = loader_attach_event(&profile->loader, "profile_sample", event, err);
		if (code)
			return code;
		profile->events[profile->event_count++] = event;
	}
	switch_clocks(profile, false);
	return 0;
}

static int open_all(struct profile *profile, struct err *err)
{
	uint64_t depth = number_in(STACK_DEPTH_FILE);
	int code;

	if (depth > 0 && depth < PROFILE_ABI_FRAME_LIMIT)
		return err_set(err, ERR_ENVIRONMENT, -EINVAL,
			"kernel.perf_event_max_stack is %" PRIu64 ", a profile needs %d: sysctl "
			"kernel.perf_event_max_stack=%d",
			depth, PROFILE_ABI_FRAME_LIMIT, PROFILE_ABI_FRAME_LIMIT);
	profile->symbols = symbols_new();
	if (!profile->symbols)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "cannot make room for a profile");
	code = LOADER_OPEN(&profile->loader, profile, err);
	if (code == 0)
		code = loader_load(&profile->loader, err);
	if (code)
		return code;
	profile->processes_map = loader_map(&profile->loader, "profile_processes");
	profile->stacks_map = loader_map(&profile->loader, "profile_stacks");
	profile->more_stacks_map = loader_map(&profile->loader, "profile_more_stacks");
	profile->samples_map = loader_map(&profile->loader, "profile_samples");
	profile->lost_map = loader_map(&profile->loader, "profile_lost");
	return open_clocks(profile, err);
}

int profile_open(struct profile **profile, uint32_t hz, struct err *err)
{
	int code;

	*profile = calloc(1, sizeof(**profile));
	if (!*profile)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "cannot make room for a profile");
	(*profile)->hz = hz ? hz : DEFAULT_HZ;
	code = open_all(*profile, err);
	if (code) {
		profile_close(*profile);
		*profile = NULL;
	}
	return code;
}

void profile_add(struct profile *profile, uint32_t pid)
{
	uint8_t chosen = 1;

	if (loader_lookup(profile->processes_map, &pid, &chosen) == 0 ||
		loader_update(profile->processes_map, &pid, &chosen))
		return;
	symbols_add(profile->symbols, pid);
	if (profile->process_count++ == 0)
		switch_clocks(profile, true);
}

/* Each key is deleted when the next one is known. */
static void empty_map(int map_fd, void *key, void *next, size_t key_bytes)
{
	bool more = loader_next_key(map_fd, NULL, key) == 0;

	while (more) {
		more = loader_next_key(map_fd, key, next) == 0;
		loader_delete(map_fd, key);
		memcpy(key, next, key_bytes);
	}
}

/* A clock that is switched off has finished its last sample, so none is torn apart. */
void profile_begin(struct profile *profile)
{
	struct profile_abi_key sample, next_sample = {0};
	uint32_t stack, next_stack = 0, first = 0;
	uint64_t none = 0;

	switch_clocks(profile, false);
	empty_map(profile->samples_map, &sample, &next_sample, sizeof(sample));
	empty_map(profile->stacks_map, &stack, &next_stack, sizeof(stack));
	empty_map(profile->more_stacks_map, &stack, &next_stack, sizeof(stack));
	loader_update(profile->lost_map, &first, &none);
	if (profile->process_count > 0)
		switch_clocks(profile, true);
}

/* --- what was counted --- */

/* Frames of a stack, innermost first; 0 when there is no such stack. */
static size_t fetch_stack(
	const struct profile *profile, int32_t id, uint64_t addresses[PROFILE_ABI_FRAME_LIMIT])
{
	bool more = id >= PROFILE_ABI_STACK_LIMIT;
	int32_t place = more ? id - PROFILE_ABI_STACK_LIMIT : id;
	size_t count = 0;

	if (id == PROFILE_ABI_NO_STACK ||
		loader_lookup(
			more ? profile->more_stacks_map : profile->stacks_map, &place, addresses))
		return 0;
	while (count < PROFILE_ABI_FRAME_LIMIT && addresses[count])
		count++;
	return count;
}

/* "process;outermost;…;innermost;entry_[k];…;innermost_[k]"; returns the frames of user space. A
 * stack that ends in nothing begins with one frame that says so. */
static size_t write_frames(
	struct profile *profile, const struct profile_abi_key *key, struct buf *frames)
{
	uint64_t stack[PROFILE_ABI_FRAME_LIMIT] = {0};
	size_t fetched = fetch_stack(profile, key->user_stack, stack);
	size_t user = symbols_depth(profile->symbols, key->tgid, stack, fetched);
	size_t kernel;

	symbols_process(profile->symbols, key->tgid, frames);
	if (user < fetched)
		buf_text(frames, ";[unknown]");
	for (size_t i = user; i-- > 0;) {
		buf_text(frames, ";");
		symbols_user(profile->symbols, key->tgid, stack[i], i > 0, frames);
	}
	kernel = fetch_stack(profile, key->kernel_stack, stack);
	for (size_t i = kernel; i-- > 0;) {
		buf_text(frames, ";");
		symbols_kernel(profile->symbols, stack[i], i > 0, frames);
		buf_text(frames, "_[k]");
	}
	return user;
}

static void read_sample(struct profile *profile, const struct profile_abi_key *key)
{
	struct buf frames = {0};
	uint64_t samples = 0;
	size_t user;

	if (loader_lookup(profile->samples_map, key, &samples))
		return;
	user = write_frames(profile, key, &frames);
	if (frames.failed || fold_add(&profile->fold, buf_string(&frames), samples)) {
		profile->lost += samples;
	} else {
		profile->samples += samples;
		profile->truncated += user <= TRUNCATED_FRAMES ? samples : 0;
	}
	buf_release(&frames);
}

static void read_samples(struct profile *profile)
{
	struct profile_abi_key key, next = {0};
	uint32_t first = 0;
	bool more;

	fold_release(&profile->fold);
	profile->samples = profile->truncated = profile->lost = 0;
	loader_lookup(profile->lost_map, &first, &profile->lost);
	more = loader_next_key(profile->samples_map, NULL, &key) == 0;
	while (more) {
		read_sample(profile, &key);
		more = loader_next_key(profile->samples_map, &key, &next) == 0;
		key = next;
	}
	fold_finish(&profile->fold);
}

void profile_read(struct profile *profile, struct probe_profile *out)
{
	switch_clocks(profile, false);
	symbols_update(profile->symbols);
	read_samples(profile);
	profile->reason[0] = '\0';
	if (profile->process_count == 0)
		snprintf(profile->reason, sizeof(profile->reason),
			"no process of the server was seen");
	else if (profile->samples == 0 && profile->lost == 0)
		snprintf(profile->reason, sizeof(profile->reason),
			"the server was never found running at %" PRIu32
			" samples a second and CPU",
			profile->hz);
	*out = (struct probe_profile){
		.stacks = profile->fold.stacks,
		.stack_count = profile->fold.count,
		.samples = profile->samples,
		.lost = profile->lost,
		.truncated = profile->truncated,
		.hz = profile->hz,
		.reason = profile->reason[0] ? profile->reason : NULL,
	};
}

void profile_close(struct profile *profile)
{
	if (!profile)
		return;
	loader_release(&profile->loader);
	free(profile->events);
	symbols_free(profile->symbols);
	fold_release(&profile->fold);
	free(profile);
}
