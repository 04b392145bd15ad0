/* SPDX-License-Identifier: MIT */
/* Who listens on a port: on made-up machines, and with real sockets in two namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/netns.h"
#include "observe/listener.h"
#include "tests/unit/tree.h"

#define TCP_TITLE                                                                             \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  " \
	"timeout inode\n"
#define V4(port, state, inode)                                                          \
	"   0: 0100007F:" port " 00000000:0000 " state " 00000000:00000000 00:00000000" \
	" 00000000     0        0 " inode " 1 00000000a0b8c0cf 100 0 0 10 0\n"
#define V6(port, state, inode)                                                           \
	"   0: 00000000000000000000000001000000:" port                                   \
	" 00000000000000000000000000000000:0000 " state " 00000000:00000000 00:00000000" \
	" 00000000     0        0 " inode " 1 00000000a0b8c0cf 100 0 0 10 0\n"

#define PORT 8080 /* 1F90 */

/* A process of a namespace, with one socket; netns or inode 0: without. */
static void write_process(
	const struct tree *tree, unsigned int pid, unsigned int netns, unsigned int inode)
{
	char path[128], to[128];

	snprintf(path, sizeof(path), "proc/%u/fd/0", pid);
	tree_link(tree, path, "/dev/null");
	if (inode) {
		snprintf(path, sizeof(path), "proc/%u/fd/7", pid);
		snprintf(to, sizeof(to), "socket:[%u]", inode);
		tree_link(tree, path, to);
	}
	if (netns) {
		snprintf(path, sizeof(path), "proc/%u/ns/net", pid);
		snprintf(to, sizeof(to), "net:[%u]", netns);
		tree_link(tree, path, to);
	}
}

static void write_table(
	const struct tree *tree, unsigned int pid, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "proc/%u/net/%s", pid, name);
	tree_write(tree, path, text);
}

static void test_a_master_and_its_worker(void **state)
{
	struct tree *tree = tree_new();
	struct listener found[4];

	(void)state;
	write_process(tree, 10, 500, 0);
	write_process(tree, 20, 500, 4711);
	write_process(tree, 21, 500, 4711);
	write_process(tree, 22, 500, 4712);
	/* Each process shows the sockets of its namespace; one that cannot be read is no loss. */
	write_table(tree, 10, "tcp", TCP_TITLE V4("1F90", "0A", "4711") V4("1F91", "0A", "4712"));
	write_table(tree, 20, "tcp", TCP_TITLE V4("1F90", "0A", "4711") V4("1F91", "0A", "4712"));
	assert_int_equal(listener_find(found, 4, tree->root, PORT), 2);
	assert_int_equal(found[0].pid + found[1].pid, 41);
	assert_int_equal(found[0].netns, 500);
	/* More than there is room for are counted all the same. */
	assert_int_equal(listener_find(found, 1, tree->root, PORT), 2);
	assert_int_equal(listener_find(NULL, 0, tree->root, PORT), 2);
	assert_int_equal(listener_find(found, 4, tree->root, PORT + 1), 1);
	assert_int_equal(found[0].pid, 22);
	assert_int_equal(listener_find(found, 4, tree->root, PORT + 2), 0);
	tree_free(tree);
}

static void test_another_namespace_and_ipv6(void **state)
{
	struct tree *tree = tree_new();
	struct listener found[4];

	(void)state;
	write_process(tree, 10, 500, 0);
	write_table(tree, 10, "tcp", TCP_TITLE);
	write_process(tree, 30, 600, 99);
	write_table(tree, 30, "tcp", TCP_TITLE);
	write_table(tree, 30, "tcp6", TCP_TITLE V6("1F90", "0A", "99"));
	assert_int_equal(listener_find(found, 4, tree->root, PORT), 1);
	assert_int_equal(found[0].pid, 30);
	assert_int_equal(found[0].netns, 600);
	tree_free(tree);
}

static void test_only_listening_sockets_count(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	write_process(tree, 10, 500, 4711);
	write_table(tree, 10, "tcp", TCP_TITLE V4("1F91", "0A", "1") V4("1F90", "01", "4711"));
	assert_int_equal(listener_find(NULL, 0, tree->root, PORT), 0);
	tree_free(tree);
}

/* Another user's server: the socket shows, the process's descriptors do not. */
static void test_a_process_that_cannot_be_seen(void **state)
{
	struct tree *tree = tree_new();
	struct listener found[4];

	(void)state;
	write_process(tree, 10, 500, 0);
	write_process(tree, 20, 0, 0);
	write_table(tree, 10, "tcp", TCP_TITLE V4("1F90", "0A", "4711") V4("1F90", "0A", "4712"));
	assert_int_equal(listener_find(found, 4, tree->root, PORT), 1);
	assert_int_equal(found[0].pid, 0);
	assert_int_equal(found[0].netns, 500);
	tree_free(tree);
}

static void test_unix_sockets(void **state)
{
	static const char *const table =
		"Num       RefCount Protocol Flags    Type St Inode Path\n"
		"0000000000000000: 00000003 00000000 00000000 0001 03 23 /run/x.sock\n"
		"0000000000000000: 00000002 00000000 00010000 0001 01 21 /run/x.sock\n"
		"0000000000000000: 00000002 00000000 00010000 0001 01 22 @name\n";
	struct tree *tree = tree_new();
	struct listener found[4];

	(void)state;
	write_process(tree, 10, 500, 21);
	write_process(tree, 11, 500, 22);
	write_process(tree, 12, 500, 23);
	write_process(tree, 20, 600, 31);
	write_table(tree, 10, "unix", table);
	write_table(tree, 20, "unix",
		"0000000000000000: 00000002 00000000 00010000 0001 01 31 @name\n");
	assert_int_equal(listener_find_unix(found, 4, tree->root, "/run/x.sock"), 1);
	assert_int_equal(found[0].pid, 10);
	assert_int_equal(found[0].netns, 500);
	assert_int_equal(listener_find_unix(found, 4, tree->root, "@name"), 2);
	assert_int_equal(found[0].pid + found[1].pid, 31);
	assert_int_equal(listener_find_unix(found, 4, tree->root, "/run/x.soc"), 0);
	assert_int_equal(listener_find_unix(found, 4, tree->root, "/run/x.sock2"), 0);
	assert_int_equal(listener_find_unix(found, 4, tree->root, "name"), 0);
	tree_free(tree);
}

static void test_an_empty_machine(void **state)
{
	struct tree *tree = tree_new();

	(void)state;
	assert_int_equal(listener_find(NULL, 0, tree->root, PORT), 0);
	tree_free(tree);
}

/* A socket that listens on a port of the kernel's choice. */
static int listen_somewhere(int family, uint16_t *port)
{
	struct sockaddr_storage bound = {0};
	socklen_t bytes = sizeof(bound);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &bytes), 0);
	/* The port lies at the same place for both families. */
	*port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

static void check_real(int family)
{
	struct listener found[4] = {{0}};
	struct stat own;
	uint16_t port;
	int fd = listen_somewhere(family, &port);
	size_t count = listener_find(found, 4, "/", port);

	close(fd);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].pid, getpid());
	assert_int_equal(stat("/proc/self/ns/net", &own), 0);
	assert_int_equal(found[0].netns, own.st_ino);
	/* Closed sockets are gone. */
	assert_int_equal(listener_find(found, 4, "/", port), 0);
}

static void test_real_sockets(void **state)
{
	(void)state;
	check_real(AF_INET);
	check_real(AF_INET6);
}

/* A child that lives in a namespace of its own and listens there, until its pipe is closed. */
static pid_t listen_inside(const struct netns *netns, uint16_t *port, int *hold)
{
	int told[2], held[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(held), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(held[1]);
		if (netns_enter(netns, NULL))
			_exit(1);
		listen_somewhere(AF_INET, port);
		if (write(told[1], port, sizeof(*port)) != sizeof(*port))
			_exit(1);
		_exit(read(held[0], &byte, 1) != 0);
	}
	close(told[1]);
	close(held[0]);
	assert_int_equal(read(told[0], port, sizeof(*port)), sizeof(*port));
	close(told[0]);
	*hold = held[1];
	return child;
}

static void test_a_real_socket_in_another_namespace(void **state)
{
	struct listener found[4] = {{0}};
	struct netns netns;
	struct stat inside;
	uint16_t port;
	size_t count;
	pid_t child;
	int hold;

	(void)state;
	if (netns_open(&netns, NULL) < 0)
		skip(); /* needs CAP_SYS_ADMIN */
	assert_int_equal(fstat(netns.inside_fd, &inside), 0);
	child = listen_inside(&netns, &port, &hold);
	count = listener_find(found, 4, "/", port);
	close(hold);
	waitpid(child, NULL, 0);
	netns_close(&netns);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].pid, child);
	assert_int_equal(found[0].netns, inside.st_ino);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_master_and_its_worker),
		cmocka_unit_test(test_another_namespace_and_ipv6),
		cmocka_unit_test(test_only_listening_sockets_count),
		cmocka_unit_test(test_a_process_that_cannot_be_seen),
		cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_an_empty_machine),
		cmocka_unit_test(test_real_sockets),
		cmocka_unit_test(test_a_real_socket_in_another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
