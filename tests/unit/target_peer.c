/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "target/reply.h"
#include "tests/unit/target_peer.h"

int peer_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = -1; /* its own */

	assert_non_null(directory);
	for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

void peer_open(
	struct peer_server *server, const char *const *routes, const struct target_options *options)
{
	static const char *const loopback[] = {"127.0.0.1:0"};
	struct target_options opened = options ? *options : (struct target_options){0};
	struct err err = {0};

	memset(server, 0, sizeof(*server));
	server->descriptors = peer_descriptors();
	for (; routes && *routes; routes++)
		if (route_set_add(&server->set, *routes, &err))
			fail_msg("%s", err.text);
	if (route_set_finish(&server->set, &err))
		fail_msg("%s", err.text);
	if (!opened.addresses) {
		opened.addresses = loopback;
		opened.address_count = 1;
	}
	opened.routes = &server->set;
	if (target_open(&server->target, &opened, &err))
		fail_msg("%s", err.text);
	server->port = target_port(server->target, 0);
	assert_int_not_equal(server->port, 0);
}

json_t *peer_stats(const struct peer_server *server)
{
	struct buf text = {0};
	json_t *stats;

	assert_int_equal(target_stats_json(server->target, true, &text), 0);
	stats = json_loads(buf_string(&text), 0, NULL);
	assert_non_null(stats);
	buf_release(&text);
	return stats;
}

/* "routes.PATH" names the route with this path. */
static const json_t *route_named(const json_t *routes, const char *path)
{
	size_t index;
	json_t *route;

	json_array_foreach(routes, index, route)
	{
		if (!strcmp(json_string_value(json_object_get(route, "path")), path))
			return route;
	}
	return NULL;
}

int64_t peer_number(const json_t *stats, const char *path)
{
	char copy[128], *rest = copy, *part;
	const json_t *at = stats;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((part = strsep(&rest, ".")) != NULL)
		at = json_is_array(at) ? route_named(at, part) : json_object_get(at, part);
	if (!json_is_integer(at))
		fail_msg("there is no number \"%s\"", path);
	return json_integer_value(at);
}

int64_t peer_count(const struct peer_server *server, const char *path)
{
	json_t *stats = peer_stats(server);
	int64_t value = peer_number(stats, path);

	json_decref(stats);
	return value;
}

void peer_await(const struct peer_server *server, const char *path, int64_t value)
{
	uint64_t deadline_ns = clock_now_ns() + PEER_PATIENCE_S * NS_PER_S;

	while (peer_count(server, path) != value) {
		if (clock_now_ns() > deadline_ns)
			fail_msg("\"%s\" stays %lld, expected %lld", path,
				(long long)peer_count(server, path), (long long)value);
		usleep(1000);
	}
}

void peer_close(struct peer_server *server)
{
	struct err err = {0};
	json_t *stats;

	peer_await(server, "connections.open", 0);
	target_stop(server->target);
	if (target_wait(server->target, &err))
		fail_msg("%s", err.text);
	stats = peer_stats(server);
	assert_int_equal(peer_number(stats, "requests"), peer_number(stats, "responses") +
								 peer_number(stats, "misbehaved") +
								 peer_number(stats, "abandoned"));
	assert_int_equal(peer_number(stats, "in_progress"), 0);
	assert_int_equal(peer_number(stats, "loop.no_memory"), 0);
	json_decref(stats);
	target_close(server->target);
	route_set_release(&server->set);
	assert_int_equal(peer_descriptors(), server->descriptors);
}

void peer_connect(struct peer *peer, const struct peer_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(server->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PEER_PATIENCE_S};

	peer->begin = peer->end = 0;
	http1_response_init(&peer->response);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(peer->fd >= 0);
	assert_int_equal(
		setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(
		setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(peer->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

void peer_disconnect(struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
}

void peer_abort(struct peer *peer)
{
	struct linger now = {.l_onoff = 1};

	assert_int_equal(setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	peer_disconnect(peer);
}

void peer_send_bytes(struct peer *peer, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t sent = send(peer->fd, data, bytes, MSG_NOSIGNAL);

		if (sent <= 0)
			fail_msg("send: %s", strerror(errno));
		data += sent;
		bytes -= (size_t)sent;
	}
}

void peer_send(struct peer *peer, const char *text)
{
	peer_send_bytes(peer, text, strlen(text));
}

static void fill(struct peer *peer)
{
	ssize_t got = recv(peer->fd, peer->input, sizeof(peer->input), 0);

	if (got <= 0)
		fail_msg("a response was expected: %s", got ? strerror(errno) : "closed");
	peer->begin = 0;
	peer->end = (size_t)got;
}

static void append(char *text, size_t size, size_t *used, const void *data, size_t bytes)
{
	if (bytes > size - 1 - *used)
		bytes = size - 1 - *used;
	memcpy(text + *used, data, bytes);
	*used += bytes;
	text[*used] = '\0';
}

static void check_body(struct peer_response *response, const struct span *body, size_t *used)
{
	for (size_t i = 0; i < body->bytes; i++)
		if (body->data[i] !=
			(uint8_t)REPLY_PATTERN[(response->body_bytes + i) % REPLY_PATTERN_BYTES])
			response->pattern_kept = false;
	response->body_bytes += body->bytes;
	append(response->body, sizeof(response->body), used, body->data, body->bytes);
}

void peer_receive(struct peer *peer, bool head_request, struct peer_response *response)
{
	size_t head_used = 0, body_used = 0;
	bool in_head = true;

	memset(response, 0, sizeof(*response));
	response->pattern_kept = true;
	http1_response_begin(&peer->response, head_request);
	for (;;) {
		struct span in = {.data = (const uint8_t *)peer->input + peer->begin,
			.bytes = peer->end - peer->begin};
		struct span before = in, body;
		enum http1_event event = http1_response_next(&peer->response, &in, &body);

		peer->begin = peer->end - in.bytes;
		if (in_head)
			append(response->head, sizeof(response->head), &head_used, before.data,
				before.bytes - in.bytes);
		switch (event) {
		case HTTP1_MORE:
			fill(peer);
			break;
		case HTTP1_INFORMATIONAL:
			response->informational++;
			head_used = 0;
			break;
		case HTTP1_HEAD:
			in_head = false;
			break;
		case HTTP1_BODY:
			check_body(response, &body, &body_used);
			break;
		case HTTP1_COMPLETE:
			response->status = peer->response.status;
			response->keep_alive = peer->response.keep_alive;
			response->framing = peer->response.framing;
			return;
		case HTTP1_ERROR:
			fail_msg("%s", http1_error_text(peer->response.error));
		}
	}
}

int peer_receive_end(struct peer *peer)
{
	char byte;
	ssize_t got;

	assert_int_equal(peer->begin, peer->end);
	got = recv(peer->fd, &byte, 1, 0);
	if (got > 0)
		fail_msg("there is more: 0x%02x", byte);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		fail_msg("the connection stays open");
	return got ? errno : 0;
}

bool peer_readable(const struct peer *peer, int wait_ms)
{
	struct pollfd poll_fd = {.fd = peer->fd, .events = POLLIN};

	return peer->begin < peer->end || poll(&poll_fd, 1, wait_ms) > 0;
}

size_t peer_receive_raw(struct peer *peer, char *data, size_t limit, int quiet_ms, bool *ended)
{
	size_t used = 0;

	*ended = false;
	while (used < limit && peer_readable(peer, quiet_ms)) {
		ssize_t got = recv(peer->fd, data + used, limit - used, 0);

		if (got <= 0) {
			*ended = true;
			break;
		}
		used += (size_t)got;
	}
	return used;
}

void peer_get(struct peer *peer, const char *path, struct peer_response *response)
{
	char text[512];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
	peer_send(peer, text);
	peer_receive(peer, false, response);
}
