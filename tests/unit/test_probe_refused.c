/* SPDX-License-Identifier: MIT */
/* The kernel probe where programs, rights or BTF are missing: the next program serves as well, or
 * the sentence says what is missing. Needs root. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loader/loader.h"
#include "tests/unit/probe_peer.h"

/* The sentence with which it does not open while these programs are refused. */
static void refused(struct err *err, const char *programs)
{
	struct probe_options options = {.ports = {1}, .port_count = 1};
	struct probe *probe;

	memset(err, 0, sizeof(*err));
	setenv(LOADER_REFUSE_VARIABLE, programs, 1);
	assert_true(probe_open(&probe, &options, err) < 0);
	unsetenv(LOADER_REFUSE_VARIABLE);
	assert_null(probe);
	assert_int_equal(err->kind, ERR_ENVIRONMENT);
}

static void each_core_program_refused_is_told_with_its_stage(void **state)
{
	static const struct {
		const char *programs, *stage;
	} cores[] = {
		{"birth_state,birth_function", "\"birth\": tp_btf/inet_sock_set_state"},
		{"arrival_probe,arrival_function", "\"arrival\": tp_btf/tcp_probe"},
		{"read_adjust,read_function,read_length", "\"read\": tp_btf/tcp_rcv_space_adjust"},
		{"send_locked,send_function,send_length", "\"send\": tp_btf/tcp_sendmsg_locked"},
		{"schedule_switch", "\"schedule\": tp_btf/sched_switch"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++) {
		refused(&err, cores[i].programs);
		if (!strstr(err.text, cores[i].stage) ||
			!strstr(err.text, "refused by RINGLOAD_REFUSE_BPF"))
			fail_msg("%s", err.text);
	}
}

static void the_next_program_counts_as_well(void **state)
{
	struct peer_server server;
	struct probe *probe;
	struct peer peer;

	(void)state;
	setenv(LOADER_REFUSE_VARIABLE,
		"send_locked,send_function,read_adjust,read_function,end_destroy,end_function,"
		"walk_tcp",
		1);
	peer_open(&server, NULL, NULL);
	probe = probe_peer_open(&server, NULL);
	unsetenv(LOADER_REFUSE_VARIABLE);
	assert_string_equal(probe_peer_hook(probe, "send")->hook, "tp_btf/sock_send_length");
	assert_non_null(strstr(probe_peer_hook(probe, "send")->missing,
		"tp_btf/tcp_sendmsg_locked, fentry/tcp_sendmsg_locked: refused by "
		"RINGLOAD_REFUSE_BPF; seen at the end"));
	assert_string_equal(probe_peer_hook(probe, "read")->hook, "tp_btf/sock_recv_length");
	assert_null(probe_peer_hook(probe, "tx")->hook);
	assert_string_equal(
		probe_peer_hook(probe, "tx")->missing, "sends are seen when they are over");
	assert_null(probe_peer_hook(probe, "end")->hook);
	assert_false(probe_peer_hook(probe, "end")->core);
	assert_null(probe_peer_hook(probe, "walk")->hook);
	peer_connect(&peer, &server);
	probe_begin(probe, clock_now_ns());
	probe_peer_ask(&peer, "/", 10);
	probe_end(probe, clock_now_ns());
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_REQUESTS), 10);
	assert_int_equal(stages_samples(probe_stages(probe), PROBE_ABI_TX), 0);
	peer_disconnect(&peer);
	probe_close(probe);
	peer_close(&server);
}

static void the_way_to_the_device_is_seen_from_its_queue_too(void **state)
{
	struct peer_server server;
	struct probe *probe;
	struct peer peer;

	(void)state;
	peer_open(&server, NULL, NULL);
	setenv(LOADER_REFUSE_VARIABLE, "tx_start", 1);
	probe = probe_peer_open(&server, NULL);
	unsetenv(LOADER_REFUSE_VARIABLE);
	assert_string_equal(probe_peer_hook(probe, "tx")->hook, "tp_btf/net_dev_queue");
	peer_connect(&peer, &server);
	probe_begin(probe, clock_now_ns());
	probe_peer_ask(&peer, "/", 10);
	probe_end(probe, clock_now_ns());
	assert_int_equal(stages_samples(probe_stages(probe), PROBE_ABI_TX), 10);
	assert_int_equal(stages_samples(probe_stages(probe), PROBE_ABI_RX_PATH), 10);
	peer_disconnect(&peer);
	probe_close(probe);
	peer_close(&server);
}

/* Runs in a child: its exit status is 0 when opening fails with all these words. */
static int fails_with(const char *first, const char *second)
{
	struct probe_options options = {.ports = {1}, .port_count = 1};
	struct probe *probe;
	struct err err = {0};

	if (probe_open(&probe, &options, &err) == 0)
		return 2;
	if (strstr(err.text, first) && strstr(err.text, second))
		return 0;
	print_message("%s\n", err.text);
	return 3;
}

static void assert_child_ends_well(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_user_without_rights_is_told_which_and_what_grants_them(void **state)
{
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(setgid(65534) || setuid(65534)
				? 1
				: fails_with("it needs the capabilities CAP_BPF and CAP_PERFMON",
					  "setcap cap_bpf,cap_perfmon"));
	assert_child_ends_well(child);
}

static int hide_btf(void)
{
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL) ||
	       mount("none", "/boot", "tmpfs", 0, NULL);
}

static void a_kernel_without_btf_is_told(void **state)
{
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(hide_btf() ? 1
				 : fails_with("\"birth\"",
					   "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)"));
	assert_child_ends_well(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_core_program_refused_is_told_with_its_stage),
		cmocka_unit_test(the_next_program_counts_as_well),
		cmocka_unit_test(the_way_to_the_device_is_seen_from_its_queue_too),
		cmocka_unit_test(a_user_without_rights_is_told_which_and_what_grants_them),
		cmocka_unit_test(a_kernel_without_btf_is_told),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "not permitted to load BPF programs\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
