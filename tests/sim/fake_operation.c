/* SPDX-License-Identifier: MIT */
#include "tests/sim/fake_operation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fake_clock.h"
#include "tests/sim/fake_log.h"

#define QUIET_DELAY_NS (30 * NS_PER_MS)

bool fake_ring_chance(struct ring *ring, uint32_t one_in)
{
	return one_in && rng_below(&ring->rng, one_in) == 0;
}

uint8_t *fake_ring_buffer(const struct ring *ring, uint16_t buffer)
{
	return (uint8_t *)ring->asked.buffers + (size_t)buffer * ring->asked.buffer_stride_bytes;
}

static void *grow(void *array, size_t count, size_t *room, size_t bytes)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 64;
	array = realloc(array, *room * bytes);
	if (!array)
		fake_log_fail("no memory");
	return array;
}

static struct fake_completion completion_of(const struct fake_operation *operation, int32_t result)
{
	return (struct fake_completion){.seen = {.tag = operation->tag, .result = result},
		.conn = operation->conn,
		.quiet = operation->quiet};
}

static void post(struct ring *ring, const struct fake_completion *completion)
{
	ring->completions = grow(ring->completions, ring->completion_count, &ring->completion_room,
		sizeof(*ring->completions));
	ring->completions[ring->completion_count++] = *completion;
}

/* The operation is over; its completion comes now or late. */
static void complete(struct ring *ring, const struct fake_operation *operation, int32_t result)
{
	struct fake_completion completion = completion_of(operation, result);

	completion.ready_ns = fake_clock_current->now_ns;
	if (fake_ring_chance(ring, ring->options.delay_one_in))
		completion.ready_ns += 1 + rng_below(&ring->rng, ring->options.delay_ns);
	ring->ready = grow(ring->ready, ring->ready_count, &ring->ready_room, sizeof(*ring->ready));
	ring->ready[ring->ready_count++] = completion;
}

/* The kernel has done with the memory, some time: nothing of it may have changed. */
static void notice(struct ring *ring, const struct fake_operation *operation)
{
	size_t bytes = operation->bytes < ring->net->request_bytes ? operation->bytes
								   : ring->net->request_bytes;
	struct fake_completion *completion;

	if (memcmp(operation->data, ring->net->request, bytes))
		fake_log_fail("slot %u: the data did not stay", operation->slot);
	complete(ring, operation, 0);
	completion = &ring->ready[ring->ready_count - 1];
	completion->seen.flags = RING_NOTICE;
	if (ring->asked.reports && fake_ring_chance(ring, ring->options.copied_one_in))
		completion->seen.result = RING_COPIED;
	if (fake_ring_chance(ring, 4))
		completion->ready_ns += rng_below(&ring->rng, QUIET_DELAY_NS);
}

/* Which of the two comes first may be either. */
static void complete_zero_copy(
	struct ring *ring, const struct fake_operation *operation, int32_t result)
{
	bool noticed = result > 0 || fake_ring_chance(ring, 2);
	bool first = noticed && fake_ring_chance(ring, 4);

	if (first)
		notice(ring, operation);
	complete(ring, operation, result);
	if (noticed)
		ring->ready[ring->ready_count - 1].seen.flags = RING_MORE;
	if (noticed && !first)
		notice(ring, operation);
}

static void post_now(struct ring *ring, const struct fake_operation *operation, int32_t result)
{
	struct fake_completion completion = completion_of(operation, result);

	post(ring, &completion);
}

static void arm(struct ring *ring, const struct fake_operation *operation)
{
	ring->armed = grow(ring->armed, ring->armed_count, &ring->armed_room, sizeof(*ring->armed));
	ring->armed[ring->armed_count++] = *operation;
	fake_net_hold(operation->conn);
}

static void disarm(struct ring *ring, size_t index)
{
	struct fake_conn *conn = ring->armed[index].conn;

	ring->armed_count--;
	memmove(&ring->armed[index], &ring->armed[index + 1],
		(ring->armed_count - index) * sizeof(*ring->armed));
	fake_net_drop(conn);
}

static const struct fake_operation *find_armed(
	const struct ring *ring, const struct fake_conn *conn, enum ring_operation kind)
{
	for (size_t i = 0; i < ring->armed_count; i++)
		if (ring->armed[i].conn == conn && ring->armed[i].kind == kind)
			return &ring->armed[i];
	return NULL;
}

/* --- progress of what is armed ------------------------------------------------------------- */

static bool could_go_on(const struct fake_operation *operation)
{
	const struct fake_conn *conn = operation->conn;

	switch (operation->kind) {
	case RING_CONNECT:
		return conn->connect_known;
	case RING_RECEIVE:
		return fake_net_readable(conn);
	case RING_SEND:
	case RING_SEND_ZERO_COPY:
		return conn->window_bytes || conn->reset;
	default:
		return false;
	}
}

/* As far as the socket takes it; true when the operation is over, with its result. */
static bool send_on(struct ring *ring, struct fake_operation *operation, int32_t *result)
{
	static const int reasons[] = {-ENOBUFS, -ENOMEM, -EPERM};
	struct fake_conn *conn = operation->conn;
	size_t bytes = operation->bytes - operation->done;
	bool cut = fake_ring_chance(ring, ring->options.short_one_in);
	int64_t sent;

	if (cut)
		bytes = (size_t)rng_below(&ring->rng, bytes);
	sent = bytes ? fake_net_send(conn, (const uint8_t *)operation->data + operation->done,
			       bytes, fake_clock_current->now_ns)
		     : 0;
	if (sent > 0)
		operation->done += (size_t)sent;
	if (cut && sent >= 0)
		sent = reasons[rng_below(&ring->rng, sizeof(reasons) / sizeof(reasons[0]))];
	*result = operation->done ? (int32_t)operation->done : (int32_t)sent;
	if (sent < 0 && operation->done)
		conn->rest_bytes = operation->bytes - operation->done;
	else if (sent < 0)
		conn->broken_off = true;
	return sent < 0 || operation->done == operation->bytes;
}

static bool find_buffer(struct ring *ring, uint16_t *buffer)
{
	uint32_t count = ring->asked.buffer_count;
	uint32_t first = (uint32_t)rng_below(&ring->rng, count);

	*buffer = ring->shared_buffer;
	if (ring->shared)
		return true;
	for (uint32_t i = 0; i < count; i++) {
		*buffer = (uint16_t)((first + i) % count);
		if (ring->buffers[*buffer].state == FAKE_BUFFER_FREE)
			return true;
	}
	return false;
}

/* So many bytes more lie in it: the flags that tell of them. */
static uint16_t fill_buffer(struct ring *ring, uint16_t buffer, size_t bytes)
{
	struct fake_buffer *its = &ring->buffers[buffer];

	its->filled_bytes += bytes;
	ring->shared_buffer = buffer;
	ring->shared = ring->asked.incremental && its->filled_bytes < ring->asked.buffer_bytes;
	if (ring->shared)
		return RING_BUFFER | RING_BUFFER_MORE;
	its->state = FAKE_BUFFER_FILLED;
	return RING_BUFFER;
}

/* What stands before the data of a stamped receive. */
struct stamp_header {
	uint64_t wall_ns;
	bool stamped;
};

bool fake_operation_open_stamped(
	const struct ring *ring, struct ring_completion *completion, uint64_t *wall_ns)
{
	struct stamp_header header;

	memcpy(&header, fake_ring_buffer(ring, completion->buffer), sizeof(header));
	completion->result -= RING_STAMPED_BYTES;
	*wall_ns = header.wall_ns;
	return header.stamped;
}

/* A stamp for what was taken; the end of a stream has none. */
static void put_stamp(struct ring *ring, uint16_t buffer, struct fake_completion *completion)
{
	struct fake_conn *conn = completion->conn;
	/* Where there is no stamp, something may stand there. */
	struct stamp_header header = {
		.wall_ns = fake_clock_wall(fake_clock_current, fake_clock_current->now_ns)};

	if (!conn->stamps)
		fake_log_fail("conn %u: a stamped receive, and no stamps", conn->number);
	if (completion->seen.result && !fake_ring_chance(ring, ring->options.unstamped_one_in)) {
		completion->stamped = header.stamped = true;
		completion->arrived_ns = fake_net_taken_arrived_ns(conn);
		/* Set there and back between two looks: nobody can see that. */
		if (fake_ring_chance(ring, ring->options.absurd_one_in))
			completion->arrived_ns += NS_PER_S * 3600;
		header.wall_ns = fake_clock_wall(fake_clock_current, completion->arrived_ns);
	}
	memcpy(fake_ring_buffer(ring, buffer), &header, sizeof(header));
	completion->seen.result += RING_STAMPED_BYTES;
}

/* What the socket has goes into the buffer. */
static void fill(struct ring *ring, const struct fake_operation *operation, uint16_t buffer,
	struct fake_completion *completion)
{
	struct fake_conn *conn = operation->conn;
	size_t header_bytes = operation->stamped ? RING_STAMPED_BYTES : 0;
	size_t filled_bytes = ring->buffers[buffer].filled_bytes;
	size_t bytes = ring->asked.buffer_bytes - filled_bytes - header_bytes;

	if (fake_ring_chance(ring, ring->options.split_one_in))
		bytes = 1 + (size_t)rng_below(&ring->rng, bytes);
	bytes = fake_net_take(
		conn, fake_ring_buffer(ring, buffer) + filled_bytes + header_bytes, bytes);
	completion->seen.result = bytes ? (int32_t)bytes : (int32_t)fake_net_take_error(conn);
	completion->stream_bytes = conn->taken_bytes;
	if (bytes && !fake_ring_chance(ring, ring->options.end_one_in))
		completion->seen.flags = RING_MORE;
	if (!bytes && (!operation->stamped || completion->seen.result))
		return;
	completion->seen.buffer = buffer;
	if (operation->stamped)
		put_stamp(ring, buffer, completion);
	completion->seen.flags |= fill_buffer(ring, buffer, (size_t)completion->seen.result);
}

/* One completion of a receive; true when it was the last. */
static bool receive_on(struct ring *ring, struct fake_operation *operation)
{
	struct fake_completion completion = completion_of(operation, -ENOBUFS);
	uint16_t buffer;

	/* The kernel takes a buffer before it looks at the socket. */
	if (find_buffer(ring, &buffer))
		fill(ring, operation, buffer, &completion);
	post(ring, &completion);
	return !(completion.seen.flags & RING_MORE);
}

/* Nobody waits for the failure of a quiet send: it may come after the slot's next user. What it has
 * left comes at once, as the next send on the connection has to be that. */
static void complete_quiet(
	struct ring *ring, const struct fake_operation *operation, int32_t result)
{
	if (operation->conn->rest_bytes || fake_ring_chance(ring, 4)) {
		post_now(ring, operation, result);
		return;
	}
	complete(ring, operation, result);
	ring->ready[ring->ready_count - 1].ready_ns += rng_below(&ring->rng, QUIET_DELAY_NS);
}

/* Lets one armed operation go on. */
static void go_on(struct ring *ring, size_t index)
{
	struct fake_operation operation = ring->armed[index];
	bool over = true;
	int32_t result = 0;

	switch (operation.kind) {
	case RING_CONNECT:
		result = operation.conn->connect_result;
		break;
	case RING_SEND:
	case RING_SEND_ZERO_COPY:
		over = send_on(ring, &operation, &result);
		break;
	default:
		over = receive_on(ring, &operation);
		break;
	}
	operation.noticed = false;
	ring->armed[index] = operation;
	if (!over)
		return;
	if (operation.zero_copy)
		complete_zero_copy(ring, &operation, result);
	else if (operation.kind == RING_CONNECT ||
		 (operation.kind == RING_SEND && !operation.quiet))
		complete(ring, &operation, result);
	else if (operation.kind == RING_SEND && result != (int32_t)operation.bytes)
		complete_quiet(ring, &operation, result);
	disarm(ring, index);
}

/* --- operations as they are issued --------------------------------------------------------- */

static void issue_connect(struct ring *ring, struct fake_operation *operation)
{
	struct fake_slot *slot = &ring->slots[operation->slot];

	if (slot->connected)
		fake_log_fail("slot %u: a second connect", operation->slot);
	if (slot->generation == RING_TAG_GENERATION(operation->tag))
		fake_log_fail("slot %u: generation %u was its last user's", operation->slot,
			slot->generation);
	if (memcmp(operation->data, &operation->address, operation->bytes))
		fake_log_fail("slot %u: the address did not stay", operation->slot);
	slot->connected = true;
	slot->generation = RING_TAG_GENERATION(operation->tag);
	fake_net_connect(operation->conn, operation->data, fake_clock_current->now_ns);
	arm(ring, operation);
}

static void issue_receive(struct ring *ring, struct fake_operation *operation)
{
	if (find_armed(ring, operation->conn, RING_RECEIVE))
		fake_log_fail("slot %u: a second receive", operation->slot);
	if (!operation->conn->established)
		fake_log_fail("slot %u: a receive before it was connected", operation->slot);
	arm(ring, operation);
}

/* A quiet send does not wait: what the socket did not take is left to the caller. */
static void end_quiet(struct ring *ring, size_t index)
{
	const struct fake_operation *operation = &ring->armed[index];
	struct fake_conn *conn = operation->conn;

	conn->rest_bytes = operation->bytes - operation->done;
	post_now(ring, operation, operation->done ? (int32_t)operation->done : -EAGAIN);
	disarm(ring, index);
}

static void issue_send(struct ring *ring, struct fake_operation *operation)
{
	struct fake_conn *conn = operation->conn;
	size_t armed = ring->armed_count;

	if (find_armed(ring, conn, RING_SEND) || find_armed(ring, conn, RING_SEND_ZERO_COPY))
		fake_log_fail("slot %u: a send while another is under way", operation->slot);
	if (conn->broken_off)
		fake_log_fail("slot %u: a send after one that failed", operation->slot);
	if (conn->rest_bytes && conn->rest_bytes != operation->bytes)
		fake_log_fail("slot %u: %zu bytes are not the rest of the last send",
			operation->slot, operation->bytes);
	conn->rest_bytes = 0;
	arm(ring, operation);
	go_on(ring, armed);
	if (operation->quiet && ring->armed_count > armed)
		end_quiet(ring, armed);
}

static void end_cancelled(struct ring *ring, const struct fake_operation *operation)
{
	int32_t result = operation->done ? (int32_t)operation->done : -ECANCELED;

	if (operation->zero_copy)
		complete_zero_copy(ring, operation, result);
	else
		complete(ring, operation, result);
}

/* What it ends completes as cancelled or, when it had come to its end by itself, with that. */
static void issue_cancel(struct ring *ring, struct fake_operation *operation)
{
	int32_t found = 0;

	for (size_t i = ring->armed_count; i-- > 0;) {
		size_t before = ring->armed_count;

		if (ring->armed[i].conn != operation->conn)
			continue;
		if (could_go_on(&ring->armed[i]) && fake_ring_chance(ring, 4))
			go_on(ring, i);
		if (ring->armed_count < before)
			continue;
		found++;
		end_cancelled(ring, &ring->armed[i]);
		disarm(ring, i);
	}
	complete(ring, operation, found ? found : -ENOENT);
}

static void issue_close(struct ring *ring, struct fake_operation *operation)
{
	ring->slots[operation->slot].conn = NULL;
	fake_net_drop(operation->conn);
	complete(ring, operation, 0);
}

static void issue(struct ring *ring, struct fake_operation *operation)
{
	static void (*const issues[RING_OPERATION_COUNT])(
		struct ring *, struct fake_operation *) = {
		[RING_CONNECT] = issue_connect,
		[RING_RECEIVE] = issue_receive,
		[RING_SEND] = issue_send,
		[RING_CANCEL] = issue_cancel,
		[RING_CLOSE] = issue_close,
		[RING_SEND_ZERO_COPY] = issue_send,
	};
	const struct fake_slot *slot = &ring->slots[operation->slot];

	fake_log_trace("slot %u: issue operation %u generation %u", operation->slot,
		operation->kind, RING_TAG_GENERATION(operation->tag));
	if (!slot->conn)
		fake_log_fail(
			"slot %u: operation %u on an empty slot", operation->slot, operation->kind);
	if (operation->kind != RING_CONNECT && slot->connected &&
		slot->generation != RING_TAG_GENERATION(operation->tag))
		fake_log_fail("slot %u: a tag of another user", operation->slot);
	operation->conn = slot->conn;
	issues[operation->kind](ring, operation);
}

void fake_operation_submit(struct ring *ring)
{
	for (uint32_t i = 0; i < ring->queued; i++) {
		fake_clock_work(fake_clock_current, ring->options.operation_ns);
		fake_net_run(ring->net, fake_clock_current->now_ns);
		issue(ring, &ring->queue[i]);
	}
	ring->queued = 0;
}

/* --- from ready to the completion queue ---------------------------------------------------- */

static bool goes_on(struct ring *ring, struct fake_operation *operation, uint64_t now_ns)
{
	if (!could_go_on(operation))
		return false;
	if (!operation->noticed) {
		operation->noticed = true;
		operation->hold_ns = 0;
		if (fake_ring_chance(ring, ring->options.delay_one_in))
			operation->hold_ns = now_ns + 1 +
					     rng_below(&ring->rng, ring->options.delay_ns);
	}
	return operation->hold_ns <= now_ns;
}

/* How many things could come out now; the one at position `wanted` does, if there is one. */
static size_t choose(struct ring *ring, size_t wanted)
{
	uint64_t now_ns = fake_clock_current->now_ns;
	size_t count = 0;

	for (size_t i = 0; i < ring->ready_count; i++) {
		if (ring->ready[i].ready_ns > now_ns || count++ != wanted)
			continue;
		post(ring, &ring->ready[i]);
		ring->ready_count--;
		memmove(&ring->ready[i], &ring->ready[i + 1],
			(ring->ready_count - i) * sizeof(*ring->ready));
		return count;
	}
	for (size_t i = 0; i < ring->armed_count; i++) {
		if (!goes_on(ring, &ring->armed[i], now_ns) || count++ != wanted)
			continue;
		go_on(ring, i);
		return count;
	}
	return count;
}

bool fake_operation_ready(struct ring *ring)
{
	return choose(ring, SIZE_MAX) > 0;
}

void fake_operation_run(struct ring *ring)
{
	size_t bound = SIZE_MAX, count;

	if (fake_ring_chance(ring, ring->options.bound_one_in))
		bound = 1 + (size_t)rng_below(&ring->rng, 4);
	while (bound-- && (count = choose(ring, SIZE_MAX)) > 0) {
		size_t wanted = 0;

		if (fake_ring_chance(ring, ring->options.shuffle_one_in))
			wanted = (size_t)rng_below(&ring->rng, count);
		choose(ring, wanted);
	}
}

uint64_t fake_operation_next(struct ring *ring)
{
	uint64_t at_ns = fake_net_next(ring->net);

	for (size_t i = 0; i < ring->ready_count; i++)
		if (ring->ready[i].ready_ns < at_ns)
			at_ns = ring->ready[i].ready_ns;
	for (size_t i = 0; i < ring->armed_count; i++)
		if (ring->armed[i].noticed && ring->armed[i].hold_ns < at_ns)
			at_ns = ring->armed[i].hold_ns;
	return at_ns;
}

void fake_operation_release(struct ring *ring)
{
	while (ring->armed_count)
		disarm(ring, ring->armed_count - 1);
	for (uint32_t i = 0; i < ring->asked.slots; i++)
		if (ring->slots[i].conn)
			fake_net_drop(ring->slots[i].conn);
	free(ring->armed);
	free(ring->ready);
	free(ring->completions);
}
