/* SPDX-License-Identifier: MIT */
#include "probe/watch.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loader/trial.h"
#include "probe/filter.h"

LOADER_OBJECT(attribution);

/* Threads of the server that are told apart at a time. */
#define WATCH_THREADS 4096

/* Requests whose answer waits for its bytes to leave get this long. */
#define WATCH_LEAVING_NS (2 * NS_PER_MS)

int watch_prepare(
	struct watch *watch, const struct probe_options *options, bool rests, struct err *err)
{
	struct loader *loader = &watch->loader;
	int cpus, code;

	*watch = (struct watch){0};
	code = filter_resolve(&watch->config, options, err);
	if (code)
		return code;
	cpus = loader_cpus(err);
	if (cpus < 0)
		return cpus;
	watch->config.turns = rests || watch->config.sample > 1;
	watch->config.cpu_count = (uint32_t)cpus;
	watch->config.thread_count = WATCH_THREADS + 1;
	code = LOADER_OPEN(loader, attribution, err);
	if (code == 0)
		code = loader_set_constants(loader, &watch->config, sizeof(watch->config), err);
	if (code == 0)
		code = loader_set_entries(loader, "cpus", watch->config.cpu_count, err);
	if (code == 0)
		code = loader_set_entries(loader, "threads", watch->config.thread_count, err);
	if (code == 0)
		code = loader_set_entries(loader, "free_threads", WATCH_THREADS, err);
	return code;
}

static int watch_try(void *context, const char *program, struct err *err)
{
	return trial_run(context, program, err);
}

static int watch_share(struct watch *watch, struct err *err)
{
	struct loader *loader = &watch->loader;
	size_t bytes;
	void *memory;
	int code;

	code = loader_variable(loader, "control", sizeof(*watch->control), &memory, err);
	if (code)
		return code;
	watch->control = memory;
	code = loader_variable(loader, "open_buckets",
		PROBE_ABI_SAMPLE_LIMIT * sizeof(*watch->open_buckets), &memory, err);
	if (code)
		return code;
	watch->open_buckets = memory;
	code = loader_share(loader, "cpus", &memory, &bytes, err);
	if (code)
		return code;
	watch->cpus = memory;
	code = loader_share(loader, "threads", &memory, &bytes, err);
	watch->threads = memory;
	for (uint32_t i = 1; i <= WATCH_THREADS && code == 0; i++)
		code = loader_push(loader, "free_threads", &i, err);
	return code;
}

static int watch_load(struct watch *watch, struct err *err)
{
	struct loader *loader = &watch->loader;
	int code = hooks_choose(&watch->hooks, watch_try, loader, err);

	if (code)
		return code;
	loader_choose(loader, watch->hooks.programs, watch->hooks.program_count);
	code = loader_load(loader, err);
	return code ? code : watch_share(watch, err);
}

/*
 * While a socket wants them, the kernel stamps every packet when it comes from the device: where
 * rx_path begins.
 */
static int watch_stamp(const struct watch *watch, bool on)
{
	int wanted = on ? SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE : 0;

	return setsockopt(watch->stamps_fd, SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof(wanted));
}

static int watch_want_stamps(struct watch *watch, struct err *err)
{
	struct err reason = {0};
	int code;

	watch->stamps_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (watch->stamps_fd < 0)
		err_set_errno(&reason, ERR_ENVIRONMENT, -errno, "no socket for receive stamps");
	else if (watch_stamp(watch, false))
		err_set_errno(&reason, ERR_ENVIRONMENT, -errno, "receive stamps are refused");
	code = hooks_add(&watch->hooks, "rx_path",
		reason.kind == ERR_NONE ? "SO_TIMESTAMPING" : NULL,
		reason.kind == ERR_NONE ? NULL : reason.text);
	watch->stamped = reason.kind == ERR_NONE;
	if (!watch->stamped && watch->stamps_fd >= 0)
		close(watch->stamps_fd);
	if (code)
		return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot open the kernel probe");
	return 0;
}

int watch_open(
	struct watch *watch, const struct probe_options *options, bool rests, struct err *err)
{
	int code = watch_prepare(watch, options, rests, err);

	if (code == 0)
		code = watch_load(watch, err);
	if (code == 0)
		code = watch_want_stamps(watch, err);
	return code;
}

void watch_release(struct watch *watch)
{
	loader_release(&watch->loader);
	hooks_release(&watch->hooks);
	if (watch->stamped)
		close(watch->stamps_fd);
	*watch = (struct watch){0};
}

/* From the last stage to the first: whoever takes up a connection finds the others in place. */
int watch_attach(struct watch *watch, enum hooks_duty duty, struct err *err)
{
	const struct hooks *hooks = &watch->hooks;
	int code = 0;

	if (duty == HOOKS_LOOKING && watch->stamped)
		watch_stamp(watch, true);
	for (size_t i = hooks->program_count; i-- > 0 && code == 0;)
		if (hooks->duties[i] == duty)
			code = loader_attach(&watch->loader, hooks->programs[i], err);
	if (duty == HOOKS_LEAVING && code == 0)
		__atomic_store_n(&watch->control->leaving, 1, __ATOMIC_SEQ_CST);
	return code;
}

void watch_detach(struct watch *watch, enum hooks_duty duty)
{
	const struct hooks *hooks = &watch->hooks;

	if (duty == HOOKS_LEAVING && watch->control->leaving) {
		__atomic_store_n(&watch->control->leaving, 0, __ATOMIC_SEQ_CST);
		clock_sleep_until(clock_now_ns() + WATCH_LEAVING_NS);
	}
	for (size_t i = 0; i < hooks->program_count; i++)
		if (hooks->duties[i] == duty)
			loader_take_off(&watch->loader, hooks->programs[i]);
	if (duty == HOOKS_LOOKING && watch->stamped)
		watch_stamp(watch, false);
}

/* selected_at_ns comes last, so that what the programs saw selected since then was so all the
 * time. */
void watch_admit(struct watch *watch, uint32_t bucket)
{
	struct probe_abi_control *control = watch->control;

	if (bucket == control->selected && control->selected_at_ns)
		return;
	__atomic_store_n(&control->selected, bucket, __ATOMIC_SEQ_CST);
	__atomic_store_n(&control->selected_at_ns, clock_now_ns(), __ATOMIC_SEQ_CST);
}

uint64_t watch_open_requests(const struct watch *watch)
{
	uint64_t requests = 0;

	for (size_t i = 0; i < PROBE_ABI_SAMPLE_LIMIT; i++)
		requests += __atomic_load_n(&watch->open_buckets[i].requests, __ATOMIC_RELAXED);
	return requests;
}

void watch_forget_open(struct watch *watch)
{
	for (uint32_t i = 1; i < watch->config.thread_count; i++)
		if (watch->threads[i].open)
			__atomic_store_n(&watch->threads[i].open, 0, __ATOMIC_RELAXED);
}

/*
 * Packets are stamped with the wall clock, which may be set and is slewed; read between two reads
 * of the other clock. A reading that something came between is tried again.
 */
void watch_align_clocks(struct watch *watch)
{
	uint64_t before_ns, wall_ns, after_ns, least_ns = UINT64_MAX;
	int64_t offset_ns = 0;

	if (!watch->stamped)
		return;
	for (int i = 0; i < 4; i++) {
		before_ns = clock_now_ns();
		wall_ns = clock_wall_ns();
		after_ns = clock_now_ns();
		if (after_ns - before_ns >= least_ns)
			continue;
		least_ns = after_ns - before_ns;
		offset_ns = (int64_t)(wall_ns - before_ns - least_ns / 2);
	}
	__atomic_store_n(&watch->control->realtime_offset_ns, offset_ns, __ATOMIC_RELAXED);
}
