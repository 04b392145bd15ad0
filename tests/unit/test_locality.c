/* SPDX-License-Identifier: MIT */
/* Where a target is: on made-up machines, and for a real socket of this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plan/address.h"
#include "plan/locality.h"
#include "tests/unit/tree.h"

/* Title line of proc/net/tcp and tcp6. */
#define TCP_TITLE                                                                             \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  " \
	"timeout inode\n"

static void write_v4(const struct tree *tree, const char *address, unsigned int port,
	const char *state, unsigned int inode)
{
	char text[1024];
	struct in_addr in;

	assert_int_equal(inet_pton(AF_INET, address, &in), 1);
	snprintf(text, sizeof(text),
		TCP_TITLE "   0: %08X:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000"
			  "     0        0 %u 1 00000000a0b8c0cf 100 0 0 10 0\n",
		in.s_addr, port, state, inode);
	tree_write(tree, "proc/net/tcp", text);
}

static void write_v6(
	const struct tree *tree, const char *address, unsigned int port, unsigned int inode)
{
	char text[1024];
	uint32_t word[4];

	assert_int_equal(inet_pton(AF_INET6, address, word), 1);
	snprintf(text, sizeof(text),
		TCP_TITLE "   0: %08X%08X%08X%08X:%04X 00000000000000000000000000000000:0000 0A "
			  "00000000:00000000 00:00000000 00000000     0        0 %u 1 "
			  "00000000a0b8c0cf 100 0 0 10 0\n",
		word[0], word[1], word[2], word[3], port, inode);
	tree_write(tree, "proc/net/tcp6", text);
}

/* A process that holds a socket, with one thread for each list of CPUs. */
static void write_process(const struct tree *tree, unsigned int pid, unsigned int inode,
	const char *const *lists, size_t count)
{
	char path[128], text[128];

	snprintf(path, sizeof(path), "proc/%u/fd/0", pid);
	tree_link(tree, path, "/dev/null");
	snprintf(path, sizeof(path), "proc/%u/fd/7", pid);
	snprintf(text, sizeof(text), "socket:[%u]", inode);
	tree_link(tree, path, text);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "proc/%u/task/%zu/status", pid, pid + i);
		snprintf(text, sizeof(text), "Name:\tx\nCpus_allowed_list:\t%s\n", lists[i]);
		tree_write(tree, path, text);
	}
}

static struct topology machine_of(const char *online, const char *allowed)
{
	struct topology topology = {0};

	assert_int_equal(cpulist_parse(&topology.online, online), 0);
	assert_int_equal(cpulist_parse(&topology.allowed, allowed), 0);
	return topology;
}

static struct locality locality_of(
	const struct tree *tree, const struct topology *topology, const char *host, uint16_t port)
{
	struct locality locality;
	struct plan_address *addresses;
	size_t count;

	assert_int_equal(address_resolve(host, port, &addresses, &count, NULL), 0);
	locality_find(&locality, tree ? tree->root : "/", topology, addresses, count);
	free(addresses);
	return locality;
}

static void assert_cpus(const struct locality *locality, const char *expected)
{
	char text[128];

	assert_string_equal(cpulist_format(text, sizeof(text), &locality->target_cpus), expected);
}

static void assert_found(const struct tree *tree, const struct topology *topology, const char *host,
	const char *expected)
{
	struct locality locality = locality_of(tree, topology, host, 80);

	assert_cpus(&locality, expected);
}

/* nginx: a master that may run anywhere and a worker on CPU 1, both holding the socket. */
static void test_bound_worker_of_an_unbound_master(void **state)
{
	static const char *const everywhere[] = {"0-1"}, *const one[] = {"1"};
	struct topology topology = machine_of("0-1", "0-1");
	struct tree *tree = tree_new();
	struct locality locality;

	(void)state;
	write_v4(tree, "0.0.0.0", 8080, "0A", 4711);
	write_process(tree, 100, 4711, everywhere, 1);
	write_process(tree, 101, 4711, one, 1);
	write_process(tree, 102, 4712, one, 1);
	locality = locality_of(tree, &topology, "127.0.0.1", 8080);
	assert_true(locality.on_this_host);
	assert_cpus(&locality, "1");
	/* Another port: nobody listens there. */
	locality = locality_of(tree, &topology, "127.0.0.1", 8081);
	assert_true(locality.on_this_host);
	assert_cpus(&locality, "");
	/* IPv6: the IPv4 wildcard does not take it. */
	locality = locality_of(tree, &topology, "::1", 8080);
	assert_true(locality.on_this_host);
	assert_cpus(&locality, "");
	tree_free(tree);
}

static void test_threads_add_up(void **state)
{
	static const char *const lists[] = {"0-15", "3", "4-5", "0-15"};
	struct topology topology = machine_of("0-15", "0-15");
	struct tree *tree = tree_new();
	struct locality locality;

	(void)state;
	write_v4(tree, "127.0.0.1", 80, "0A", 9);
	write_process(tree, 50, 9, lists, 4);
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_cpus(&locality, "3-5");
	/* Listening elsewhere on this host does not count. */
	locality = locality_of(tree, &topology, "127.0.0.2", 80);
	assert_true(locality.on_this_host);
	assert_cpus(&locality, "");
	tree_free(tree);
}

/* SO_REUSEPORT: a socket for each process. */
static void test_several_sockets(void **state)
{
	static const char *const first[] = {"1"}, *const second[] = {"2"}, *const third[] = {"3"};
	struct topology topology = machine_of("0-7", "0-7");
	struct tree *tree = tree_new();

	(void)state;
	tree_write(tree, "proc/net/tcp",
		TCP_TITLE "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 "
			  "00000000 0 0 21 "
			  "1\n"
			  "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 "
			  "00000000 0 0 22 "
			  "1\n");
	write_v6(tree, "::", 80, 23);
	write_process(tree, 50, 21, first, 1);
	write_process(tree, 51, 22, second, 1);
	write_process(tree, 52, 23, third, 1);
	assert_found(tree, &topology, "127.0.0.1", "1-3");
	assert_found(tree, &topology, "::1", "3");
	tree_free(tree);
}

static void test_only_listening_sockets_count(void **state)
{
	static const char *const one[] = {"1"};
	struct topology topology = machine_of("0-1", "0-1");
	struct tree *tree = tree_new();
	struct locality locality;

	(void)state;
	write_v4(tree, "127.0.0.1", 80, "01", 9);
	write_process(tree, 50, 9, one, 1);
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_cpus(&locality, "");
	tree_free(tree);
}

static void test_ipv6_listeners(void **state)
{
	static const char *const one[] = {"2"};
	struct topology topology = machine_of("0-3", "0-3");
	struct tree *tree = tree_new();
	struct locality locality;

	(void)state;
	/* The wildcard takes IPv4 too. */
	write_v6(tree, "::", 80, 9);
	write_process(tree, 50, 9, one, 1);
	locality = locality_of(tree, &topology, "::1", 80);
	assert_cpus(&locality, "2");
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_cpus(&locality, "2");
	write_v6(tree, "::1", 80, 9);
	locality = locality_of(tree, &topology, "::1", 80);
	assert_cpus(&locality, "2");
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_cpus(&locality, "");
	write_v6(tree, "::ffff:127.0.0.1", 80, 9);
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_cpus(&locality, "2");
	tree_free(tree);
}

/* A container: neither may leave CPUs 4-7 of 16, so the target is not bound from where we are; one
 * thread kept to a single CPU is, even where that is all we have. */
static void test_same_cpuset_is_not_bound(void **state)
{
	static const char *const same[] = {"4-7"}, *const single[] = {"4"};
	struct topology topology = machine_of("0-15", "4-7");
	struct tree *tree = tree_new();
	struct locality locality;

	(void)state;
	write_v4(tree, "127.0.0.1", 80, "0A", 9);
	write_process(tree, 50, 9, same, 1);
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_true(locality.on_this_host);
	assert_cpus(&locality, "");
	topology = machine_of("0-15", "4");
	write_process(tree, 51, 9, single, 1);
	locality = locality_of(tree, &topology, "127.0.0.1", 80);
	assert_cpus(&locality, "4");
	tree_free(tree);
}

static void test_this_hosts_addresses(void **state)
{
	static const char *const one[] = {"1"};
	struct topology topology = machine_of("0-1", "0-1");
	struct tree *tree = tree_new();

	(void)state;
	assert_false(locality_of(tree, &topology, "192.0.2.3", 80).on_this_host);
	assert_false(locality_of(tree, &topology, "2001:db8::3", 80).on_this_host);
	tree_write(tree, "proc/net/fib_trie",
		"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.0\n        /24 link UNICAST\n"
		"     |-- 192.0.2.3\n        /32 host LOCAL\n     |-- 192.0.2.255\n"
		"        /32 link BROADCAST\n");
	tree_write(tree, "proc/net/if_inet6",
		"00000000000000000000000000000001 01 80 10 80       lo\n"
		"20010db8000000000000000000000003 02 40 00 80     eth0\n");
	assert_true(locality_of(tree, &topology, "192.0.2.3", 80).on_this_host);
	assert_false(locality_of(tree, &topology, "192.0.2.255", 80).on_this_host);
	assert_false(locality_of(tree, &topology, "192.0.2.0", 80).on_this_host);
	assert_true(locality_of(tree, &topology, "2001:db8::3", 80).on_this_host);
	assert_false(locality_of(tree, &topology, "2001:db8::4", 80).on_this_host);
	/* Every word of an IPv6 address counts. */
	write_v6(tree, "2001:db8::3", 80, 9);
	write_process(tree, 50, 9, one, 1);
	assert_found(tree, &topology, "2001:db8::3", "1");
	write_v6(tree, "2001:db8:1::3", 80, 9);
	assert_found(tree, &topology, "2001:db8::3", "");
	write_v6(tree, "0:db8::3", 80, 9);
	assert_found(tree, &topology, "2001:db8::3", "");
	write_v6(tree, "2001:db8::2:0:3", 80, 9);
	assert_found(tree, &topology, "2001:db8::3", "");
	assert_true(locality_of(tree, &topology, "::ffff:192.0.2.3", 80).on_this_host);
	assert_true(locality_of(tree, &topology, "127.200.0.1", 80).on_this_host);
	assert_true(locality_of(tree, &topology, "0.0.0.0", 80).on_this_host);
	tree_free(tree);
}

/* Found by the path that was bound, or by an abstract name; not a connection of the server's. */
static void test_unix_sockets(void **state)
{
	static const char *const one[] = {"1"}, *const two[] = {"2"}, *const three[] = {"3"};
	struct topology topology = machine_of("0-3", "0-3");
	struct tree *tree = tree_new();

	(void)state;
	assert_true(locality_of(tree, &topology, "unix:/run/x.sock", 0).on_this_host);
	tree_write(tree, "proc/net/unix",
		"Num       RefCount Protocol Flags    Type St Inode Path\n"
		"000000008e3dd3c1: 00000002 00000000 00010000 0001 01 21 /run/x.sock\n"
		"0000000000000000: 00000003 00000000 00000000 0001 03 23 /run/x.sock\n"
		"0000000000000000: 00000003 00000000 00000000 0001 03 24\n"
		"0000000000000000: 00000002 00000000 00010000 0001 01 22 @a name\n");
	write_process(tree, 50, 21, one, 1);
	write_process(tree, 51, 22, two, 1);
	write_process(tree, 52, 23, three, 1);
	assert_found(tree, &topology, "unix:/run/x.sock", "1");
	assert_found(tree, &topology, "unix:@a name", "2");
	assert_found(tree, &topology, "unix:/run/x.soc", "");
	assert_found(tree, &topology, "unix:/a name", "");
	assert_found(tree, &topology, "unix:@a nam", "");
	tree_free(tree);
}

static bool is_of(const struct tree *tree, uint32_t pid, const char *host)
{
	struct plan_address *addresses;
	size_t count;
	bool is;

	assert_int_equal(address_resolve(host, 80, &addresses, &count, NULL), 0);
	is = locality_is_of(tree->root, pid, addresses, count);
	free(addresses);
	return is;
}

/* Each process shows the addresses of its own namespace. */
static void test_addresses_of_another_namespace(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	tree_write(tree, "proc/net/fib_trie", "     |-- 192.0.2.3\n        /32 host LOCAL\n");
	tree_write(tree, "proc/7/net/fib_trie", "     |-- 192.0.2.4\n        /32 host LOCAL\n");
	tree_write(tree, "proc/7/net/if_inet6",
		"20010db8000000000000000000000003 02 40 00 80     eth0\n");
	assert_true(is_of(tree, 7, "192.0.2.4"));
	assert_false(is_of(tree, 7, "192.0.2.3"));
	assert_false(is_of(tree, 8, "192.0.2.4"));
	assert_true(is_of(tree, 7, "2001:db8::3"));
	assert_false(is_of(tree, 7, "2001:db8::4"));
	assert_false(is_of(tree, 7, "unix:/run/x.sock"));
	tree_free(tree);
}

/* On the fixture with two sockets, the route decides the interface and that the node. */
static void test_node_of_the_interface(void **state)
{
	static const struct {
		const char *host;
		int node;
	} cases[] = {
		{"198.51.100.1", 0}, /* default route */
		{"192.0.2.9", 0},    /* eth0's own network */
		{"10.9.9.9", 1},     /* behind eth1 */
		{"10.0.1.9", 1},     /* a longer prefix leads to an interface that is down */
		{"127.0.0.1", -1},   /* this host */
		{"2001:db8::1", -1}, /* IPv6 routes are not read */
	};
	struct tree fixture = {"tests/fixtures/topology/two-sockets"};
	struct topology topology;

	(void)state;
	assert_int_equal(topology_read(&topology, fixture.root, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(locality_of(&fixture, &topology, cases[i].host, 80).near_node,
			cases[i].node);
	topology_release(&topology);
}

static void test_interface_without_a_node(void **state)
{
	struct topology topology = machine_of("0-1", "0-1");
	struct tree *tree = tree_new();

	(void)state;
	tree_write(tree, "proc/net/route",
		"Iface\tDestination\tGateway\n"
		"eth0\t00000000\t00000000\t0001\t0\t0\t20\t00000000\t0\t0\t0\n"
		"eth1\t00000000\t00000000\t0001\t0\t0\t10\t00000000\t0\t0\t0\n");
	assert_int_equal(locality_of(tree, &topology, "192.0.2.3", 80).near_node, -1);
	tree_write(tree, "sys/class/net/eth0/device/numa_node", "5\n");
	assert_int_equal(locality_of(tree, &topology, "192.0.2.3", 80).near_node, -1);
	/* The lower metric wins. */
	tree_write(tree, "sys/class/net/eth1/device/numa_node", "1\n");
	assert_int_equal(locality_of(tree, &topology, "192.0.2.3", 80).near_node, 1);
	tree_write(tree, "sys/class/net/eth1/device/numa_node", "-1\n");
	assert_int_equal(locality_of(tree, &topology, "192.0.2.3", 80).near_node, -1);
	tree_free(tree);
}

/* The real /proc: this process listens, bound to one CPU. */
static void check_real_socket(const char *host, int family)
{
	struct topology topology;
	struct sockaddr_storage bound = {0};
	socklen_t bytes = sizeof(bound);
	struct locality locality;
	cpu_set_t before, one;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned int cpu;

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &bytes), 0);
	assert_int_equal(topology_read(&topology, "/", NULL), 0);
	cpu = cpulist_next(&topology.allowed, 0);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	/* The port lies at the same place for both families. */
	locality = locality_of(
		NULL, &topology, host, ntohs(((struct sockaddr_in *)&bound)->sin_port));
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	close(fd);
	assert_true(locality.on_this_host);
	assert_int_equal(cpulist_count(&locality.target_cpus), 1);
	assert_true(cpulist_has(&locality.target_cpus, cpu));
	topology_release(&topology);
}

static void test_real_sockets(void **state)
{
	(void)state;
	check_real_socket("127.0.0.1", AF_INET);
	check_real_socket("::1", AF_INET6);
	check_real_socket("127.0.0.1", AF_INET6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound_worker_of_an_unbound_master),
		cmocka_unit_test(test_threads_add_up),
		cmocka_unit_test(test_several_sockets),
		cmocka_unit_test(test_only_listening_sockets_count),
		cmocka_unit_test(test_ipv6_listeners),
		cmocka_unit_test(test_same_cpuset_is_not_bound),
		cmocka_unit_test(test_this_hosts_addresses),
		cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_addresses_of_another_namespace),
		cmocka_unit_test(test_node_of_the_interface),
		cmocka_unit_test(test_interface_without_a_node),
		cmocka_unit_test(test_real_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
