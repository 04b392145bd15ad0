/* SPDX-License-Identifier: MIT */
/*
 * A server that uses what it is told to for each request, so that what is measured of it has a
 * known answer: CPU time by its own clock, memory that it never gives back, files, bytes written,
 * children.
 *
 * One thread over poll(2), requests without a body, one fixed response. With --workers its first
 * process only starts the workers, and others for those that end. It says "listening on
 * http://127.0.0.1:PORT" and ends with SIGTERM, as all its children do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_LIMIT 256

struct options {
	uint16_t port;
	int64_t spin_ns;    /* for each request */
	size_t leak_bytes;  /* the same */
	size_t write_bytes; /* the same, to `path` */
	const char *path;
	bool fork; /* spins in a child */
	unsigned int files, workers;
};

static struct options options;
static int written = -1;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "resources_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: resources_server [--port N] [--spin US] [--fork] [--leak BYTES]\n"
			"\t[--write BYTES:FILE] [--files N] [--workers N]\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option table[] = {
		{"port", required_argument, NULL, 'p'},
		{"spin", required_argument, NULL, 's'},
		{"fork", no_argument, NULL, 'f'},
		{"leak", required_argument, NULL, 'l'},
		{"write", required_argument, NULL, 'w'},
		{"files", required_argument, NULL, 'n'},
		{"workers", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	char *rest;
	int letter;

	while ((letter = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (letter == 'p')
			options.port = (uint16_t)atoi(optarg);
		else if (letter == 's')
			options.spin_ns = atoll(optarg) * 1000;
		else if (letter == 'f')
			options.fork = true;
		else if (letter == 'l')
			options.leak_bytes = strtoull(optarg, NULL, 10);
		else if (letter == 'n')
			options.files = (unsigned int)atoi(optarg);
		else if (letter == 'k')
			options.workers = (unsigned int)atoi(optarg);
		else if (letter == 'w' && (rest = strchr(optarg, ':'))) {
			options.write_bytes = strtoull(optarg, NULL, 10);
			options.path = rest + 1;
		} else
			usage();
	}
	if (optind < argc)
		usage();
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void spin(void)
{
	int64_t end = cpu_ns() + options.spin_ns;

	/* Mostly in user space, whatever the clock costs. */
	while (cpu_ns() < end)
		for (unsigned int i = 0; i < 10000; i++)
			__asm__ volatile("");
}

static void work(void)
{
	char *memory;
	pid_t child;

	if (options.fork) {
		child = fork();
		if (!child) {
			spin();
			_exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			fail("cannot have a child");
	} else if (options.spin_ns) {
		spin();
	}
	if (options.leak_bytes) {
		/* What an allocator adds of its own, or a sanitizer, is not wanted here. */
		memory = mmap(NULL, options.leak_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (memory == MAP_FAILED)
			fail("no memory");
	}
	if (options.write_bytes) {
		memory = calloc(1, options.write_bytes);
		if (!memory ||
			write(written, memory, options.write_bytes) != (ssize_t)options.write_bytes)
			fail("cannot write");
		free(memory);
	}
}

/* False when the connection is at its end. */
static bool answer(int connection, char *bytes, size_t *used, size_t size)
{
	static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	ssize_t got = read(connection, bytes + *used, size - 1 - *used);
	char *end;

	if (got <= 0)
		return false;
	*used += (size_t)got;
	bytes[*used] = '\0';
	while ((end = strstr(bytes, "\r\n\r\n"))) {
		work();
		if (write(connection, response, sizeof(response) - 1) < 0)
			return false;
		*used -= (size_t)(end + 4 - bytes);
		memmove(bytes, end + 4, *used + 1);
	}
	return *used < size - 1;
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	socklen_t bytes = sizeof(any);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || bind(listener, (struct sockaddr *)&any, bytes) || listen(listener, 512))
		fail("cannot listen");
	if (getsockname(listener, (struct sockaddr *)&any, &bytes))
		fail("no address");
	printf("listening on http://127.0.0.1:%u\n", ntohs(any.sin_port));
	fflush(stdout);
	return listener;
}

static _Noreturn void serve(int listener)
{
	static struct pollfd polls[CONNECTION_LIMIT + 1];
	static char bytes[CONNECTION_LIMIT + 1][4096];
	static size_t used[CONNECTION_LIMIT + 1];
	nfds_t count = 1;
	int on = 1;

	polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	fcntl(listener, F_SETFL, O_NONBLOCK);
	for (;;) {
		if (poll(polls, count, -1) < 0)
			continue;
		for (nfds_t i = count; i-- > 1;) {
			if (!polls[i].revents ||
				answer(polls[i].fd, bytes[i], &used[i], sizeof(bytes[i])))
				continue;
			close(polls[i].fd);
			count--;
			polls[i] = polls[count];
			used[i] = used[count];
			memcpy(bytes[i], bytes[count], sizeof(bytes[i]));
		}
		if (!(polls[0].revents & POLLIN) || count > CONNECTION_LIMIT)
			continue;
		polls[count].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (polls[count].fd < 0)
			continue;
		setsockopt(polls[count].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		polls[count].events = POLLIN;
		polls[count].revents = 0;
		used[count++] = 0;
	}
}

static void start_worker(int listener)
{
	pid_t child = fork();

	if (child < 0)
		fail("cannot start a worker");
	if (child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	serve(listener);
}

int main(int argc, char **argv)
{
	int listener;

	signal(SIGPIPE, SIG_IGN);
	parse(argc, argv);
	for (unsigned int i = 0; i < options.files; i++)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			fail("cannot open a file");
	if (options.path) {
		written = open(options.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (written < 0)
			fail("cannot open what is written");
	}
	listener = listen_on(options.port);
	if (!options.workers)
		serve(listener);
	for (unsigned int i = 0; i < options.workers; i++)
		start_worker(listener);
	for (;;)
		if (wait(NULL) > 0)
			start_worker(listener);
}
