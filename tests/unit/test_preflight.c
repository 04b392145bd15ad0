/* SPDX-License-Identifier: MIT */
/* What is asked before a load: addresses that refuse, memory, open files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "base/log.h"
#include "plan/address.h"
#include "plan/plan.h"
#include "run/describe.h"
#include "run/preflight.h"
#include "tests/unit/tree.h"

/* A socket bound to a loopback port of its own; it listens if asked, else connections are refused
 * and nobody else can take the port. */
struct peer {
	int fd;
	struct sockaddr_in address;
};

static struct peer open_peer(bool listening)
{
	struct peer peer = {.fd = socket(AF_INET, SOCK_STREAM, 0),
		.address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
	socklen_t bytes = sizeof(peer.address);

	assert_true(peer.fd >= 0);
	assert_int_equal(bind(peer.fd, (struct sockaddr *)&peer.address, bytes), 0);
	assert_int_equal(getsockname(peer.fd, (struct sockaddr *)&peer.address, &bytes), 0);
	if (listening)
		assert_int_equal(listen(peer.fd, 8), 0);
	return peer;
}

static void add(struct plan *plan, const struct peer *peer)
{
	struct plan_address *address = &plan->addresses[plan->address_count++];

	memcpy(&address->sockaddr, &peer->address, sizeof(peer->address));
	address->sockaddr_bytes = sizeof(peer->address);
	snprintf(address->text, sizeof(address->text), "127.0.0.1:%u",
		ntohs(peer->address.sin_port));
}

static void addresses_that_refuse_are_left_out(void **state)
{
	struct peer peers[] = {
		open_peer(false), open_peer(true), open_peer(false), open_peer(true)};
	struct plan_address addresses[4] = {0};
	struct plan plan = {.addresses = addresses, .timeout_ns = 5 * NS_PER_S};
	struct notes notes = {0};
	struct err err = {0};
	char kept[2][PLAN_ADDRESS_TEXT_BYTES], wanted[512];

	(void)state;
	log_set_quiet(true);
	for (size_t i = 0; i < 4; i++)
		add(&plan, &peers[i]);
	strcpy(kept[0], addresses[1].text);
	strcpy(kept[1], addresses[3].text);
	snprintf(wanted, sizeof(wanted), "%s is left out: Connection refused", addresses[0].text);
	assert_int_equal(preflight_addresses(&plan, &notes, &err), 0);
	assert_int_equal(plan.address_count, 2);
	assert_string_equal(plan.addresses[0].text, kept[0]);
	assert_string_equal(plan.addresses[1].text, kept[1]);
	assert_int_equal(notes.count, 2);
	assert_string_equal(notes.lines[1], wanted);
	notes_release(&notes);
	for (size_t i = 0; i < 4; i++)
		close(peers[i].fd);
}

static void with_none_left_every_one_is_named(void **state)
{
	struct peer peers[] = {open_peer(false), open_peer(false)};
	struct plan_address addresses[2] = {0};
	struct plan plan = {.addresses = addresses, .timeout_ns = 5 * NS_PER_S};
	struct notes notes = {0};
	struct err err = {0};
	char wanted[512];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		add(&plan, &peers[i]);
	snprintf(wanted, sizeof(wanted),
		"cannot connect to %s: Connection refused, %s: Connection refused",
		addresses[0].text, addresses[1].text);
	assert_true(preflight_addresses(&plan, &notes, &err) < 0);
	assert_int_equal(err.kind, ERR_TARGET);
	assert_string_equal(err.text, wanted);
	assert_int_equal(notes.count, 0);
	for (size_t i = 0; i < 2; i++)
		close(peers[i].fd);
}

static struct plan_address unix_address(const char *text)
{
	struct plan_address *addresses, address;
	size_t count;

	assert_int_equal(address_resolve(text, 0, &addresses, &count, NULL), 0);
	address = addresses[0];
	free(addresses);
	return address;
}

static int bind_socket(const struct plan_address *address, int type)
{
	int fd = socket(AF_UNIX, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&address->sockaddr, address->sockaddr_bytes), 0);
	return fd;
}

/* A missing file, one that is no socket, a socket nobody listens on, one of another kind, and one
 * whose queue is full. */
static void unix_sockets_that_refuse_say_why(void **state)
{
	static const char *const names[] = {"none", "file", "stale", "datagram", "full"};
	static const char *const reasons[] = {"No such file or directory", "the file is no socket",
		"Connection refused", "it is not a stream socket", "Connection timed out"};
	struct tree *tree = tree_new();
	struct plan_address addresses[5];
	struct plan plan = {
		.addresses = addresses, .address_count = 5, .timeout_ns = 50 * NS_PER_MS};
	char text[512], wanted[1024] = "cannot connect to ";
	struct notes notes = {0};
	struct err err = {0};
	int fds[4];

	(void)state;
	tree_write(tree, "file", "");
	for (size_t i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "unix:%s/%s", tree->root, names[i]);
		addresses[i] = unix_address(text);
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s%s: %s",
			i ? ", " : "", text, reasons[i]);
	}
	fds[0] = bind_socket(&addresses[2], SOCK_STREAM);
	fds[1] = bind_socket(&addresses[3], SOCK_DGRAM);
	fds[2] = bind_socket(&addresses[4], SOCK_STREAM);
	assert_int_equal(listen(fds[2], 0), 0);
	fds[3] = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[3], (const struct sockaddr *)&addresses[4].sockaddr,
				 addresses[4].sockaddr_bytes),
		0);
	assert_true(preflight_addresses(&plan, &notes, &err) < 0);
	assert_int_equal(err.kind, ERR_TARGET);
	assert_string_equal(err.text, wanted);
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
	tree_free(tree);
}

/* As a name server may give one: the literal was refused before. */
static void a_link_local_address_without_interface(void **state)
{
	struct plan_address address = {
		.sockaddr_bytes = sizeof(struct sockaddr_in6), .text = "[fe80::1]:80"};
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address.sockaddr;
	struct plan plan = {.addresses = &address, .address_count = 1, .timeout_ns = NS_PER_S};
	struct notes notes = {0};
	struct err err = {0};

	(void)state;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(80);
	assert_int_equal(inet_pton(AF_INET6, "fe80::1", &in6->sin6_addr), 1);
	assert_true(preflight_addresses(&plan, &notes, &err) < 0);
	assert_string_equal(err.text, "cannot connect to [fe80::1]:80: a link-local address needs "
				      "its interface, which a name does not give");
}

/* A plan as plan_make makes it; released by the caller. */
static struct scenario scenario;

static void make_plan(struct plan *plan, uint32_t connections, uint32_t workers)
{
	struct err err = {0};

	scenario_init(&scenario);
	scenario.url = "http://127.0.0.1:9/";
	scenario.connections = connections;
	scenario.workers = workers;
	assert_int_equal(scenario_check(&scenario, &err), 0);
	if (plan_make(plan, &scenario, &err))
		fail_msg("%s", err.text);
}

static void memory_grows_with_connections_and_is_limited(void **state)
{
	struct plan small, large;
	struct err err = {0};
	uint64_t needed;

	(void)state;
	make_plan(&small, 1, 1);
	make_plan(&large, 100000, 1);
	assert_true(preflight_memory_bytes(&large) >
		    preflight_memory_bytes(&small) + 100000 * sizeof(uint64_t));
	needed = preflight_memory_bytes(&small);
	scenario.memory_limit_bytes = needed;
	assert_int_equal(preflight_memory(&small, &err), 0);
	scenario.memory_limit_bytes = needed - 1;
	assert_true(preflight_memory(&small, &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_non_null(strstr(err.text, "--memory allows "));
	plan_release(&small);
	plan_release(&large);
}

static void files_count_for_the_largest_worker(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan, 1001, 2);
	assert_int_equal(preflight_files_needed(&plan), 501);
	plan_release(&plan);
	/* The process itself needs some, however few the connections. */
	make_plan(&plan, 1, 1);
	assert_in_range(preflight_files_needed(&plan), 16, 64);
	plan_release(&plan);
}

/* In a child of its own, as limits only go down: its exit code. */
static int with_limits(rlim_t soft, rlim_t hard, const struct plan *plan)
{
	struct rlimit limit = {soft, hard};
	struct err err = {0};
	pid_t child = fork();
	int status;

	if (!child) {
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			_exit(100);
		if (preflight_files(plan, &err) < 0)
			_exit(err.kind == ERR_ENVIRONMENT && strstr(err.text, "ulimit -Hn 300")
					? 1
					: 2);
		getrlimit(RLIMIT_NOFILE, &limit);
		_exit(limit.rlim_cur == hard ? 0 : 3);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_soft_limit_is_raised_and_the_hard_one_told(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan, 300, 1);
	assert_int_equal(with_limits(100, 300, &plan), 0);
	assert_int_equal(with_limits(400, 400, &plan), 0);
	assert_int_equal(with_limits(100, 299, &plan), 1);
	plan_release(&plan);
}

static void a_plan_is_told_in_words(void **state)
{
	struct buf text = {0};
	struct plan plan;

	(void)state;
	make_plan(&plan, 1001, 2);
	preflight_memory_bytes(&plan);
	describe_plan(&text, &plan);
	assert_false(text.failed);
	assert_non_null(strstr(text.data, "\nLoad         closed loop, 1,001 connections\n"));
	assert_non_null(strstr(text.data, ", 501 connections, "));
	assert_non_null(strstr(text.data, ", 500 connections, "));
	assert_non_null(strstr(text.data, "\n               GET / HTTP/1.1\n"));
	assert_non_null(strstr(text.data, "Open files   a limit of 501 is needed; "));
	buf_release(&text);
	plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_refuse_are_left_out),
		cmocka_unit_test(with_none_left_every_one_is_named),
		cmocka_unit_test(unix_sockets_that_refuse_say_why),
		cmocka_unit_test(a_link_local_address_without_interface),
		cmocka_unit_test(memory_grows_with_connections_and_is_limited),
		cmocka_unit_test(files_count_for_the_largest_worker),
		cmocka_unit_test(the_soft_limit_is_raised_and_the_hard_one_told),
		cmocka_unit_test(a_plan_is_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
