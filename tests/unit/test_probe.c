/* SPDX-License-Identifier: MIT */
/* The kernel probe on the embedded server in this very process: counts are exact, filters filter,
 * nothing is left behind. Needs root. */
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "base/clock.h"
#include "probe/probe.h"
#include "tests/unit/probe_peer.h"

#define PEERS 4

static const char *const routes[] = {
	"/spin service=fixed:2ms by=spin", "/slow service=fixed:10s", NULL};

/* Ticks as long as it was told to, until the deadline. */
static void tick_until(struct probe *probe, uint64_t deadline_ns)
{
	uint64_t next_ns = probe_tick(probe, clock_now_ns());

	while (next_ns < deadline_ns) {
		clock_sleep_until(next_ns);
		next_ns = probe_tick(probe, clock_now_ns());
	}
	clock_sleep_until(deadline_ns);
}

static void every_request_is_counted_and_its_parts_add_up(void **state)
{
	struct peer_server server;
	struct peer peers[PEERS], late;
	struct stages_mix mix;
	struct probe *probe;
	double sum_ns = 0, cost_ns;
	const char *reason;
	uint64_t begin_ns;

	(void)state;
	peer_open(&server, routes, NULL);
	for (int i = 0; i < PEERS; i++) {
		peer_connect(&peers[i], &server);
		probe_peer_ask(&peers[i], "/", 1);
	}
	probe = probe_peer_open(&server, NULL);
	probe_peer_ask(&peers[0], "/", 3);
	begin_ns = clock_now_ns();
	probe_begin(probe, begin_ns);
	for (int i = 0; i < PEERS; i++)
		probe_peer_ask(&peers[i], i == 0 ? "/spin" : "/", 25);
	/* What the programs cost is looked at in the second epoch, and held against its requests.
	 */
	tick_until(probe, begin_ns + 150 * NS_PER_MS);
	peer_connect(&late, &server);
	probe_peer_ask(&late, "/", 10);
	tick_until(probe, begin_ns + 320 * NS_PER_MS);
	probe_end(probe, clock_now_ns());

	assert_int_equal(probe_peer_count(probe, PROBE_ABI_REQUESTS), PEERS * 25 + 10);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_SEEDED), PEERS);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_OPENED), 1);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_HANDOFFS), 0);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_UNATTRIBUTED), 0);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_NO_ARRIVAL), 0);
	assert_int_equal(probe_requests(probe), PEERS * 25 + 13);
	assert_int_equal(probe_sample(probe), 1);
	stages_mix_all(probe_stages(probe), &mix);
	assert_int_equal(mix.attributed, PEERS * 25 + 10);
	for (int i = 0; i < PROBE_ABI_PARTS; i++)
		sum_ns += stages_mean_ns(probe_stages(probe), (enum probe_abi_stage)i);
	assert_true(sum_ns > 0.999 * mix.residence_mean_ns);
	assert_true(sum_ns < 1.001 * mix.residence_mean_ns);
	/* 25 of 110 spun until 2 ms had passed, on the CPU or waiting to get it back. */
	assert_true(stages_mean_ns(probe_stages(probe), PROBE_ABI_APP_CPU) +
			    stages_mean_ns(probe_stages(probe), PROBE_ABI_APP_RUNQ) >
		    2e6 * 25 / 110);
	if (!probe_overhead_ns(probe, &cost_ns, &reason))
		fail_msg("%s", reason);
	assert_true(cost_ns > 0);
	for (int i = 0; i < PEERS; i++)
		peer_disconnect(&peers[i]);
	peer_disconnect(&late);
	probe_close(probe);
	peer_close(&server);
}

/* Of what ask sends for one. */
static uint64_t request_bytes(const char *path)
{
	return strlen("GET ") + strlen(path) + strlen(" HTTP/1.1\r\nHost: test\r\n\r\n");
}

static const struct probe_abi_slow *row_at(
	const struct probe_abi_slow *rows, size_t count, uint64_t offset_bytes)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].offset_bytes == offset_bytes)
			return &rows[i];
	fail_msg("there is no row at byte %llu", (unsigned long long)offset_bytes);
	return NULL;
}

static void threads_and_slowest_are_of_the_window(void **state)
{
	struct sockaddr_in local;
	socklen_t bytes = sizeof(local);
	struct peer_server server;
	struct peer peer;
	struct probe *probe;
	const struct stages_thread *threads;
	const struct probe_abi_slow *slowest, *spun;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	assert_int_equal(getsockname(peer.fd, (struct sockaddr *)&local, &bytes), 0);
	probe = probe_peer_open(&server, NULL);
	assert_int_equal(probe_pid(probe), 0);
	probe_peer_ask(&peer, "/spin", 2);
	probe_begin(probe, clock_now_ns());
	assert_int_equal(probe_pid(probe), getpid());
	probe_peer_ask(&peer, "/", 5);
	probe_peer_ask(&peer, "/spin", 1);
	probe_peer_ask(&peer, "/", 5);
	probe_end(probe, clock_now_ns());
	assert_int_equal(probe_threads(probe, &threads), 1);
	assert_int_equal(threads[0].requests, 11);
	assert_int_equal(threads[0].tgid, getpid());
	assert_int_not_equal(threads[0].tid, gettid());
	assert_true(threads[0].cpu_ns + threads[0].runq_ns > 2 * NS_PER_MS);
	assert_true(threads[0].cpu_ns < threads[0].wall_ns);
	assert_int_equal(probe_slowest(probe, &slowest), 11);
	/* Two longer requests and five short ones came before it. */
	spun = row_at(slowest, 11, 2 * request_bytes("/spin") + 5 * request_bytes("/"));
	assert_true(spun->residence_ns > 2 * NS_PER_MS);
	assert_int_equal(spun->client_port, ntohs(local.sin_port));
	assert_int_equal(spun->server_port, server.port);
	assert_int_equal(spun->tgid, getpid());
	assert_int_equal(spun->attributed, 1);
	for (int i = 1; i < 11; i++)
		assert_true(slowest[i].residence_ns <= slowest[i - 1].residence_ns);
	probe_begin(probe, clock_now_ns());
	probe_peer_ask(&peer, "/", 2);
	probe_end(probe, clock_now_ns());
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_REQUESTS), 2);
	assert_int_equal(probe_slowest(probe, &slowest), 2);
	assert_int_equal(probe_threads(probe, &threads), 1);
	assert_int_equal(threads[0].requests, 2);
	peer_disconnect(&peer);
	probe_close(probe);
	peer_close(&server);
}

static void a_request_without_an_answer_is_open(void **state)
{
	struct probe_open_requests open;
	struct probe_profile profile;
	struct peer_server server;
	struct peer peer;
	struct probe *probe;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	probe = probe_peer_open(&server, NULL);
	probe_begin(probe, clock_now_ns());
	peer_send(&peer, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_await(&server, "routes./slow.requests", 1);
	clock_sleep_until(clock_now_ns() + 20 * NS_PER_MS);
	probe_end(probe, clock_now_ns());
	probe_open_requests(probe, &open);
	assert_int_equal(open.reading, 1);
	assert_int_equal(open.waiting, 0);
	assert_true(open.oldest_ns >= 20 * NS_PER_MS);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_REQUESTS), 0);
	probe_begin(probe, clock_now_ns());
	peer_abort(&peer);
	peer_await(&server, "connections.open", 0);
	probe_end(probe, clock_now_ns());
	probe_open_requests(probe, &open);
	assert_int_equal(open.reading, 0);
	probe_profile(probe, &profile);
	assert_string_equal(profile.reason, "it was not asked for");
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_ABANDONED), 1);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_RESETS_RECEIVED), 1);
	probe_close(probe);
	peer_close(&server);
}

/* Requests that a probe with these options sees of ten. */
static uint64_t seen_of_ten(const struct peer_server *server, const struct probe_options *options)
{
	struct probe *probe = probe_peer_open(server, options);
	struct peer peer;
	uint64_t requests;

	peer_connect(&peer, server);
	probe_begin(probe, clock_now_ns());
	probe_peer_ask(&peer, "/", 10);
	probe_end(probe, clock_now_ns());
	requests = probe_peer_count(probe, PROBE_ABI_REQUESTS);
	peer_disconnect(&peer);
	probe_close(probe);
	return requests;
}

/* A connection of this process to itself; the port it was made to, or 0. */
static uint16_t connect_to_self(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&address, bytes) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&address, &bytes) ||
		connect(client, (struct sockaddr *)&address, bytes) ||
		accept(listener, NULL, NULL) < 0)
		return 0;
	return ntohs(address.sin_port);
}

static int raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* A process in a network namespace of its own, with a connection, which waits for its end. */
static pid_t start_elsewhere(uint16_t *port)
{
	int pipes[2];
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		*port = unshare(CLONE_NEWNET) || raise_loopback() ? 0 : connect_to_self();
		if (*port == 0 || write(pipes[1], port, sizeof(*port)) != sizeof(*port))
			_exit(1);
		pause();
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], port, sizeof(*port)), sizeof(*port));
	close(pipes[0]);
	return child;
}

static void stop(pid_t child)
{
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void filters_let_pass_what_is_theirs_and_nothing_else(void **state)
{
	struct peer_server server;
	char elsewhere[64];
	struct probe_options options = {.sample = 1, .netns = "/proc/self/ns/net"};
	uint16_t port;
	pid_t child;

	(void)state;
	peer_open(&server, routes, NULL);
	options.pid = (uint32_t)getpid();
	assert_int_equal(seen_of_ten(&server, &options), 10);
	options.pid = 1;
	assert_int_equal(seen_of_ten(&server, &options), 0);
	options.pid = 0;
	child = start_elsewhere(&port);
	snprintf(elsewhere, sizeof(elsewhere), "/proc/%d/ns/net", child);
	options.netns = elsewhere;
	assert_int_equal(seen_of_ten(&server, &options), 0);
	stop(child);
	peer_close(&server);
}

static void connections_of_another_namespace_are_taken_up_there(void **state)
{
	struct probe_options options = {.port_count = 1, .sample = 1};
	char path[64];
	struct stat before, after;
	struct probe *probe;
	pid_t child;

	(void)state;
	child = start_elsewhere(&options.ports[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
	options.netns = path;
	assert_int_equal(stat("/proc/thread-self/ns/net", &before), 0);
	assert_int_equal(probe_open(&probe, &options, NULL), 0);
	assert_int_equal(stat("/proc/thread-self/ns/net", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	probe_begin(probe, clock_now_ns());
	/* The namespace may lose its name and its processes meanwhile. */
	stop(child);
	probe_end(probe, clock_now_ns());
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_SEEDED), 1);
	assert_null(probe_peer_hook(probe, "walk")->missing);
	probe_close(probe);
}

/* This process's own control group of version 2, and one below it that nobody is in. */
static void a_control_group_passes_what_is_in_it_or_below(void **state)
{
	struct probe_options options = {.sample = 1};
	struct peer_server server;
	char line[512], own[1024], below[1100], *path = NULL;
	FILE *file = fopen("/proc/self/cgroup", "r");

	(void)state;
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "0::/", 4))
			path = line + 4;
	if (file)
		fclose(file);
	if (!path)
		skip();
	path[strcspn(path, "\n")] = '\0';
	snprintf(own, sizeof(own), "/sys/fs/cgroup/%s%s",
		access("/sys/fs/cgroup/unified", F_OK) ? "" : "unified/", path);
	snprintf(below, sizeof(below), "%s/ringload-test-%d", own, getpid());
	if (mkdir(below, 0755))
		skip();
	peer_open(&server, routes, NULL);
	options.cgroup = own;
	assert_int_equal(seen_of_ten(&server, &options), 10);
	options.cgroup = below;
	assert_int_equal(seen_of_ten(&server, &options), 0);
	rmdir(below);
	peer_close(&server);
}

static void stacks_are_sampled_where_asked_for(void **state)
{
	struct probe_options options = {.sample = 1, .profile = true, .profile_hz = 999};
	struct probe_profile profile;
	struct peer_server server;
	uint64_t samples = 0;
	struct probe *probe;
	struct peer peer;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	probe = probe_peer_open(&server, &options);
	probe_peer_ask(&peer, "/", 1);
	probe_begin(probe, clock_now_ns());
	probe_peer_ask(&peer, "/spin", 50);
	probe_end(probe, clock_now_ns());
	probe_profile(probe, &profile);
	if (profile.reason)
		fail_msg("%s", profile.reason);
	assert_int_equal(profile.hz, 999);
	assert_true(profile.samples > 5);
	for (size_t i = 0; i < profile.stack_count; i++)
		samples += profile.stacks[i].samples;
	assert_int_equal(samples, profile.samples);
	peer_disconnect(&peer);
	probe_close(probe);
	peer_close(&server);
}

static uint64_t asked_in_window(struct probe *probe, struct peer *peer, int times)
{
	uint64_t begin_ns = clock_now_ns();

	probe_begin(probe, begin_ns);
	probe_peer_ask(peer, "/", times);
	tick_until(probe, begin_ns + 50 * NS_PER_MS);
	probe_end(probe, clock_now_ns());
	return probe_peer_count(probe, PROBE_ABI_REQUESTS);
}

static void each_window_counts_for_itself(void **state)
{
	const struct stages_thread *threads;
	struct peer_server server;
	struct probe *probe;
	struct peer peer, late;
	uint64_t before;

	(void)state;
	peer_open(&server, routes, NULL);
	peer_connect(&peer, &server);
	probe_peer_ask(&peer, "/", 1);
	probe = probe_peer_open(&server, NULL);
	assert_int_equal(asked_in_window(probe, &peer, 10), 10);
	probe_again(probe, clock_now_ns());
	probe_peer_ask(&peer, "/", 3); /* before the window */
	assert_int_equal(asked_in_window(probe, &peer, 7), 7);
	assert_true(probe_looked_share(probe) > 0.99);

	/* Nobody looks, and a connection that comes meanwhile is known all the same. */
	probe_rest(probe, clock_now_ns());
	before = probe_requests(probe);
	peer_connect(&late, &server);
	probe_peer_ask(&late, "/", 5);
	probe_peer_ask(&peer, "/", 5);
	assert_int_equal(probe_requests(probe), before);
	probe_again(probe, clock_now_ns());
	assert_int_equal(asked_in_window(probe, &late, 4), 4);
	assert_int_equal(probe_peer_count(probe, PROBE_ABI_SEEDED), 2);
	assert_int_equal(probe_threads(probe, &threads), 1);
	assert_int_equal(threads[0].requests, 4);
	peer_disconnect(&late);
	peer_disconnect(&peer);
	probe_close(probe);
	peer_close(&server);
}

/* Ids of the BPF programs a process holds. */
static size_t programs_of(pid_t pid, uint32_t *ids, size_t limit)
{
	char path[64], line[128];
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			if (count < limit && sscanf(line, "prog_id: %u", &ids[count]) == 1)
				count++;
		if (file)
			fclose(file);
	}
	return count;
}

static bool program_exists(uint32_t id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void nothing_is_left_after_a_kill(void **state)
{
	struct probe_options options = {.ports = {1}, .port_count = 1};
	uint64_t deadline_ns;
	uint32_t ids[128];
	struct probe *probe;
	size_t count;
	int pipes[2];
	char byte;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (probe_open(&probe, &options, NULL) == 0 && write(pipes[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	count = programs_of(child, ids, 128);
	assert_true(count >= 12);
	for (size_t i = 0; i < count; i++)
		assert_true(program_exists(ids[i]));
	stop(child);
	/* The kernel frees programs when no CPU runs them any more. */
	deadline_ns = clock_now_ns() + 10 * NS_PER_S;
	for (size_t i = 0; i < count; i++)
		while (program_exists(ids[i]) && clock_now_ns() < deadline_ns)
			usleep(1000);
	for (size_t i = 0; i < count; i++)
		assert_false(program_exists(ids[i]));
}

static void opening_and_closing_leaves_no_descriptor(void **state)
{
	struct probe_options options = {
		.ports = {1}, .port_count = 1, .netns = "/proc/self/ns/net"};
	int before = peer_descriptors();
	struct probe *probe;

	(void)state;
	assert_int_equal(probe_open(&probe, &options, NULL), 0);
	probe_begin(probe, clock_now_ns());
	tick_until(probe, clock_now_ns() + 150 * NS_PER_MS);
	probe_close(probe);
	assert_int_equal(peer_descriptors(), before);
	probe_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First, as its child inherits what a failed test leaves open. */
		cmocka_unit_test(nothing_is_left_after_a_kill),
		cmocka_unit_test(every_request_is_counted_and_its_parts_add_up),
		cmocka_unit_test(threads_and_slowest_are_of_the_window),
		cmocka_unit_test(each_window_counts_for_itself),
		cmocka_unit_test(a_request_without_an_answer_is_open),
		cmocka_unit_test(filters_let_pass_what_is_theirs_and_nothing_else),
		cmocka_unit_test(connections_of_another_namespace_are_taken_up_there),
		cmocka_unit_test(a_control_group_passes_what_is_in_it_or_below),
		cmocka_unit_test(stacks_are_sampled_where_asked_for),
		cmocka_unit_test(opening_and_closing_leaves_no_descriptor),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "not permitted to load BPF programs\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
