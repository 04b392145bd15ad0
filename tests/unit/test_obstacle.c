/* SPDX-License-Identifier: MIT */
/* What keeps from measuring in a kernel: servers that are elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plan/address.h"
#include "run/obstacle.h"

/* A plan of nothing but a target. */
static struct plan plan_of(const char *host, uint16_t port)
{
	struct plan plan = {0};

	assert_int_equal(
		address_resolve(host, port, &plan.addresses, &plan.address_count, NULL), 0);
	return plan;
}

/* The reason, or "" without one, to be freed. */
static char *reason_of(const char *host, const uint16_t *ports, size_t count)
{
	struct plan plan = plan_of(host, ports[0]);
	struct buf reason = {0};
	bool is = obstacle_target(&plan, ports, count, &reason);
	char *text = strdup(buf_string(&reason));

	assert_int_equal(is, *text != '\0');
	buf_release(&reason);
	free(plan.addresses);
	return text;
}

static void expect_reason(const char *host, uint16_t port, const char *expected)
{
	char *reason = reason_of(host, &port, 1);

	assert_string_equal(reason, expected);
	free(reason);
}

/* A port that is bound, and listens if asked: nobody else can take it. */
static int open_port(bool listening, uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void nothing_is_in_the_way_of_a_listener(void **state)
{
	uint16_t ports[2];
	int bound = open_port(false, &ports[0]), fd = open_port(true, &ports[1]);
	char *reason;

	(void)state;
	expect_reason("127.0.0.1", ports[1], "");
	/* The server may have an address of another namespace of this machine. */
	expect_reason("192.0.2.1", ports[1], "");
	/* One of several ports is enough. */
	reason = reason_of("127.0.0.1", ports, 2);
	assert_string_equal(reason, "");
	free(reason);
	close(fd);
	close(bound);
}

static void where_nobody_listens(void **state)
{
	char expected[256];
	uint16_t port;
	int fd = open_port(false, &port);

	(void)state;
	snprintf(expected, sizeof(expected),
		"no process of this machine listens on port %u: --probe-port takes the port that "
		"the server itself listens on",
		port);
	expect_reason("127.0.0.1", port, expected);
	snprintf(expected, sizeof(expected),
		"the server is on another machine: run ringload probe --port %u there", port);
	expect_reason("192.0.2.1", port, expected);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_the_way_of_a_listener),
		cmocka_unit_test(where_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
