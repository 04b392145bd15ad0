/* SPDX-License-Identifier: MIT */
#include "tests/sim/fake_ring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_log.h"
#include "tests/sim/fake_operation.h"

static struct {
	struct fake_ring_options options;
	struct fake_net *net;
	struct fake_ring_watch watch;
} setup;

void fake_ring_setup(const struct fake_ring_options *options, struct fake_net *net,
	const struct fake_ring_watch *watch)
{
	memset(&setup, 0, sizeof(setup));
	setup.options = *options;
	setup.net = net;
	if (watch)
		setup.watch = *watch;
}

static void *take(size_t count, size_t bytes)
{
	void *array = calloc(count, bytes);

	if (!array)
		fake_log_fail("no memory");
	return array;
}

int ring_new(struct ring **out, const struct ring_options *asked, struct err *err)
{
	struct ring *ring = take(1, sizeof(*ring));

	(void)err;
	if (!asked->buffer_count || asked->buffer_count & (asked->buffer_count - 1) ||
		asked->buffer_stride_bytes < asked->buffer_bytes)
		fake_log_fail("buffers that no kernel takes");
	ring->asked = *asked;
	ring->options = setup.options;
	ring->net = setup.net;
	ring->watch = setup.watch;
	ring->completion_entries = ring->options.completion_entries
					   ? ring->options.completion_entries
					   : asked->completion_entries;
	rng_init(&ring->rng, setup.options.seed, 3);
	ring->slots = take(asked->slots, sizeof(*ring->slots));
	ring->queue = take(asked->submission_entries, sizeof(*ring->queue));
	ring->buffers = take(asked->buffer_count, sizeof(*ring->buffers));
	*out = ring;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	fake_operation_release(ring);
	free(ring->slots);
	free(ring->queue);
	free(ring->buffers);
	free(ring);
}

int ring_probe(struct ring_features *features, struct err *err)
{
	(void)err;
	*features = (struct ring_features){.single_issuer = true, .defer_taskrun = true};
	return 0;
}

struct fake_conn *fake_ring_slot(const struct ring *ring, uint32_t slot)
{
	return ring->slots[slot].conn;
}

int ring_share(struct ring *ring, uint32_t slot, int fd)
{
	struct fake_conn *conn = fake_net_by_fd(ring->net, fd);
	struct fake_slot *into = &ring->slots[slot];
	int code = fake_ring_chance(ring, ring->options.install_fails_one_in) ? -ENOMEM : 0;

	if (slot >= ring->asked.slots)
		fake_log_fail("slot %u is beyond the table", slot);
	if (into->conn)
		fake_log_fail("slot %u has a socket already", slot);
	if (into->awaited)
		fake_log_fail("slot %u is reused while %u completions of its last user are to "
			      "come",
			slot, into->awaited);
	if (!code) {
		fake_net_hold(conn);
		into->conn = conn;
		into->connected = false;
	}
	fake_log_trace("slot %u: install conn %u: %d", slot, conn->number, code);
	if (ring->watch.installed)
		ring->watch.installed(ring->watch.watcher, slot, code);
	return code;
}

int ring_install(struct ring *ring, uint32_t slot, int fd)
{
	int code = ring_share(ring, slot, fd);

	/* The descriptor is closed in any case: the table holds the socket alone. */
	fake_net_close_fd(ring->net, fd);
	return code;
}

/* Room for one more operation; a full queue goes to the kernel at once, as in ring.c. */
static struct fake_operation *next(
	struct ring *ring, enum ring_operation kind, uint32_t slot, uint64_t tag, uint64_t bytes)
{
	struct fake_operation *operation;

	if (RING_TAG_OPERATION(tag) != kind || RING_TAG_SLOT(tag) != slot)
		fake_log_fail("slot %u: the tag %#" PRIx64 " is of another operation", slot, tag);
	if (ring->queued == ring->asked.submission_entries)
		fake_operation_submit(ring);
	operation = &ring->queue[ring->queued++];
	*operation = (struct fake_operation){.kind = kind, .slot = slot, .tag = tag};
	if (ring->watch.queued)
		ring->watch.queued(ring->watch.watcher, kind, tag, bytes);
	return operation;
}

void ring_connect(struct ring *ring, uint32_t slot, const struct sockaddr *address,
	socklen_t address_bytes, uint64_t tag)
{
	struct fake_operation *operation = next(ring, RING_CONNECT, slot, tag, 0);

	operation->data = address;
	operation->bytes = address_bytes;
	memcpy(&operation->address, address, address_bytes);
	ring->slots[slot].awaited++;
}

void ring_receive(struct ring *ring, uint32_t slot, uint64_t tag)
{
	next(ring, RING_RECEIVE, slot, tag, 0);
	ring->slots[slot].awaited++;
}

void ring_receive_stamped(struct ring *ring, uint32_t slot, uint64_t tag)
{
	struct fake_operation *operation = next(ring, RING_RECEIVE_STAMPED, slot, tag, 0);

	operation->kind = RING_RECEIVE;
	operation->stamped = true;
	ring->slots[slot].awaited++;
}

void ring_send(
	struct ring *ring, uint32_t slot, const void *data, size_t bytes, bool quiet, uint64_t tag)
{
	struct fake_operation *operation = next(ring, RING_SEND, slot, tag, bytes);

	operation->data = data;
	operation->bytes = bytes;
	operation->quiet = quiet;
	if (!quiet)
		ring->slots[slot].awaited++;
}

int ring_register_memory(struct ring *ring, const void *data, size_t bytes)
{
	if (ring->registered)
		fake_log_fail("memory is registered twice");
	if (ring->options.register_fails)
		return ring->options.register_fails;
	ring->registered = data;
	ring->registered_bytes = bytes;
	return 0;
}

void ring_send_zero_copy(
	struct ring *ring, uint32_t slot, const void *data, size_t bytes, uint64_t tag)
{
	struct fake_operation *operation = next(ring, RING_SEND_ZERO_COPY, slot, tag, bytes);
	const char *from = data, *registered = ring->registered;

	if (!registered || from < registered || from + bytes > registered + ring->registered_bytes)
		fake_log_fail("slot %u: a zero-copy send of what was not registered", slot);
	operation->data = data;
	operation->bytes = bytes;
	operation->zero_copy = true;
	ring->slots[slot].awaited++;
}

void ring_cancel(struct ring *ring, uint32_t slot, uint64_t tag)
{
	next(ring, RING_CANCEL, slot, tag, 0);
	ring->slots[slot].awaited++;
}

void ring_close(struct ring *ring, uint32_t slot, uint64_t tag)
{
	next(ring, RING_CLOSE, slot, tag, 0);
	ring->slots[slot].awaited++;
}

void ring_accept(struct ring *ring, int listener, uint64_t tag)
{
	(void)ring;
	(void)tag;
	fake_log_fail("a worker does not accept (listener %d)", listener);
}

uint32_t ring_submission_space(const struct ring *ring)
{
	return ring->asked.submission_entries - ring->queued;
}

/* Until a completion is there, the time has run out, or something else ends the wait. */
static void wait_for_completion(struct ring *ring, uint64_t wait_ns)
{
	struct fake_clock *clock = fake_clock_current;
	uint64_t deadline_ns = clock->now_ns + wait_ns;

	if (fake_ring_chance(ring, ring->options.early_one_in))
		deadline_ns = clock->now_ns + rng_below(&ring->rng, wait_ns);
	while (!ring->completion_count) {
		uint64_t at_ns = fake_operation_next(ring);

		if (at_ns > deadline_ns) {
			fake_clock_wait_until(clock,
				deadline_ns + rng_below(&ring->rng, ring->options.late_ns + 1));
			fake_net_run(ring->net, clock->now_ns);
			fake_operation_run(ring);
			return;
		}
		fake_clock_wait_until(clock, at_ns);
		fake_net_run(ring->net, clock->now_ns);
		fake_operation_run(ring);
	}
}

static void publish_buffers(struct ring *ring)
{
	for (uint32_t i = 0; i < ring->asked.buffer_count; i++)
		if (ring->buffers[i].state == FAKE_BUFFER_RETURNED)
			ring->buffers[i].state = FAKE_BUFFER_FREE;
}

int ring_enter(struct ring *ring, uint64_t wait_ns)
{
	int code = 0;

	if (ring->watch.entering)
		ring->watch.entering(ring->watch.watcher, wait_ns);
	fake_log_trace("enter: %u operations, waits %" PRIu64 " ns", ring->queued, wait_ns);
	fake_clock_work(fake_clock_current, ring->options.enter_ns);
	if (++ring->enters == ring->options.fails_at_enter) {
		code = ring->options.failure;
	} else {
		publish_buffers(ring);
		fake_operation_submit(ring);
		fake_net_run(ring->net, fake_clock_current->now_ns);
		fake_operation_run(ring);
		if (wait_ns)
			wait_for_completion(ring, wait_ns);
	}
	ring->visible = ring->completion_count < ring->completion_entries
				? ring->completion_count
				: ring->completion_entries;
	ring->overflowing = ring->completion_count > ring->visible;
	if (ring->watch.entered)
		ring->watch.entered(ring->watch.watcher, code);
	return code;
}

bool ring_pending(const struct ring *ring)
{
	/* The question changes nothing for the asker; the fake draws numbers and moves events. */
	struct ring *own = (struct ring *)ring;

	if (ring->watch.asked)
		ring->watch.asked(ring->watch.watcher);
	fake_net_run(ring->net, fake_clock_current->now_ns);
	return ring->visible || ring->overflowing || fake_operation_ready(own) ||
	       fake_ring_chance(own, ring->options.spurious_one_in);
}

static void hand_over(struct ring *ring, const struct fake_completion *completion)
{
	struct fake_slot *slot = &ring->slots[RING_TAG_SLOT(completion->seen.tag)];

	fake_log_trace("slot %u: reap operation %u generation %u: %d%s%s",
		RING_TAG_SLOT(completion->seen.tag), RING_TAG_OPERATION(completion->seen.tag),
		RING_TAG_GENERATION(completion->seen.tag), completion->seen.result,
		completion->seen.flags & RING_BUFFER ? " buffer" : "",
		completion->seen.flags & RING_MORE ? " more" : "");
	if (completion->seen.flags & RING_NOTICE)
		return; /* nothing waits for it */
	if (!completion->quiet &&
		(!(completion->seen.flags & RING_MORE) ||
			RING_TAG_OPERATION(completion->seen.tag) == RING_SEND_ZERO_COPY))
		slot->awaited--;
	if (!(completion->seen.flags & RING_BUFFER))
		return;
	ring->buffers[completion->seen.buffer].handed_over_bytes += (size_t)completion->seen.result;
	if (!(completion->seen.flags & RING_BUFFER_MORE))
		ring->buffers[completion->seen.buffer].state = FAKE_BUFFER_HANDED_OVER;
}

uint32_t ring_reap(struct ring *ring, struct ring_completion *completions, uint32_t limit)
{
	uint32_t count = 0;

	if (ring->overflowing)
		ring->overflows++;
	for (; count < limit && count < ring->visible; count++) {
		completions[count] = ring->completions[count].seen;
		hand_over(ring, &ring->completions[count]);
	}
	if (count && ring->watch.reaped)
		ring->watch.reaped(ring->watch.watcher, ring->completions, count);
	ring->visible -= count;
	ring->completion_count -= count;
	if (ring->completion_count)
		memmove(ring->completions, ring->completions + count,
			ring->completion_count * sizeof(*ring->completions));
	return count;
}

/* The buffer, of which `bytes` more are the worker's. */
static struct fake_buffer *handed_over(const struct ring *ring, uint16_t buffer, size_t bytes)
{
	struct fake_buffer *its = &ring->buffers[buffer];

	if (buffer >= ring->asked.buffer_count || its->handed_over_bytes - its->done_bytes < bytes)
		fake_log_fail("buffer %u is not the worker's", buffer);
	return its;
}

const void *ring_buffer_data(const struct ring *ring, uint16_t buffer)
{
	return fake_ring_buffer(ring, buffer) + handed_over(ring, buffer, 1)->done_bytes;
}

bool ring_open_stamped(
	const struct ring *ring, struct ring_completion *completion, uint64_t *wall_ns)
{
	*wall_ns = 0;
	if (!(completion->flags & RING_BUFFER))
		return false;
	handed_over(ring, completion->buffer, 1);
	return fake_operation_open_stamped(ring, completion, wall_ns);
}

void ring_buffer_return(struct ring *ring, uint16_t buffer)
{
	struct fake_buffer *its = handed_over(ring, buffer, 0);

	if (its->state != FAKE_BUFFER_HANDED_OVER)
		fake_log_fail("buffer %u is not the worker's to give back", buffer);
	*its = (struct fake_buffer){.state = FAKE_BUFFER_RETURNED};
	/* Whoever still looks there shall not find what it looks for. */
	memset(fake_ring_buffer(ring, buffer), 0xa5, ring->asked.buffer_bytes);
}

void ring_buffer_done(struct ring *ring, const struct ring_completion *completion)
{
	size_t bytes = (size_t)completion->result;
	struct fake_buffer *its = handed_over(ring, completion->buffer, bytes);

	memset(fake_ring_buffer(ring, completion->buffer) + its->done_bytes, 0xa5, bytes);
	its->done_bytes += bytes;
	if (completion->flags & RING_BUFFER_MORE)
		return;
	if (its->done_bytes != its->filled_bytes)
		fake_log_fail("buffer %u: its receives were not done with in their order",
			completion->buffer);
	ring_buffer_return(ring, completion->buffer);
}

uint64_t ring_overflows(const struct ring *ring)
{
	return ring->overflows;
}

void fake_ring_check(const struct ring *ring)
{
	for (uint32_t i = 0; i < ring->asked.buffer_count; i++)
		if (ring->buffers[i].handed_over_bytes != ring->buffers[i].done_bytes ||
			ring->buffers[i].state == FAKE_BUFFER_HANDED_OVER)
			fake_log_fail("buffer %u was not returned", i);
}
