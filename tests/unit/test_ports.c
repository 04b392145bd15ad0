/* SPDX-License-Identifier: MIT */
/* The budget of local ports: what the kernel offers against what a plan needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "plan/ports.h"
#include "tests/unit/tree.h"

static struct ports read_from(
	struct tree *tree, const char *range, const char *reserved, const char *reuse)
{
	struct ports ports;

	tree_write(tree, "proc/sys/net/ipv4/ip_local_port_range", range);
	tree_write(tree, "proc/sys/net/ipv4/ip_local_reserved_ports", reserved);
	tree_write(tree, "proc/sys/net/ipv4/tcp_tw_reuse", reuse);
	ports_read(&ports, tree->root);
	return ports;
}

static void the_kernels_settings_are_read(void **state)
{
	struct tree *tree = tree_new();
	struct ports ports;

	(void)state;
	ports_read(&ports, tree->root); /* nothing there: the kernel's defaults */
	assert_int_equal(ports.lowest, 32768);
	assert_int_equal(ports.highest, 60999);
	assert_int_equal(ports.reserved, 0);
	assert_int_equal(ports.tw_reuse, 2);
	ports = read_from(tree, "1024\t65535\n", "\n", "0\n");
	assert_int_equal(ports.lowest, 1024);
	assert_int_equal(ports.highest, 65535);
	assert_int_equal(ports.reserved, 0);
	assert_int_equal(ports.tw_reuse, 0);
	ports = read_from(tree, "40000\t40099\n", "80,8080,39990-40009,40050,40090-50000\n", "1\n");
	assert_int_equal(ports.reserved, 10 + 1 + 10);
	assert_int_equal(ports.tw_reuse, 1);
	tree_free(tree);
}

static struct plan_address addresses[3];
static struct plan plan;
static const struct ports usual = {.lowest = 40000, .highest = 40099, .tw_reuse = 2};

static void make_plan(uint32_t connections)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&addresses[0].sockaddr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addresses[1].sockaddr;

	memset(addresses, 0, sizeof(addresses));
	v4->sin_family = AF_INET;
	inet_pton(AF_INET, "10.0.0.1", &v4->sin_addr);
	strcpy(addresses[0].text, "10.0.0.1:80");
	v6->sin6_family = AF_INET6;
	v6->sin6_addr = in6addr_loopback;
	strcpy(addresses[1].text, "[::1]:80");
	addresses[2].sockaddr.ss_family = AF_UNIX;
	plan = (struct plan){
		.addresses = addresses, .address_count = 1, .connections = connections};
}

static void as_many_connections_as_ports_fit(void **state)
{
	struct err err = {ERR_NONE, ""};
	struct ports ports = usual;

	(void)state;
	make_plan(100);
	assert_int_equal(ports_check(&ports, &plan, &err), 0);
	plan.connections = 101;
	assert_true(ports_check(&ports, &plan, &err) < 0);
	assert_int_equal(err.kind, ERR_ENVIRONMENT);
	assert_string_equal(err.text,
		"101 connections to 10.0.0.1:80 need as many local ports, there are 100: connect "
		"from more addresses with --source, as in --source 127.0.0.0/24 for a target on "
		"this host, or widen the range with \"sysctl -w "
		"net.ipv4.ip_local_port_range='1024 65535'\" (it is 40000 to 40099, 0 of them "
		"reserved)");
	ports.reserved = 1;
	plan.connections = 100;
	assert_true(ports_check(&ports, &plan, &err) < 0);
}

/* A port serves as many connections as there are pairs of addresses. */
static void addresses_of_either_side_multiply(void **state)
{
	struct source_range ranges[] = {
		{.family = AF_INET, .count = 3}, {.family = AF_INET6, .count = 1}};
	struct err err = {ERR_NONE, ""};
	struct ports_budget budget;

	(void)state;
	make_plan(200);
	plan.address_count = 2;
	assert_int_equal(ports_check(&usual, &plan, &err), 0);
	plan.connections = 201;
	assert_true(ports_check(&usual, &plan, &err) < 0);
	plan.sources.ranges = ranges;
	plan.sources.range_count = 2;
	assert_true(ports_budget(&usual, &plan, 0, &budget));
	assert_int_equal(budget.sources, 3);
	assert_int_equal(budget.available, 300);
	assert_int_equal(budget.open, 101);
	assert_true(ports_budget(&usual, &plan, 1, &budget));
	assert_int_equal(budget.available, 100);
	assert_int_equal(budget.open, 100);
	assert_int_equal(ports_check(&usual, &plan, &err), 0);
}

static void a_unix_socket_needs_none(void **state)
{
	struct ports_budget budget;
	struct err err = {ERR_NONE, ""};

	(void)state;
	make_plan(100000);
	plan.addresses = &addresses[2];
	assert_false(ports_budget(&usual, &plan, 0, &budget));
	assert_int_equal(ports_check(&usual, &plan, &err), 0);
}

static struct ports_budget lingering(size_t address, unsigned int tw_reuse)
{
	struct ports ports = usual;
	struct ports_budget budget;

	ports.tw_reuse = tw_reuse;
	assert_true(ports_budget(&ports, &plan, address, &budget));
	return budget;
}

static void time_wait_is_foreseen(void **state)
{
	(void)state;
	make_plan(10);
	plan.open_loop = true;
	plan.rate_mrps = 500000;
	assert_int_equal(lingering(0, 2).linger_s, 0); /* they are kept */
	plan.no_keepalive = true;
	assert_int_equal(lingering(0, 2).linger_s, 60);
	assert_int_equal(lingering(0, 2).lingering, 30000);
	assert_int_equal(lingering(0, 1).linger_s, 1);
	assert_int_equal(lingering(0, 1).lingering, 500);
	plan.address_count = 2;
	assert_int_equal(lingering(0, 0).lingering, 15000);
	assert_int_equal(lingering(1, 2).lingering, 250); /* loopback */
	assert_int_equal(lingering(1, 0).lingering, 15000);
	plan.open_loop = false;
	assert_false(lingering(0, 2).has_lingering);
	assert_int_equal(lingering(0, 2).linger_s, 60);
	plan.reset_on_close = true;
	assert_int_equal(lingering(0, 2).linger_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_settings_are_read),
		cmocka_unit_test(as_many_connections_as_ports_fit),
		cmocka_unit_test(addresses_of_either_side_multiply),
		cmocka_unit_test(a_unix_socket_needs_none),
		cmocka_unit_test(time_wait_is_foreseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
