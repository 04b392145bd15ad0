/* SPDX-License-Identifier: MIT */
#include "target/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/answer.h"
#include "target/client.h"

#define WAKE_SLOT 0
/* Operations between two enters: sends of one enter, and what comes with them. */
#define SUBMISSION_ENTRIES 512
/* The kernel wants at least as many completions as submissions; what overflows is not lost. */
#define LEAST_COMPLETIONS (2 * SUBMISSION_ENTRIES)
#define MOST_COMPLETIONS  65536
/* What one client needs at most between two looks at the room: cancel, close, receive, send. */
#define RESERVED_ENTRIES 8
#define BUFFER_BYTES     4096
/* Where an enter runs a bounded amount of task work, this many buffers are never all in use. */
#define BUFFERS_BOUNDED   512
#define BUFFERS_UNBOUNDED 4096
/* Completions one reap takes, and after how many the clock is read again. */
#define REAP_EVENTS  64
#define CLOCK_EVENTS 16
/* The longest wait, should a wake-up get lost; and the patience for an orderly end. */
#define LONGEST_WAIT_NS NS_PER_S
#define END_NS          (2 * NS_PER_S)

static void count(struct server *server, enum tally_counter counter)
{
	TALLY_ADD(server->options.tally, counter, 1);
}

static bool stopping(const struct server *server)
{
	return __atomic_load_n(server->options.stopping, __ATOMIC_RELAXED);
}

/* --- entering the kernel ------------------------------------------------------------------ */

static void fetch(struct server *server)
{
	struct ring_completion completions[REAP_EVENTS];
	uint32_t room, got;

	do {
		room = SERVER_EVENTS - server->event_count;
		got = ring_reap(server->ring, completions, room < REAP_EVENTS ? room : REAP_EVENTS);
		for (uint32_t i = 0; i < got; i++) {
			uint32_t place = (server->event_first + server->event_count++) %
					 SERVER_EVENTS;

			server->events[place] = (struct server_event){
				.completion = completions[i], .read_ns = server->now_ns};
		}
	} while (got == REAP_EVENTS);
}

static void enter(struct server *server, uint64_t wait_ns)
{
	int code;

	if (server->unsent_count) {
		uint64_t sent_ns = clock_now_ns();

		for (uint32_t i = 0; i < server->unsent_count; i++)
			answer_stamp(server, &server->clients[server->unsent[i]], sent_ns);
		server->unsent_count = 0;
	}
	code = ring_enter(server->ring, wait_ns);
	server->now_ns = clock_now_ns();
	count(server, TALLY_ENTERS);
	if (code)
		server->fault = code;
	fetch(server);
}

void server_flush(struct server *server)
{
	enter(server, 0);
}

void server_reserve(struct server *server)
{
	if (ring_submission_space(server->ring) < RESERVED_ENTRIES)
		enter(server, 0);
}

void server_queue_send(
	struct server *server, uint32_t slot, const char *data, size_t bytes, uint64_t tag)
{
	server_reserve(server);
	ring_send(server->ring, slot, data, bytes, false, tag);
	server->unsent[server->unsent_count++] = slot;
	if (server->unsent_count == SERVER_SENDS_PER_ENTER)
		enter(server, 0);
}

/* --- what clients ask for ----------------------------------------------------------------- */

void server_spin(struct server *server, uint64_t duration_ns)
{
	uint64_t start_ns = clock_now_ns();

	do
		server->now_ns = clock_now_ns();
	while (server->now_ns - start_ns < duration_ns && !stopping(server));
}

struct reply *server_stats(struct server *server, bool full, enum reply_variant variant)
{
	struct tally_json_source source = *server->options.source;
	struct buf text = {0};
	struct reply *reply = NULL;

	source.full = full;
	if (!tally_json(&text, &source))
		reply = reply_new_json(buf_string(&text), variant);
	buf_release(&text);
	return reply;
}

char *server_batch_take(struct server *server)
{
	char *batch = server->batches;

	if (!batch)
		return malloc(SERVER_BATCH_BYTES);
	memcpy(&server->batches, batch, sizeof(server->batches));
	return batch;
}

void server_batch_return(struct server *server, char *batch)
{
	memcpy(batch, &server->batches, sizeof(server->batches));
	server->batches = batch;
}

void server_starved(struct server *server, struct client *client)
{
	client->next_starved = NULL;
	if (server->starved_first)
		server->starved_last->next_starved = client;
	else
		server->starved_first = client;
	server->starved_last = client;
}

/* When everything that was brought is handled, all buffers are back: for as many as there are. */
static void feed_starved(struct server *server)
{
	for (uint32_t i = 0; i < BUFFERS_BOUNDED && server->starved_first; i++) {
		struct client *client = server->starved_first;

		server->starved_first = client->next_starved;
		client_fed(server, client);
	}
}

void server_slot_freed(struct server *server)
{
	door_open(server);
}

/* --- the loop ----------------------------------------------------------------------------- */

static void arm_wake(struct server *server)
{
	ring_receive(server->ring, WAKE_SLOT, RING_TAG(RING_RECEIVE, WAKE_SLOT, 0));
	server->wake_armed = true;
}

static void woken(struct server *server, const struct ring_completion *completion)
{
	if (completion->flags & RING_BUFFER)
		ring_buffer_return(server->ring, completion->buffer);
	if (!(completion->flags & RING_MORE))
		server->wake_armed = false;
	if (!server->wake_armed && !stopping(server))
		arm_wake(server);
}

static void handle(struct server *server, const struct server_event *event)
{
	const struct ring_completion *completion = &event->completion;
	uint32_t slot = RING_TAG_SLOT(completion->tag);
	struct client *client = &server->clients[slot];

	if (RING_TAG_OPERATION(completion->tag) == RING_ACCEPT) {
		door_accepted(server, completion);
	} else if (slot == WAKE_SLOT) {
		woken(server, completion);
	} else if (client->generation != RING_TAG_GENERATION(completion->tag)) {
		if (completion->flags & RING_BUFFER)
			ring_buffer_return(server->ring, completion->buffer);
		count(server, TALLY_STALE);
	} else {
		client_completed(server, client, completion, event->read_ns);
	}
}

static void serve_due(struct server *server)
{
	uint32_t slot;

	while (deadline_take(&server->deadlines, server->now_ns, &slot))
		answer_advance(server, &server->clients[slot]);
}

/* When the next freeze begins; UINT64_MAX when none will. */
static uint64_t next_freeze_ns(const struct server *server)
{
	const struct route_set *set = server->options.set;

	if (server->freezes_done == set->freeze_count)
		return UINT64_MAX;
	return *server->options.start_ns + set->freezes[server->freezes_done].at_ns;
}

/* Sleeps as a stopped process would; only a stop of the server ends it early. */
static void freeze(struct server *server)
{
	uint64_t duration_ns = server->options.set->freezes[server->freezes_done].duration_ns;
	struct pollfd wake = {.fd = server->options.wake, .events = POLLIN};
	uint64_t from_ns = clock_now_ns(), now_ns = from_ns;

	while (now_ns - from_ns < duration_ns && !stopping(server)) {
		uint64_t left_ns = duration_ns - (now_ns - from_ns);
		struct timespec left = {.tv_sec = (time_t)(left_ns / NS_PER_S),
			.tv_nsec = (long)(left_ns % NS_PER_S)};

		ppoll(&wake, 1, &left, NULL);
		now_ns = clock_now_ns();
	}
	server->freezes_done++;
	server->now_ns = now_ns;
	tally_freeze(server->options.tally, from_ns, now_ns);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How long there is nothing to do unless the kernel brings something. */
static uint64_t wait_ns(const struct server *server)
{
	uint64_t until_ns = server->now_ns + LONGEST_WAIT_NS, due_ns;

	if (server->event_count || server->starved_first)
		return 0;
	until_ns = earliest(until_ns, next_freeze_ns(server));
	until_ns = earliest(until_ns, door_next_ns(server));
	until_ns = earliest(until_ns, server->leak_ns);
	if (deadline_next(&server->deadlines, &due_ns))
		until_ns = earliest(until_ns, due_ns);
	return until_ns > server->now_ns ? until_ns - server->now_ns : 0;
}

static void leak(struct server *server)
{
	uint64_t next_ns;

	if (server->now_ns < server->leak_ns)
		return;
	next_ns = station_set_leak(
		server->options.stations, server->now_ns - *server->options.start_ns);
	server->leak_ns = next_ns == UINT64_MAX ? UINT64_MAX : server->now_ns + next_ns;
}

/* Everything there is to do without the kernel. */
static void work_off(struct server *server)
{
	uint32_t handled = 0;

	while (server->event_count && !server->fault) {
		struct server_event event = server->events[server->event_first];

		server->event_first = (server->event_first + 1) % SERVER_EVENTS;
		server->event_count--;
		handle(server, &event);
		if (++handled % CLOCK_EVENTS == 0)
			server->now_ns = clock_now_ns();
		serve_due(server);
	}
	feed_starved(server);
	server->now_ns = clock_now_ns();
	serve_due(server);
	if (server->now_ns >= next_freeze_ns(server) && !stopping(server))
		freeze(server);
	door_turn(server);
	leak(server);
	__atomic_store_n(&server->options.tally->value[TALLY_OVERFLOWS],
		ring_overflows(server->ring), __ATOMIC_RELAXED);
}

/* Ends every connection and waits until the kernel has let go of the sockets. */
static void finish(struct server *server)
{
	uint64_t deadline_ns = clock_now_ns() + END_NS;

	/* Ends an armed accept; closing alone would leave the listener to the ring. */
	for (size_t i = 0; i < server->options.listener_count; i++)
		shutdown(server->options.listeners[i], SHUT_RDWR);
	for (uint32_t slot = WAKE_SLOT + 1; slot < server->slot_count; slot++)
		client_end(server, &server->clients[slot], false);
	for (;;) {
		work_off(server);
		if ((!server->live && !door_is_armed(server)) || server->fault ||
			server->now_ns >= deadline_ns)
			return;
		enter(server, wait_ns(server));
	}
}

int server_run(struct server *server, struct err *err)
{
	server->now_ns = clock_now_ns();
	server->leak_ns = server->options.leaks ? server->now_ns : UINT64_MAX;
	door_open(server);
	arm_wake(server);
	while (!stopping(server) && !server->fault) {
		work_off(server);
		enter(server, wait_ns(server));
	}
	if (!server->fault)
		finish(server);
	if (server->fault)
		return err_set_errno(
			err, ERR_ENVIRONMENT, server->fault, "the server's ring failed");
	return 0;
}

/* --- making and unmaking ------------------------------------------------------------------ */

static uint32_t power_of_two(uint32_t least)
{
	uint32_t value = 1;

	while (value < least)
		value *= 2;
	return value;
}

static int open_ring(struct server *server, struct err *err)
{
	struct ring_features features;
	struct ring_options options = {.submission_entries = SUBMISSION_ENTRIES,
		.slots = server->slot_count,
		.buffer_bytes = BUFFER_BYTES,
		.buffer_stride_bytes = BUFFER_BYTES};
	int wake, code = ring_probe_known(&features, err);

	if (code)
		return code;
	/* A receive, a send and a close of every client at once still fit. */
	options.completion_entries = power_of_two(4 * server->slot_count);
	if (options.completion_entries < LEAST_COMPLETIONS)
		options.completion_entries = LEAST_COMPLETIONS;
	if (options.completion_entries > MOST_COMPLETIONS)
		options.completion_entries = MOST_COMPLETIONS;
	options.buffer_count = features.bounded_task_work ? BUFFERS_BOUNDED : BUFFERS_UNBOUNDED;
	server->buffers = mmap(NULL, (size_t)options.buffer_count * BUFFER_BYTES,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (server->buffers == MAP_FAILED) {
		server->buffers = NULL;
		return err_set_errno(err, ERR_ENVIRONMENT, -errno, "no memory for buffers");
	}
	server->buffer_bytes = (size_t)options.buffer_count * BUFFER_BYTES;
	options.buffers = server->buffers;
	code = ring_new(&server->ring, &options, err);
	if (code)
		return code;
	/* The owner keeps its descriptor: freeze() polls it. */
	wake = dup(server->options.wake);
	code = wake < 0 ? -errno : ring_install(server->ring, WAKE_SLOT, wake);
	if (code)
		return err_set_errno(err, ERR_ENVIRONMENT, code, "no slot for the wake-up");
	return 0;
}

int server_open(struct server **out, const struct server_options *options, struct err *err)
{
	struct server *server = calloc(1, sizeof(*server));
	int code = -ENOMEM;

	*out = NULL;
	if (!server)
		return err_set_errno(err, ERR_ENVIRONMENT, code, "no memory for a server");
	server->options = *options;
	server->slot_count = options->connections + 1;
	rng_init(&server->rng, options->seed, options->stream);
	/* Waits end at their deadline, not up to 50 µs after it. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	server->clients = calloc(server->slot_count, sizeof(*server->clients));
	if (!server->clients || door_init(server) ||
		deadline_init(&server->deadlines, server->slot_count)) {
		err_set_errno(err, ERR_ENVIRONMENT, code, "no memory for %u connections",
			options->connections);
		goto out;
	}
	code = open_ring(server, err);
	if (code)
		goto out;
	*out = server;
	return 0;
out:
	server_close(server);
	return code;
}

void server_close(struct server *server)
{
	char *batch;

	if (!server)
		return;
	ring_free(server->ring);
	for (uint32_t slot = 0; server->clients && slot < server->slot_count; slot++)
		client_release(server, &server->clients[slot]);
	while ((batch = server->batches) != NULL) {
		memcpy(&server->batches, batch, sizeof(server->batches));
		free(batch);
	}
	exchange_pool_release(&server->exchanges);
	deadline_release(&server->deadlines);
	if (server->buffers)
		munmap(server->buffers, server->buffer_bytes);
	free(server->clients);
	door_release(server);
	free(server);
}
