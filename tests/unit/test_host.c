/* SPDX-License-Identifier: MIT */
/* What a host counts by itself: on made-up machines, and on this one. */
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

#include "observe/host.h"
#include "tests/unit/tree.h"

#define NETSTAT(cookies, qfull, overflows, drops)                                      \
	"TcpExt: SyncookiesSent TW TCPReqQFullDrop ListenOverflows ListenDrops Last\n" \
	"TcpExt: " #cookies " 5 " #qfull " " #overflows " " #drops " 9\n"              \
	"IpExt: InNoRoutes ListenDrops\nIpExt: 3 4\n"

static uint64_t ticks(uint64_t count)
{
	return count * 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void test_counts_of_the_servers_namespace(void **state)
{
	struct tree *tree = tree_new();
	struct host host;

	(void)state;
	tree_write(tree, "proc/net/netstat", NETSTAT(1, 2, 3, 4));
	tree_write(tree, "proc/42/net/netstat", NETSTAT(11, 12, 13, 14));
	host_read(&host, tree->root, 42);
	assert_true(host.has_netstat);
	assert_null(host.netstat_reason);
	assert_int_equal(host.netstat[HOST_SYN_COOKIES], 11);
	assert_int_equal(host.netstat[HOST_REQ_QFULL_DROP], 12);
	assert_int_equal(host.netstat[HOST_LISTEN_OVERFLOWS], 13);
	assert_int_equal(host.netstat[HOST_LISTEN_DROPS], 14);
	/* Without a process the caller's own. */
	host_read(&host, tree->root, 0);
	assert_true(host.has_netstat);
	assert_int_equal(host.netstat[HOST_LISTEN_DROPS], 4);
	host_read(&host, tree->root, 43);
	assert_false(host.has_netstat);
	assert_non_null(host.netstat_reason);
	tree_free(tree);
}

static void assert_no_netstat(const struct tree *tree, const char *text)
{
	struct host host;

	tree_write(tree, "proc/net/netstat", text);
	host_read(&host, tree->root, 0);
	assert_false(host.has_netstat);
	assert_string_equal(host.netstat_reason, "this kernel does not count lost connections");
}

static void test_another_kernels_counts(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	assert_no_netstat(tree, "");
	assert_no_netstat(tree, "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 1 2\n");
	/* Values are missing. */
	assert_no_netstat(tree,
		"TcpExt: SyncookiesSent TCPReqQFullDrop ListenOverflows ListenDrops\n"
		"TcpExt: 1 2\nIpExt: 3 4 5 6\n");
	assert_no_netstat(
		tree, "TcpExt: SyncookiesSent TCPReqQFullDrop ListenOverflows ListenDrops");
	tree_free(tree);
}

static void test_what_the_cpus_did(void **state)
{
	struct tree *tree = tree_new();
	struct host host;

	(void)state;
	/* A guest's time is in user and nice already. */
	tree_write(tree, "proc/stat",
		"cpu  100 20 30 4000 50 6 7 80 9 10\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
	host_read(&host, tree->root, 0);
	assert_true(host.has_softirq);
	assert_int_equal(host.softirq_ns, ticks(7));
	assert_int_equal(host.total_ns, ticks(4293));
	tree_write(tree, "proc/stat", "cpu  100 20\n");
	host_read(&host, tree->root, 0);
	assert_false(host.has_softirq);
	assert_non_null(host.softirq_reason);
	assert_int_equal(host.total_ns, 0);
	tree_free(tree);
}

static void test_throttling_is_the_servers(void **state)
{
	struct tree *tree = tree_new();
	struct host host;

	(void)state;
	tree_write(tree, "proc/self/cgroup", "0::/mine\n");
	tree_write(tree, "proc/42/cgroup", "0::/its\n");
	tree_write(tree, "sys/fs/cgroup/mine/cpu.stat", "nr_throttled 1\nthrottled_usec 1\n");
	tree_write(tree, "sys/fs/cgroup/its/cpu.stat", "nr_throttled 2\nthrottled_usec 3\n");
	host_read(&host, tree->root, 42);
	assert_true(host.has_throttled);
	assert_int_equal(host.throttled_ns, 3000);
	assert_int_equal(host.throttled_periods, 2);
	host_read(&host, tree->root, 0);
	assert_false(host.has_throttled);
	assert_non_null(host.throttled_reason);
	tree_free(tree);
}

static struct host whole(uint64_t base)
{
	struct host host = {
		.has_netstat = true,
		.netstat = {base, base + 1, base + 2, base + 3},
		.has_softirq = true,
		.softirq_ns = base + 4,
		.total_ns = base + 50,
		.has_throttled = true,
		.throttled_ns = base + 6,
		.throttled_periods = base + 7,
	};

	return host;
}

static void test_a_window_is_the_difference(void **state)
{
	struct host later = whole(150), earlier = whole(100);

	(void)state;
	host_subtract(&later, &earlier);
	for (size_t i = 0; i < HOST_NETSTAT_COUNT; i++)
		assert_int_equal(later.netstat[i], 50);
	assert_int_equal(later.softirq_ns, 50);
	assert_int_equal(later.total_ns, 50);
	assert_int_equal(later.throttled_ns, 50);
	assert_int_equal(later.throttled_periods, 50);
	assert_true(later.has_netstat && later.has_softirq && later.has_throttled);
}

static void test_what_either_lacks_is_lacking(void **state)
{
	struct host later = whole(150),
		    earlier = {
			    .netstat_reason = "a", .softirq_reason = "b", .throttled_reason = "c"};

	(void)state;
	host_subtract(&later, &earlier);
	assert_false(later.has_netstat || later.has_softirq || later.has_throttled);
	assert_string_equal(later.netstat_reason, "a");
	assert_string_equal(later.softirq_reason, "b");
	assert_string_equal(later.throttled_reason, "c");
	later = earlier;
	earlier = whole(100);
	host_subtract(&later, &earlier);
	assert_false(later.has_netstat || later.has_softirq || later.has_throttled);
	assert_string_equal(later.netstat_reason, "a");
	assert_string_equal(later.throttled_reason, "c");
}

/* A process that restarted in another group or namespace. */
static void test_counters_that_went_back_say_nothing(void **state)
{
	struct host later = whole(150), earlier = whole(100);

	(void)state;
	earlier.netstat[HOST_SYN_COOKIES] = 1000;
	earlier.throttled_periods = 1000;
	host_subtract(&later, &earlier);
	assert_false(later.has_netstat || later.has_throttled);
	assert_true(later.has_softirq);
	assert_non_null(later.netstat_reason);
	assert_non_null(later.throttled_reason);
}

static void test_keys(void **state)
{
	(void)state;
	assert_string_equal(host_count_key(HOST_LISTEN_OVERFLOWS), "listen_overflows");
	assert_string_equal(host_count_key(HOST_LISTEN_DROPS), "listen_drops");
	assert_string_equal(host_count_key(HOST_SYN_COOKIES), "syn_cookies");
	assert_string_equal(host_count_key(HOST_REQ_QFULL_DROP), "req_qfull_drop");
}

/* Connects without waiting for an answer, as the queue is full. */
static int knock(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	connect(fd, (const struct sockaddr *)address, sizeof(*address));
	return fd;
}

/* The real kernel: a queue of one, and nobody who accepts. */
static void test_an_overflow_is_counted(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int fds[8], fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct host before, after;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	host_read(&before, "/", (uint32_t)getpid());
	for (size_t i = 0; i < 8; i++)
		fds[i] = knock(&address);
	usleep(50000);
	host_read(&after, "/", (uint32_t)getpid());
	for (size_t i = 0; i < 8; i++)
		close(fds[i]);
	close(fd);
	host_subtract(&after, &before);
	assert_true(after.has_netstat);
	assert_true(after.netstat[HOST_LISTEN_OVERFLOWS] >= 1);
	assert_true(after.netstat[HOST_LISTEN_DROPS] >= after.netstat[HOST_LISTEN_OVERFLOWS]);
	assert_true(after.has_softirq);
	assert_true(after.total_ns > 0 && after.softirq_ns <= after.total_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_of_the_servers_namespace),
		cmocka_unit_test(test_another_kernels_counts),
		cmocka_unit_test(test_what_the_cpus_did),
		cmocka_unit_test(test_throttling_is_the_servers),
		cmocka_unit_test(test_a_window_is_the_difference),
		cmocka_unit_test(test_what_either_lacks_is_lacking),
		cmocka_unit_test(test_counters_that_went_back_say_nothing),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_an_overflow_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
