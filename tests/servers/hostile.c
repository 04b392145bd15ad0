/* SPDX-License-Identifier: MIT */
/*
 * A server that does one thing wrong, the same to everybody: hostile MODE
 *
 * It says "listening on http://127.0.0.1:PORT", serves until SIGTERM or SIGINT, and then says what
 * it did as a JSON object: connections accepted, requests of which it saw the first byte, bytes
 * sent, and how many different answers the mode has. Without a mode it lists them. Each connection
 * has a thread of its own, so that every mode is told as the talk it is.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/servers/shared/serving.h"
#include "tests/servers/shared/wrong.h"

/* Endless texts go out in sends of about this size. */
#define FLOOD_BYTES 65536

struct mode {
	const char *name, *about;
	void (*serve)(int fd, const struct mode *mode);
	const char *text;         /* what the talk begins with, or all of it */
	const char *again;        /* then this, for ever, or so many bytes of it */
	uint64_t again_bytes;     /* 0: for ever */
	const char *last;         /* then this */
	const char *const *texts; /* one a request, in turn */
};

static uint64_t accepted, requests, sent_bytes;

static uint64_t count(uint64_t *counter, uint64_t by)
{
	return __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

/* --- what a talk is made of ------------------------------------------------------------------ */

/* False when nobody takes it any more. */
static bool say_bytes(int fd, const char *bytes, size_t size)
{
	ssize_t took;

	for (; size; bytes += took, size -= (size_t)took) {
		took = send(fd, bytes, size, MSG_NOSIGNAL);
		if (took < 0)
			return false;
		count(&sent_bytes, (uint64_t)took);
	}
	return true;
}

static bool say(int fd, const char *text)
{
	return !text || say_bytes(fd, text, strlen(text));
}

static void flood(int fd, const char *again, uint64_t bytes)
{
	char block[FLOOD_BYTES];
	size_t unit = strlen(again), filled = 0;
	uint64_t said = 0;

	for (; filled + unit <= sizeof(block); filled += unit)
		memcpy(block + filled, again, unit);
	do {
		if (!say_bytes(fd, block, filled))
			return;
		said += filled;
	} while (!bytes || said < bytes);
}

/* Until a byte can be read, or the end: false when there is nobody to wait for. */
static bool await_byte(int fd)
{
	struct pollfd waits = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&waits, 1, -1) == 1 && recv(fd, &byte, 1, MSG_PEEK) == 1;
}

/* The head of a request, byte by byte, so that none of its body is read; and how long that is. */
static bool read_head_of(int fd, uint64_t *body_bytes)
{
	static const char end[] = "\r\n\r\n";
	char head[4096];
	const char *length;
	size_t used = 0;

	if (!await_byte(fd))
		return false;
	count(&requests, 1);
	do {
		if (used == sizeof(head) - 1 || recv(fd, head + used, 1, 0) != 1)
			return false;
		head[++used] = '\0';
	} while (used < sizeof(end) - 1 || strcmp(head + used - (sizeof(end) - 1), end) != 0);
	length = strcasestr(head, "\r\nContent-Length: ");
	*body_bytes = length ? strtoull(strchr(length, ':') + 1, NULL, 10) : 0;
	return true;
}

static bool read_head(int fd)
{
	uint64_t body_bytes;

	return read_head_of(fd, &body_bytes);
}

static bool read_request(int fd)
{
	char bytes[FLOOD_BYTES];
	uint64_t left;
	ssize_t got;

	if (!read_head_of(fd, &left))
		return false;
	for (; left; left -= (uint64_t)got) {
		got = recv(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);
		if (got <= 0)
			return false;
	}
	return true;
}

static void read_to_end(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

/* The connection stays, whatever the peer does. */
static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

static void end_with_reset(int fd)
{
	struct linger at_once = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* --- the talks: when they return, the connection is closed ------------------------------------ */

/* As it should be. */
static void answer_each(int fd, const struct mode *mode)
{
	while (read_request(fd) && say(fd, mode->text))
		;
}

static void leave_at_once(int fd, const struct mode *mode)
{
	(void)fd, (void)mode;
}

static void reset_at_once(int fd, const struct mode *mode)
{
	(void)mode;
	end_with_reset(fd);
}

/* A request that lies unread makes the kernel reset the connection. */
static void leave_unread(int fd, const struct mode *mode)
{
	(void)mode;
	if (await_byte(fd))
		count(&requests, 1);
}

/* Reads and says nothing, and keeps the connection when the peer has closed. */
static void stay_silent(int fd, const struct mode *mode)
{
	(void)mode;
	while (read_request(fd))
		;
	stay();
}

static void stay_deaf(int fd, const struct mode *mode)
{
	(void)mode;
	if (await_byte(fd))
		count(&requests, 1);
	stay();
}

/* Answers what it has not been asked, and then as it should be. */
static void answer_early(int fd, const struct mode *mode)
{
	if (say(fd, mode->text))
		answer_each(fd, mode);
}

/* Answers again and again, and never reads. */
static void answer_unread(int fd, const struct mode *mode)
{
	struct pollfd gone = {.fd = fd, .events = POLLRDHUP};

	if (!await_byte(fd))
		return;
	while (say(fd, mode->text) && poll(&gone, 1, 2) == 0)
		count(&requests, 1);
}

/* Answers a head and does not read the body that follows. */
static void answer_head(int fd, const struct mode *mode)
{
	struct pollfd gone = {.fd = fd, .events = POLLRDHUP};

	if (read_head(fd) && say(fd, mode->text))
		poll(&gone, 1, -1);
}

static void answer_for_ever(int fd, const struct mode *mode)
{
	if (!read_head(fd) || !say(fd, mode->text))
		return;
	flood(fd, mode->again, mode->again_bytes);
	say(fd, mode->last);
}

static void answer_slowly(int fd, const struct mode *mode)
{
	size_t bytes = strlen(mode->text);

	if (!read_head(fd))
		return;
	for (size_t i = 0; i < bytes && say_bytes(fd, mode->text + i, 1); i++)
		sleep(1);
}

/* Says it once, and leaves the rest to the peer. */
static void answer_once(int fd, const struct mode *mode)
{
	if (read_head(fd) && say(fd, mode->text))
		read_to_end(fd);
}

static size_t count_texts(const struct mode *mode)
{
	size_t texts = 0;

	while (mode->texts && mode->texts[texts])
		texts++;
	return texts;
}

static void answer_in_turn(int fd, const struct mode *mode)
{
	static uint64_t turn;

	if (read_head(fd) && say(fd, mode->texts[count(&turn, 1) % count_texts(mode)]))
		read_to_end(fd);
}

/* The next connection gets a byte more, until one had all. */
static size_t next_cut(size_t bytes)
{
	static uint64_t cuts;

	return count(&cuts, 1) % (bytes + 1);
}

static void cut_answer(int fd, const struct mode *mode)
{
	if (read_head(fd))
		say_bytes(fd, mode->text, next_cut(strlen(mode->text)));
}

static void reset_answer(int fd, const struct mode *mode)
{
	cut_answer(fd, mode);
	end_with_reset(fd);
}

/* Reads a byte more of each request. */
static void reset_request(int fd, const struct mode *mode)
{
	int bytes = 0;
	char byte;

	(void)mode;
	if (!await_byte(fd) || ioctl(fd, FIONREAD, &bytes))
		return;
	count(&requests, 1);
	for (size_t left = next_cut((size_t)bytes); left; left--)
		if (recv(fd, &byte, 1, 0) != 1)
			break;
	end_with_reset(fd);
}

/* Reads what a socket holds of a body that is much longer, so that the peer is still sending. */
static void reset_upload(int fd, const struct mode *mode)
{
	if (read_head(fd) && say(fd, mode->text)) {
		usleep(50000);
		end_with_reset(fd);
	}
}

/* --- the modes ---------------------------------------------------------------------------------
 */

#define OK "HTTP/1.1 200 OK\r\n"
#define FINE                       \
	OK "Content-Length: 5\r\n" \
	   "\r\nhello"
#define CHUNKED                             \
	OK "Transfer-Encoding: chunked\r\n" \
	   "\r\n"

static const struct mode modes[] = {
	{"fine", "as it should be", answer_each, .text = FINE},

	{"head-lines", "header lines without end", answer_for_ever, .text = OK,
		.again = "A: b\r\n"},
	{"head-value", "a header value of 1 GB", answer_for_ever, .text = OK "A: ", .again = "v",
		.again_bytes = 1ULL << 30, .last = "\r\nContent-Length: 0\r\n\r\n"},
	{"head-name", "a header name without end", answer_for_ever, .text = OK, .again = "n"},
	{"head-reason", "a reason without end", answer_for_ever, .text = "HTTP/1.1 200 ",
		.again = "r"},
	{"interim", "100 Continue without end", answer_for_ever,
		.again = "HTTP/1.1 100 Continue\r\n\r\n"},
	{"body-length", "a body of 8 EB", answer_for_ever,
		.text = OK "Content-Length: 9223372036854775807\r\n\r\n", .again = "b"},
	{"body-chunks", "chunks without end", answer_for_ever, .text = CHUNKED,
		.again = "5\r\nhello\r\n"},
	{"body-close", "a body until a close that does not come", answer_for_ever,
		.text = OK "\r\n", .again = "b"},
	{"chunk-size", "a chunk size without end", answer_for_ever, .text = CHUNKED, .again = "0"},
	{"chunk-extension", "a chunk extension without end", answer_for_ever, .text = CHUNKED "5;",
		.again = "e"},
	{"trailers", "trailer lines without end", answer_for_ever, .text = CHUNKED "0\r\n",
		.again = "A: b\r\n"},

	{"drip", "an answer of one byte a second", answer_slowly, .text = FINE},
	{"silent", "reads, says nothing, and does not close when the peer has",
		.serve = stay_silent},
	{"deaf", "accepts, and does nothing more", .serve = stay_deaf},
	{"unaccepted", "listens, and accepts nobody", .serve = NULL},
	{"half-body", "less than the Content-Length", answer_once,
		.text = OK "Content-Length: 6\r\n\r\nhello"},
	{"early-head", "answers a head and does not read the body", answer_head, .text = FINE},
	{"unread-answers", "answers for ever and reads nothing", answer_unread, .text = FINE},

	{"leave", "closes at once", .serve = leave_at_once},
	{"reset", "resets at once", .serve = reset_at_once},
	{"leave-unread", "closes when there is a request, without reading it",
		.serve = leave_unread},
	{"reset-upload", "resets while a body is still being sent", .serve = reset_upload},
	{"reset-continue", "the same after 100 Continue", reset_upload,
		.text = "HTTP/1.1 100 Continue\r\n\r\n"},

	{"early", "answers before it was asked", answer_early, .text = FINE},
	{"twice", "answers twice", answer_each, .text = FINE FINE},
	{"garbage", "garbage after an answer", answer_each, .text = FINE "\001garbage\r\n\r\n"},
	{"close-told", "says that it closes, and does not", answer_once,
		.text = OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello"},

	{"status-lines", "status lines that are nearly right", answer_in_turn,
		.texts = wrong_status_lines},
	{"heads", "garbage for headers", answer_in_turn, .texts = wrong_heads},
	{"chunks", "wrong chunks", answer_in_turn, .texts = wrong_chunks},

	{"cut-length", "closes after each byte of an answer", cut_answer, .text = FINE},
	{"cut-chunks", "the same, in chunks", cut_answer,
		.text = CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\r\n"},
	{"cut-close", "the same, until close", cut_answer, .text = OK "\r\nhello"},
	{"reset-length", "resets after each byte of an answer", reset_answer, .text = FINE},
	{"reset-chunks", "the same, in chunks", reset_answer,
		.text = CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\r\n"},
	{"reset-close", "the same, until close", reset_answer, .text = OK "\r\nhello"},
	{"reset-request", "resets after each byte of a request", .serve = reset_request},
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

/* --- the server ------------------------------------------------------------------------------ */

static const struct mode *mode;
static int listener;

static void *serve(void *context)
{
	int fd = (int)(intptr_t)context;

	mode->serve(fd, mode);
	close(fd);
	return NULL;
}

static void *accept_all(void *context)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int on = 1, fd;

	(void)context;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		count(&accepted, 1);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd))
			close(fd);
	}
	serving_fail("cannot accept");
}

static uint16_t listen_anywhere(int backlog)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(own);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&own, sizeof(own)) ||
		listen(listener, backlog) || getsockname(listener, (struct sockaddr *)&own, &bytes))
		serving_fail("cannot listen");
	return ntohs(own.sin_port);
}

static int usage(void)
{
	fprintf(stderr, "usage: hostile MODE\n");
	for (size_t i = 0; i < MODES; i++)
		fprintf(stderr, "  %-16s %s\n", modes[i].name, modes[i].about);
	return 2;
}

int main(int argc, char **argv)
{
	sigset_t ending;
	pthread_t thread;
	uint16_t port;
	int signal;

	for (size_t i = 0; argc == 2 && i < MODES && !mode; i++)
		if (!strcmp(modes[i].name, argv[1]))
			mode = &modes[i];
	if (!mode)
		return usage();
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ending, NULL);
	/* Whoever is not accepted finds room for two. */
	port = listen_anywhere(mode->serve ? 4096 : 1);
	if (mode->serve && pthread_create(&thread, NULL, accept_all, NULL))
		serving_fail("cannot start a thread");
	printf("listening on http://127.0.0.1:%u\n", port);
	fflush(stdout);
	while (sigwait(&ending, &signal))
		;
	printf("{\"accepted\": %llu, \"requests\": %llu, \"sent_bytes\": %llu, \"texts\": %zu}\n",
		(unsigned long long)count(&accepted, 0), (unsigned long long)count(&requests, 0),
		(unsigned long long)count(&sent_bytes, 0), count_texts(mode));
	fflush(stdout);
	_exit(0); /* threads are talking still */
}
