/* SPDX-License-Identifier: MIT */
#include "tests/sim/trace_script.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "net/ring.h"
#include "net/sock.h"

#define GOLDEN       "tests/golden/ring_trace.txt"
#define BUFFERS      2
#define BUFFER_BYTES 160
#define SLOTS        4
#define EVENTS       16
/* How long the kernel may take, and how long nothing must come for a step to be over. */
#define PATIENCE_NS (5 * NS_PER_S)
#define QUIET_NS    (30 * NS_PER_MS)

struct trace {
	struct trace_world *world;
	struct ring *ring;
	char memory[BUFFERS * BUFFER_BYTES];
	char request[sizeof(TRACE_REQUEST)]; /* to be registered, which takes writable memory */
	struct buf text;
	uint32_t generation[SLOTS];
	bool returns; /* buffers are given back as they come */
	bool stamps;  /* sockets are told to, and receives tell them */
	uint64_t begun_wall_ns;
};

/* What completed in a step: receives of one stream as one event, as a kernel cuts where it likes.
 */
struct event {
	enum ring_operation operation;
	uint32_t slot, generation;
	uint64_t bytes;
	int32_t result; /* of the last; 0 to begin with */
	bool data, more, noticed;
};

static const char *const names[RING_OPERATION_COUNT] = {
	[RING_RECEIVE] = "receive",
	[RING_SEND] = "send",
	[RING_CONNECT] = "connect",
	[RING_CANCEL] = "cancel",
	[RING_CLOSE] = "close",
	[RING_SEND_ZERO_COPY] = "zero-copy send",
	[RING_RECEIVE_STAMPED] = "stamped receive",
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "ring trace: %s\n", what);
	exit(1);
}

static struct event *event_of(struct event *events, size_t *count, uint64_t tag)
{
	for (size_t i = 0; i < *count; i++)
		if (events[i].operation == RING_TAG_OPERATION(tag) &&
			events[i].slot == RING_TAG_SLOT(tag) &&
			events[i].generation == RING_TAG_GENERATION(tag))
			return &events[i];
	if (*count == EVENTS)
		die("more completions than the script can have");
	events[*count] = (struct event){.operation = RING_TAG_OPERATION(tag),
		.slot = RING_TAG_SLOT(tag),
		.generation = RING_TAG_GENERATION(tag)};
	return &events[(*count)++];
}

/* A kernel may give no stamp, as it begins to make them somewhat after it was told; what it gives
 * must be of this time. The data is all of one letter. */
static void open_stamped(const struct trace *trace, struct ring_completion *seen)
{
	uint64_t wall_ns;

	if (ring_open_stamped(trace->ring, seen, &wall_ns) &&
		(wall_ns < trace->begun_wall_ns || wall_ns > clock_wall_ns()))
		die("a stamp that is not of now");
	if (seen->result > 0) {
		const char *data = ring_buffer_data(trace->ring, seen->buffer);

		for (int32_t i = 0; i < seen->result; i++)
			if (data[RING_STAMPED_BYTES + i] != 's')
				die("data that was not sent");
	}
}

static void note(struct trace *trace, struct event *event, struct ring_completion *seen)
{
	bool receive = event->operation == RING_RECEIVE;

	if (event->operation == RING_RECEIVE_STAMPED) {
		receive = true;
		open_stamped(trace, seen);
	}
	/* Before or after the other completion of the send; a kernel may copy or not. */
	if (seen->flags & RING_NOTICE) {
		event->noticed = true;
		return;
	}
	event->more = seen->flags & RING_MORE;
	if (receive && seen->result > 0) {
		event->data = true;
		event->bytes += (uint64_t)seen->result;
	} else {
		event->result = seen->result;
	}
	/* A cancel that finds nothing says so in either way, by the kernel's version. */
	if (event->operation == RING_CANCEL && seen->result == -ENOENT)
		event->result = 0;
	if ((seen->flags & RING_BUFFER) && trace->returns)
		ring_buffer_return(trace->ring, seen->buffer);
}

static int by_operation_and_slot(const void *left, const void *right)
{
	const struct event *one = left, *other = right;

	if (one->operation != other->operation)
		return (int)one->operation - (int)other->operation;
	return (int)one->slot - (int)other->slot;
}

static void write_events(struct trace *trace, struct event *events, size_t count)
{
	qsort(events, count, sizeof(*events), by_operation_and_slot);
	for (size_t i = 0; i < count; i++) {
		const struct event *event = &events[i];

		buf_printf(&trace->text, "  %s, slot %u, user %u:", names[event->operation],
			event->slot, event->generation);
		if (event->data)
			buf_printf(&trace->text, " %llu bytes", (unsigned long long)event->bytes);
		if (!event->data || event->result)
			buf_printf(&trace->text, " %d", event->result);
		buf_text(&trace->text, event->more ? ", more" : "");
		buf_text(&trace->text, event->noticed ? ", done with the memory\n" : "\n");
	}
}

/* Lets the ring work until nothing has come for a while after the first, and writes what came. */
static void step(struct trace *trace, const char *what, bool expects)
{
	struct event events[EVENTS];
	struct ring_completion batch[8];
	size_t count = 0;
	uint64_t until_ns = clock_now_ns() + (expects ? PATIENCE_NS : QUIET_NS);
	uint64_t now_ns;

	buf_printf(&trace->text, "%s\n", what);
	while ((now_ns = clock_now_ns()) < until_ns) {
		uint32_t seen;

		if (ring_enter(trace->ring, until_ns - now_ns))
			die("the ring failed");
		while ((seen = ring_reap(trace->ring, batch, 8)) > 0) {
			for (uint32_t i = 0; i < seen; i++)
				note(trace, event_of(events, &count, batch[i].tag), &batch[i]);
			until_ns = clock_now_ns() + QUIET_NS;
		}
	}
	write_events(trace, events, count);
}

static uint64_t tag(const struct trace *trace, enum ring_operation operation, uint32_t slot)
{
	return RING_TAG(operation, slot, trace->generation[slot]);
}

static void connect_to(struct trace *trace, uint32_t slot, const struct sockaddr_storage *address)
{
	int fd = sock_open(AF_INET);

	if (fd >= 0 && trace->stamps && sock_stamp(fd))
		die("no stamps");
	if (fd < 0 || ring_install(trace->ring, slot, fd))
		die("no socket");
	trace->generation[slot]++;
	ring_connect(trace->ring, slot, (const struct sockaddr *)address,
		trace->world->address_bytes, tag(trace, RING_CONNECT, slot));
}

static void receive(struct trace *trace, uint32_t slot)
{
	if (trace->stamps)
		ring_receive_stamped(trace->ring, slot, tag(trace, RING_RECEIVE_STAMPED, slot));
	else
		ring_receive(trace->ring, slot, tag(trace, RING_RECEIVE, slot));
}

/* An established connection with its receive armed. */
static void open_slot(struct trace *trace, uint32_t slot)
{
	connect_to(trace, slot, &trace->world->accepts);
	step(trace, "connect", true);
	trace->world->established(trace->world);
	receive(trace, slot);
	step(trace, "arm the receive", false);
}

static void request(struct trace *trace, uint32_t slot, bool quiet)
{
	ring_send(trace->ring, slot, TRACE_REQUEST, sizeof(TRACE_REQUEST) - 1, quiet,
		tag(trace, RING_SEND, slot));
}

static void close_slot(struct trace *trace, uint32_t slot)
{
	ring_close(trace->ring, slot, tag(trace, RING_CLOSE, slot));
	step(trace, "close", true);
}

static void play_exchange(struct trace *trace)
{
	open_slot(trace, 0);
	request(trace, 0, true);
	step(trace, "a quiet send tells nothing", false);
	trace->world->write(trace->world, 0, "in one piece", 12);
	step(trace, "the peer answers", true);
	request(trace, 0, false);
	step(trace, "a loud send", true);
	ring_send_zero_copy(trace->ring, 0, trace->request, sizeof(TRACE_REQUEST) - 1,
		tag(trace, RING_SEND_ZERO_COPY, 0));
	step(trace, "a zero-copy send", true);
	trace->world->write(trace->world, 0, "in ", 3);
	trace->world->write(trace->world, 0, "pieces", 6);
	step(trace, "the peer answers in pieces", true);
}

static void play_buffers(struct trace *trace)
{
	char data[3 * BUFFER_BYTES];

	memset(data, 'x', sizeof(data));
	trace->returns = false;
	trace->world->write(trace->world, 0, data, sizeof(data));
	step(trace, "more than the buffers hold, none given back", true);
	trace->returns = true;
	ring_buffer_return(trace->ring, 0);
	ring_buffer_return(trace->ring, 1);
	receive(trace, 0);
	step(trace, "buffers given back, armed again", true);
}

static void play_ends(struct trace *trace)
{
	trace->world->finish(trace->world, 0);
	step(trace, "the peer closes", true);
	ring_cancel(trace->ring, 0, tag(trace, RING_CANCEL, 0));
	step(trace, "a cancel finds nothing", true);
	close_slot(trace, 0);

	connect_to(trace, 1, &trace->world->refuses);
	step(trace, "a connect is refused", true);
	close_slot(trace, 1);

	open_slot(trace, 0);
	ring_cancel(trace->ring, 0, tag(trace, RING_CANCEL, 0));
	step(trace, "the slot's second user is cancelled", true);
	close_slot(trace, 0);

	open_slot(trace, 0);
	trace->world->reset(trace->world, 2);
	step(trace, "the peer resets", true);
	request(trace, 0, true);
	step(trace, "a quiet send after it tells its failure", true);
	close_slot(trace, 0);
}

/* A stamped receive goes the ways of a plain one; that the peer ended comes with a buffer. */
static void play_stamped(struct trace *trace)
{
	/* What is left needs one buffer of two: with none to spare, 6.1 ends the receive. */
	char data[3 * (BUFFER_BYTES - RING_STAMPED_BYTES)];

	memset(data, 's', sizeof(data));
	trace->stamps = true;
	open_slot(trace, 2);
	trace->world->write(trace->world, 3, data, 12);
	step(trace, "the peer answers", true);
	trace->returns = false;
	trace->world->write(trace->world, 3, data, sizeof(data));
	step(trace, "more than the buffers hold, none given back", true);
	trace->returns = true;
	ring_buffer_return(trace->ring, 0);
	ring_buffer_return(trace->ring, 1);
	receive(trace, 2);
	step(trace, "buffers given back, armed again", true);
	trace->world->finish(trace->world, 3);
	step(trace, "the peer closes", true);
	close_slot(trace, 2);

	open_slot(trace, 2);
	trace->world->reset(trace->world, 4);
	step(trace, "the peer resets", true);
	close_slot(trace, 2);

	open_slot(trace, 2);
	ring_cancel(trace->ring, 2, tag(trace, RING_CANCEL, 2));
	step(trace, "a cancel", true);
	close_slot(trace, 2);
}

static int compare(struct trace *trace)
{
	struct buf golden = {0};
	struct err err = {0};
	int differs;

	if (file_read(GOLDEN, 1 << 20, &golden, &err))
		die(err.text);
	differs = strcmp(buf_string(&golden), buf_string(&trace->text));
	if (differs)
		fprintf(stderr, "this ring's trace is not that of " GOLDEN ":\n%s",
			buf_string(&trace->text));
	buf_release(&golden);
	return differs ? 1 : 0;
}

int trace_play(struct trace_world *world)
{
	static struct trace trace;
	struct ring_options options = {
		.submission_entries = 16,
		.completion_entries = 64,
		.slots = SLOTS,
		.buffer_count = BUFFERS,
		.buffer_bytes = BUFFER_BYTES,
		.buffer_stride_bytes = BUFFER_BYTES,
		.buffers = trace.memory,
	};
	struct err err = {0};
	int status;

	trace.world = world;
	trace.returns = true;
	trace.begun_wall_ns = clock_wall_ns();
	if (ring_new(&trace.ring, &options, &err))
		die(err.text);
	memcpy(trace.request, TRACE_REQUEST, sizeof(TRACE_REQUEST));
	if (ring_register_memory(trace.ring, trace.request, sizeof(TRACE_REQUEST) - 1))
		die("no memory to send from");
	play_exchange(&trace);
	play_buffers(&trace);
	play_ends(&trace);
	play_stamped(&trace);
	ring_free(trace.ring);
	status = compare(&trace);
	buf_release(&trace.text);
	printf("%s\n", status ? "the traces differ" : "the traces agree");
	return status;
}
