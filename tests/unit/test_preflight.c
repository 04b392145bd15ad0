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
#include "plan/plan.h"
#include "run/describe.h"
#include "run/preflight.h"

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
	char kept[2][PLAN_ADDRESS_TEXT_BYTES], wanted[256];

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
	char wanted[256];

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
		cmocka_unit_test(memory_grows_with_connections_and_is_limited),
		cmocka_unit_test(files_count_for_the_largest_worker),
		cmocka_unit_test(the_soft_limit_is_raised_and_the_hard_one_told),
		cmocka_unit_test(a_plan_is_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
