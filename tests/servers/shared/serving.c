/* SPDX-License-Identifier: MIT */
#include "tests/servers/shared/serving.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void serving_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static _Noreturn void usage(const struct serving *serving)
{
	fprintf(stderr,
		"usage: %s [--work WORK] [--threads N] [--cpu N] [--parts N] [--pause US]\n"
		"\t[--sqpoll] [--log FILE]; WORK: none, spin:US, sleep:US, lock:US,\n"
		"\tmix:US*WEIGHT+US*WEIGHT...\n",
		serving->name);
	exit(2);
}

static void parse(struct serving *serving, int argc, char **argv)
{
	static const struct option options[] = {
		{"work", required_argument, NULL, 'w'},
		{"threads", required_argument, NULL, 't'},
		{"cpu", required_argument, NULL, 'c'},
		{"parts", required_argument, NULL, 'p'},
		{"pause", required_argument, NULL, 'u'},
		{"sqpoll", no_argument, NULL, 's'},
		{"log", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	const char *work = "none";
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'w')
			work = optarg;
		else if (letter == 't')
			serving->threads = (unsigned int)atoi(optarg);
		else if (letter == 'c')
			serving->cpu = atoi(optarg);
		else if (letter == 'p')
			serving->parts = (unsigned int)atoi(optarg);
		else if (letter == 'u')
			serving->pause_ns = atoll(optarg) * 1000;
		else if (letter == 's')
			serving->sqpoll = true;
		else if (letter == 'l')
			serving->log_path = optarg;
		else
			usage(serving);
	}
	if (optind < argc || !work_parse(&serving->work, work) || !serving->parts ||
		!serving->threads || serving->threads > SERVING_THREAD_LIMIT)
		usage(serving);
}

/* Sockets that are accepted inherit the kernel's stamping of what they receive. */
static int listen_anywhere(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int stamping = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof(any)))
		serving_fail("cannot bind");
	if (setsockopt(listener, SOL_SOCKET, SO_TIMESTAMPING, &stamping, sizeof(stamping)))
		serving_fail("cannot have packets stamped");
	if (listen(listener, 4096))
		serving_fail("cannot listen");
	return listener;
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		serving_fail("cannot use that CPU");
}

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

void serving_open(struct serving *serving, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	sigset_t ending;

	memset(serving, 0, sizeof(*serving));
	serving->name = slash ? slash + 1 : argv[0];
	serving->threads = serving->parts = 1;
	serving->cpu = -1;
	parse(serving, argc, argv);
	block_signals(&ending);
	pin(serving->cpu);
	stamps_open(&serving->stamps);
	work_open(&serving->work);
	serving->listener = listen_anywhere();
}

void serving_start(struct serving *serving, void *(*thread)(void *))
{
	pthread_t started;

	for (unsigned int i = 0; i < serving->threads; i++) {
		errno = pthread_create(&started, NULL, thread, serving);
		if (errno)
			serving_fail("cannot start a thread");
		pthread_detach(started);
	}
}

int serving_wait(struct serving *serving)
{
	struct sockaddr_in own;
	socklen_t bytes = sizeof(own);
	sigset_t ending;
	FILE *log;
	int signal;

	if (getsockname(serving->listener, (struct sockaddr *)&own, &bytes))
		serving_fail("no address");
	printf("listening on http://127.0.0.1:%u\n", ntohs(own.sin_port));
	fflush(stdout);
	block_signals(&ending);
	while (sigwait(&ending, &signal))
		;
	stamps_summary(&serving->stamps, stdout);
	if (serving->log_path) {
		log = fopen(serving->log_path, "w");
		if (!log)
			serving_fail(serving->log_path);
		stamps_log(&serving->stamps, log);
		fclose(log);
	}
	fflush(stdout);
	/* Threads go on meanwhile: a leak checker, which stops them one by one, may wait for one
	 * that is just ending, for ever. */
	_exit(0);
}
