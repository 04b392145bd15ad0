/* SPDX-License-Identifier: MIT */
/* Sends on a real ring that a socket does not take whole: quiet ones tell so, loud ones wait. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/ring.h"

/* More than the buffers of two sockets hold. */
#define MUCH_BYTES (64 * 1024 * 1024)

struct pair {
	struct ring *ring;
	int peer;
	char *bytes;
	char buffers[2 * 64];
};

static int set_up(void **state)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t own_bytes = sizeof(own);
	struct pair *pair = calloc(1, sizeof(*pair));
	struct ring_options options = {.submission_entries = 8,
		.completion_entries = 16,
		.slots = 1,
		.buffer_count = 2,
		.buffer_bytes = 64,
		.buffer_stride_bytes = 64,
		.buffers = pair->buffers};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct err err = {0};

	pair->bytes = calloc(1, MUCH_BYTES);
	assert_non_null(pair->bytes);
	assert_int_equal(bind(listener, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&own, &own_bytes), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	pair->peer = accept(listener, NULL, NULL);
	assert_true(pair->peer >= 0);
	close(listener);
	if (ring_new(&pair->ring, &options, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ring_install(pair->ring, 0, fd), 0);
	*state = pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	ring_free(pair->ring);
	if (pair->peer >= 0)
		close(pair->peer);
	free(pair->bytes);
	free(pair);
	return 0;
}

static void ask(struct pair *pair, bool quiet)
{
	ring_send(pair->ring, 0, pair->bytes, MUCH_BYTES, quiet, RING_TAG(RING_SEND, 0, 1));
	assert_int_equal(ring_enter(pair->ring, 0), 0);
}

/* The result of the only completion; it must come within wait_ns. */
static int32_t told(struct pair *pair, uint64_t wait_ns)
{
	struct ring_completion completion;

	if (wait_ns)
		assert_int_equal(ring_enter(pair->ring, wait_ns), 0);
	assert_int_equal(ring_reap(pair->ring, &completion, 1), 1);
	assert_int_equal(RING_TAG_OPERATION(completion.tag), RING_SEND);
	return completion.result;
}

static void quiet_does_not_wait(void **state)
{
	struct pair *pair = *state;
	int32_t took;

	ask(pair, true);
	took = told(pair, 0);
	assert_in_range(took, 1, MUCH_BYTES - 1);
	/* What lies in the socket moves on to the peer's, until both are full. */
	for (unsigned int i = 0; i < 1000 && took > 0; i++) {
		ask(pair, true);
		took = told(pair, 0);
	}
	assert_int_equal(took, -EAGAIN);
}

static void quiet_that_fits_tells_nothing(void **state)
{
	struct pair *pair = *state;
	struct ring_completion completion;

	ring_send(pair->ring, 0, pair->bytes, 16384, true, RING_TAG(RING_SEND, 0, 1));
	assert_int_equal(ring_enter(pair->ring, NS_PER_MS), 0);
	assert_int_equal(ring_reap(pair->ring, &completion, 1), 0);
}

static void loud_waits(void **state)
{
	struct pair *pair = *state;
	struct ring_completion completion;

	ask(pair, false);
	assert_int_equal(ring_enter(pair->ring, 10 * NS_PER_MS), 0);
	assert_int_equal(ring_reap(pair->ring, &completion, 1), 0);
}

/* What a part of was taken comes first, then why not the rest. */
static void reset_cuts_off(void **state)
{
	struct pair *pair = *state;
	int32_t took;

	ask(pair, false);
	close(pair->peer); /* with bytes unread: a reset */
	pair->peer = -1;
	took = told(pair, NS_PER_S);
	assert_in_range(took, 1, MUCH_BYTES - 1);
	ring_send(pair->ring, 0, pair->bytes + took, (size_t)(MUCH_BYTES - took), false,
		RING_TAG(RING_SEND, 0, 1));
	assert_int_equal(ring_enter(pair->ring, 0), 0);
	took = told(pair, 0);
	assert_true(took == -EPIPE || took == -ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(quiet_does_not_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(quiet_that_fits_tells_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loud_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reset_cuts_off, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
