/* SPDX-License-Identifier: MIT */
#include "target/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "net/sock.h"
#include "plan/unixsock.h"

/* Connections that were made and not yet accepted; the kernel cuts it at net.core.somaxconn. */
#define BACKLOG 16384

/* How long a unix socket is tried whose file is there already: its server may have a full queue. */
#define TRY_NS (100 * NS_PER_MS)

static int not_an_address(const char *text, struct err *err)
{
	return err_set(err, ERR_USAGE, -EINVAL,
		"\"%s\" is not an address to listen on: write 127.0.0.1:8080, [::1]:8080 or :8080",
		text);
}

static void set_port(struct listener *listener, uint16_t port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&listener->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&listener->address;

	if (listener->address.ss_family == AF_INET)
		four->sin_port = htons(port);
	else
		six->sin6_port = htons(port);
}

uint16_t listener_port(const struct listener *listener)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&listener->address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&listener->address;

	if (listener->is_unix)
		return 0;
	return ntohs(listener->address.ss_family == AF_INET ? four->sin_port : six->sin6_port);
}

/* Every address: one IPv6 socket takes both kinds, unless this machine has no IPv6. */
static void every_address(struct listener *listener)
{
	int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	listener->every = true;
	if (probe < 0) {
		listener->address.ss_family = AF_INET;
		listener->address_bytes = sizeof(struct sockaddr_in);
		return;
	}
	close(probe);
	listener->address.ss_family = AF_INET6;
	listener->address_bytes = sizeof(struct sockaddr_in6);
}

static int parse_unix(struct listener *listener, const char *text, struct err *err)
{
	struct plan_address address;
	int code = unixsock_address(&address, text, err);

	if (code)
		return code;
	listener->is_unix = true;
	listener->address = address.sockaddr;
	listener->address_bytes = address.sockaddr_bytes;
	memcpy(listener->text, address.text, sizeof(listener->text));
	return 0;
}

int listener_parse(struct listener *listener, const char *text, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	const char *colon = strrchr(text, ':'), *host = text;
	struct addrinfo *found = NULL;
	char name[LISTENER_TEXT_BYTES];
	size_t bytes;
	uint64_t port;
	int code;

	memset(listener, 0, sizeof(*listener));
	if (unixsock_is(text))
		return parse_unix(listener, text, err);
	if (!colon)
		return not_an_address(text, err);
	bytes = (size_t)(colon - text);
	if (*text == '[' && bytes > 1 && text[bytes - 1] == ']') {
		host++;
		bytes -= 2;
		hints.ai_family = AF_INET6;
	} else if (memchr(text, ':', bytes)) {
		return not_an_address(text, err);
	}
	if (bytes >= sizeof(name))
		return not_an_address(text, err);
	snprintf(name, sizeof(name), "%.*s", (int)bytes, host);
	code = units_parse_count(colon + 1, 0, UINT16_MAX, &port, err);
	if (code) {
		err_prefix(err, "port of \"%s\": ", text);
		return code;
	}
	if (!bytes) {
		every_address(listener);
		set_port(listener, (uint16_t)port);
		return 0;
	}
	if (strcmp(name, "localhost") != 0)
		hints.ai_flags |= AI_NUMERICHOST;
	if (getaddrinfo(name, NULL, &hints, &found))
		return not_an_address(text, err);
	memcpy(&listener->address, found->ai_addr, found->ai_addrlen);
	listener->address_bytes = found->ai_addrlen;
	freeaddrinfo(found);
	set_port(listener, (uint16_t)port);
	return 0;
}

const char *listener_text(const struct listener *listener, char text[LISTENER_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE] = "";

	if (listener->is_unix)
		return strcpy(text, listener->text);
	getnameinfo((const struct sockaddr *)&listener->address, listener->address_bytes, host,
		sizeof(host), NULL, 0, NI_NUMERICHOST);
	snprintf(text, LISTENER_TEXT_BYTES,
		listener->address.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
		listener_port(listener));
	return text;
}

static int set_up(int fd, const struct listener *listener, bool shared)
{
	int one = 1, only_six = !listener->every;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		return -errno;
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)))
		return -errno;
	if (listener->address.ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_six, sizeof(only_six)))
		return -errno;
	if (bind(fd, (const struct sockaddr *)&listener->address, listener->address_bytes) ||
		listen(fd, listener->backlog ? (int)listener->backlog : BACKLOG))
		return -errno;
	return 0;
}

/* The path of a unix socket's file; NULL: it has none. */
static const char *file_of(const struct listener *listener)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&listener->address;

	return un->sun_path[0] ? un->sun_path : NULL;
}

/* Takes a socket's file away that nobody listens on. */
static int remove_stale(const struct listener *listener, struct err *err)
{
	const char *path = file_of(listener);
	struct stat status;
	int code;

	if (!path)
		return err_set_errno(err, ERR_ENVIRONMENT, -EADDRINUSE, "cannot listen on \"%s\"",
			listener->text);
	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0
				       : err_set_errno(err, ERR_ENVIRONMENT, -errno,
						 "cannot look at \"%s\"", listener->text);
	if (!S_ISSOCK(status.st_mode))
		return err_set(err, ERR_ENVIRONMENT, -EEXIST,
			"cannot listen on \"%s\": the file is there and is no socket; name "
			"another, or remove it",
			listener->text);
	code = sock_try(
		(const struct sockaddr *)&listener->address, listener->address_bytes, TRY_NS);
	if (code != -ECONNREFUSED)
		return err_set(err, ERR_ENVIRONMENT, -EADDRINUSE,
			"cannot listen on \"%s\": a server listens there already", listener->text);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"cannot replace \"%s\", which nobody listens on", listener->text);
	return 0;
}

static int bind_unix(struct listener *listener, int fd, struct err *err)
{
	const struct sockaddr *address = (const struct sockaddr *)&listener->address;
	struct stat status;
	int code;

	if (bind(fd, address, listener->address_bytes) < 0) {
		if (errno != EADDRINUSE)
			return err_set_errno(err, ERR_ENVIRONMENT, -errno,
				"cannot listen on \"%s\"", listener->text);
		code = remove_stale(listener, err);
		if (code)
			return code;
		if (bind(fd, address, listener->address_bytes) < 0)
			return err_set_errno(err, ERR_ENVIRONMENT, -errno,
				"cannot listen on \"%s\"", listener->text);
	}
	listener->bound = true;
	listener->fd = fd;
	if (file_of(listener) && stat(file_of(listener), &status) == 0) {
		listener->device = status.st_dev;
		listener->inode = status.st_ino;
	}
	if (listen(fd, listener->backlog ? (int)listener->backlog : BACKLOG) < 0)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -errno, "cannot listen on \"%s\"", listener->text);
	return 0;
}

/* There is no SO_REUSEPORT for unix sockets: all share one queue. */
static int open_unix(struct listener *listener, struct err *err)
{
	int fd, code;

	if (!listener->bound) {
		fd = sock_open(AF_UNIX);
		if (fd < 0)
			return err_set_errno(
				err, ERR_ENVIRONMENT, fd, "no socket for \"%s\"", listener->text);
		code = bind_unix(listener, fd, err);
		if (code && !listener->bound)
			close(fd);
		if (code)
			return code;
	}
	fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? err_set_errno(err, ERR_ENVIRONMENT, -errno, "no descriptor for \"%s\"",
				listener->text)
		      : fd;
}

void listener_close(struct listener *listener)
{
	struct stat status;

	if (!listener->bound)
		return;
	close(listener->fd);
	listener->bound = false;
	if (file_of(listener) && lstat(file_of(listener), &status) == 0 &&
		status.st_dev == listener->device && status.st_ino == listener->inode)
		unlink(file_of(listener));
}

void listener_url(const struct listener *listener, struct buf *out)
{
	struct plan_address address = {
		.sockaddr = listener->address, .sockaddr_bytes = listener->address_bytes};
	char text[LISTENER_TEXT_BYTES];

	if (listener->is_unix)
		unixsock_url(out, &address);
	else
		buf_printf(out, "http://%s", listener_text(listener, text));
}

int listener_open(struct listener *listener, bool shared, struct err *err)
{
	socklen_t bytes = sizeof(listener->address);
	char text[LISTENER_TEXT_BYTES];
	int fd, code;

	if (listener->is_unix)
		return open_unix(listener, err);
	fd = sock_open(listener->address.ss_family);
	if (fd < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, fd, "no socket for \"%s\"",
			listener_text(listener, text));
	code = set_up(fd, listener, shared);
	if (!code && getsockname(fd, (struct sockaddr *)&listener->address, &bytes))
		code = -errno;
	if (code) {
		close(fd);
		return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot listen on \"%s\"",
			listener_text(listener, text));
	}
	return fd;
}
