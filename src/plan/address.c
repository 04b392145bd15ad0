/* SPDX-License-Identifier: MIT */
#include "plan/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan/quoted.h"
#include "plan/unixsock.h"
#include "plan/zone.h"

#define DEFAULT_PORT 80
#define NAME_BYTES   253
#define ZONE_MARK    "%25"       /* how a zone is set off inside a URL */
#define SOCKET_HOST  "localhost" /* in the Host field, when a unix socket has the host's place */

/* A piece of the user's text. */
struct piece {
	const char *text;
	size_t bytes;
};

/* What a sentence about the text begins with: `URL "..."` or `"..."`. */
struct origin {
	const char *noun;
	struct piece whole;
};

static int fail(struct err *err, const struct origin *origin, const char *complaint)
{
	char quoted[QUOTED_BYTES];

	return err_set(err, ERR_USAGE, -EINVAL, "%s\"%s\" %s", origin->noun,
		quoted_text(quoted, origin->whole.text, origin->whole.bytes), complaint);
}

static bool same_word(struct piece piece, const char *word)
{
	return piece.bytes == strlen(word) && strncasecmp(piece.text, word, piece.bytes) == 0;
}

enum scheme { SCHEME_HTTP, SCHEME_HTTP_UNIX };

/* What stands in place of a scheme and "://". */
static int no_scheme(const char *text, struct err *err)
{
	char quoted[QUOTED_BYTES], shown[QUOTED_BYTES];
	const char *mark = strstr(text, "://");
	const char *rest = mark == text ? mark + 3 : text + strspn(text, "/");

	quoted_text(quoted, text, strlen(text));
	if (strncasecmp(text, "http:", 5) == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"URL \"%s\" has no \"//\" after \"http:\": expected as in "
			"\"http://localhost:8080/\"",
			quoted);
	if (unixsock_is(text))
		return err_set(err, ERR_USAGE, -EINVAL,
			"URL \"%s\" has no scheme: a unix socket is written as in "
			"\"http+unix://%%2Frun%%2Fx.sock/\"",
			quoted);
	return err_set(err, ERR_USAGE, -EINVAL, "URL \"%s\" has no scheme: write \"http://%s%s\"",
		quoted, quoted_text(shown, rest, strlen(rest)), strpbrk(rest, "/?#") ? "" : "/");
}

/* What the URL begins with, "http://" or "http+unix://"; or says what stands there instead. */
static int find_scheme(enum scheme *found, const struct origin *origin, struct err *err)
{
	const char *text = origin->whole.text, *mark = strstr(text, "://");
	struct piece scheme = {text, mark ? (size_t)(mark - text) : 0};
	char quoted[QUOTED_BYTES], shown[QUOTED_BYTES];

	if (!mark || scheme.bytes == 0 || memchr(text, '/', scheme.bytes) ||
		(strncasecmp(text, "http:", 5) == 0 && scheme.bytes > 4))
		return no_scheme(text, err);
	*found = same_word(scheme, "http+unix") ? SCHEME_HTTP_UNIX : SCHEME_HTTP;
	if (*found == SCHEME_HTTP_UNIX || same_word(scheme, "http"))
		return 0;
	quoted_text(quoted, text, origin->whole.bytes);
	if (same_word(scheme, "https") || same_word(scheme, "https+unix"))
		return err_set(err, ERR_USAGE, -EINVAL,
			"URL \"%s\": TLS is not supported by this version; expected \"http://\"",
			quoted);
	return err_set(err, ERR_USAGE, -EINVAL,
		"URL \"%s\" has scheme \"%s\": expected \"http\" or \"http+unix\"", quoted,
		quoted_text(shown, scheme.text, scheme.bytes));
}

/* A host in brackets; moves *text behind them. Either zone or host text may point into *text. */
static int take_literal(struct piece *text, struct piece *host, struct piece *zone,
	const struct origin *origin, struct err *err)
{
	const char *end = memchr(text->text, ']', text->bytes);
	const char *mark;
	char literal[INET6_ADDRSTRLEN];
	struct in6_addr parsed;

	if (!end)
		return fail(err, origin, "has \"[\" without \"]\": expected as in \"[::1]:8080\"");
	*host = (struct piece){text->text + 1, (size_t)(end - text->text) - 1};
	mark = memchr(host->text, '%', host->bytes);
	if (mark) {
		size_t zone_bytes = host->bytes - (size_t)(mark - host->text);
		size_t mark_bytes = strncmp(mark, ZONE_MARK, strlen(ZONE_MARK)) ? 1 : 3;

		if (zone_bytes <= mark_bytes || zone_bytes - mark_bytes >= IF_NAMESIZE)
			return fail(err, origin,
				"has no interface after \"%\": expected as in "
				"\"[fe80::1%25eth0]\"");
		*zone = (struct piece){mark + mark_bytes, zone_bytes - mark_bytes};
		host->bytes -= zone_bytes;
	}
	if (host->bytes >= sizeof(literal))
		return fail(err, origin, "has no IPv6 address in its brackets");
	memcpy(literal, host->text, host->bytes);
	literal[host->bytes] = '\0';
	if (inet_pton(AF_INET6, literal, &parsed) != 1)
		return fail(err, origin, "has no IPv6 address in its brackets");
	text->bytes -= (size_t)(end + 1 - text->text);
	text->text = end + 1;
	return 0;
}

/* A name or IPv4 address, up to ":" or the end; moves *text behind it. */
static int take_name(
	struct piece *text, struct piece *host, const struct origin *origin, struct err *err)
{
	const char *colon = memchr(text->text, ':', text->bytes);

	*host = (struct piece){text->text, colon ? (size_t)(colon - text->text) : text->bytes};
	if (colon && memchr(colon + 1, ':', text->bytes - host->bytes - 1))
		return fail(err, origin,
			"has more than one \":\": an IPv6 address goes in brackets, as in "
			"\"[::1]:8080\"");
	if (host->bytes == 0)
		return fail(err, origin, "has no host: expected as in \"localhost:8080\"");
	if (host->bytes > NAME_BYTES)
		return fail(err, origin, "has a host of more than 253 bytes, which no name has");
	for (size_t i = 0; i < host->bytes; i++) {
		unsigned char byte = (unsigned char)host->text[i];

		if (byte >= 0x80)
			return fail(err, origin,
				"has a host that is not ASCII: write its \"xn--\" form");
		if (!isalnum(byte) && !strchr("-._", byte))
			return fail(err, origin,
				"has a host with other characters than letters, digits, \"-\", "
				"\".\" and \"_\"");
	}
	text->text += host->bytes;
	text->bytes -= host->bytes;
	return 0;
}

/* ":8080" to the end of the text; absent is 0. */
static int take_port(
	struct piece text, uint16_t *port, const struct origin *origin, struct err *err)
{
	unsigned int value = 0;

	*port = 0;
	if (text.bytes == 0)
		return 0;
	if (text.text[0] != ':')
		return fail(err, origin, "goes on after \"]\": expected \":\" and a port there");
	if (text.bytes == 1)
		return fail(err, origin, "has no port after \":\": expected 1 to 65535");
	for (size_t i = 1; i < text.bytes; i++) {
		if (!isdigit((unsigned char)text.text[i]))
			return fail(err, origin,
				"has a port that is not a number: expected 1 to 65535");
		value = value * 10 + (unsigned int)(text.text[i] - '0');
		if (value > UINT16_MAX)
			break;
	}
	if (value == 0 || value > UINT16_MAX)
		return fail(err, origin, "has a port out of range: expected 1 to 65535");
	*port = (uint16_t)value;
	return 0;
}

static int take_authority(struct piece text, struct piece *host, struct piece *zone, uint16_t *port,
	const struct origin *origin, struct err *err)
{
	int rc;

	*zone = (struct piece){"", 0};
	if (text.bytes > 0 && text.text[0] == '[')
		rc = take_literal(&text, host, zone, origin, err);
	else
		rc = take_name(&text, host, origin, err);
	if (!rc)
		rc = take_port(text, port, origin, err);
	return rc;
}

static char *host_of(struct piece host, struct piece zone)
{
	char *text = NULL;

	if (asprintf(&text, "%.*s%s%.*s", (int)host.bytes, host.text, zone.bytes ? "%" : "",
		    (int)zone.bytes, zone.text) < 0)
		return NULL;
	return text;
}

static char *header_of(struct piece host, uint16_t port)
{
	bool literal = memchr(host.text, ':', host.bytes) != NULL;
	char *text = NULL;
	int length;

	if (port == DEFAULT_PORT)
		length = asprintf(&text, literal ? "[%.*s]" : "%.*s", (int)host.bytes, host.text);
	else
		length = asprintf(
			&text, literal ? "[%.*s]:%u" : "%.*s:%u", (int)host.bytes, host.text, port);
	return length < 0 ? NULL : text;
}

/* The path of a unix socket in place of the host; *host becomes "unix:PATH". */
static int take_socket(struct piece text, char **host, const struct origin *origin, struct err *err)
{
	const char *complaint;
	struct plan_address unused;

	*host = malloc(sizeof(UNIXSOCK_PREFIX) + text.bytes);
	if (!*host)
		return -ENOMEM;
	complaint = unixsock_decode(*host, text.text, text.bytes);
	return complaint ? fail(err, origin, complaint) : unixsock_address(&unused, *host, err);
}

/* Path and query, up to the fragment. */
static int take_target(
	const char *text, char **target, const struct origin *origin, struct err *err)
{
	size_t bytes = strcspn(text, "#");

	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte <= 0x20 || byte >= 0x7f)
			return fail(err, origin,
				"has a space, a control character or a byte outside ASCII in its "
				"path: write it percent-encoded, as in \"%20\"");
	}
	if (asprintf(target, "%s%.*s", text[0] == '/' ? "" : "/", (int)bytes, text) < 0) {
		*target = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int take_host(struct address_url *url, struct piece authority, const struct origin *origin,
	struct err *err)
{
	struct piece host, zone;
	uint16_t port = 0;
	int rc = take_authority(authority, &host, &zone, &port, origin, err);

	if (rc)
		return rc;
	url->port = port ? port : DEFAULT_PORT;
	url->host = host_of(host, zone);
	url->header = header_of(host, url->port);
	return 0;
}

int address_parse_url(struct address_url *url, const char *text, struct err *err)
{
	struct origin origin = {"URL ", {text, strlen(text)}};
	bool socket = strncasecmp(text, "http+unix://@", strlen("http+unix://@")) == 0;
	enum scheme scheme = SCHEME_HTTP;
	struct piece authority;
	int rc;

	memset(url, 0, sizeof(*url));
	if (origin.whole.bytes > ADDRESS_URL_BYTES)
		return fail(err, &origin, "is longer than 16384 bytes");
	/* Before anything that repeats the URL: it may hold a password. The one "@" that does not
	 * end such a thing begins the name of an abstract socket. */
	authority.text = strstr(text, "://") ? strstr(text, "://") + 3 : text;
	authority.bytes = strcspn(authority.text, "/?#");
	if (memchr(authority.text + socket, '@', authority.bytes - socket))
		return err_set(err, ERR_USAGE, -EINVAL,
			"the URL has a user name or password before \"@\": leave it out and send "
			"it as a header, as in -H \"Authorization: Basic ...\"");
	rc = find_scheme(&scheme, &origin, err);
	if (!rc && scheme == SCHEME_HTTP_UNIX) {
		rc = take_socket(authority, &url->host, &origin, err);
		url->header = strdup(SOCKET_HOST);
	} else if (!rc) {
		rc = take_host(url, authority, &origin, err);
	}
	if (!rc)
		rc = take_target(authority.text + authority.bytes, &url->target, &origin, err);
	if (rc == -ENOMEM || (!rc && (!url->host || !url->header)))
		rc = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the URL");
	if (rc)
		address_url_release(url);
	return rc;
}

void address_url_release(struct address_url *url)
{
	free(url->host);
	free(url->header);
	free(url->target);
	memset(url, 0, sizeof(*url));
}

static int parse_socket(const char *text, char **host, struct err *err)
{
	struct plan_address unused;
	int rc = unixsock_address(&unused, text, err);

	if (rc)
		return rc;
	*host = strdup(text);
	return *host ? 0 : err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep \"%s\"", text);
}

/* "HOST1:PORT1:HOST2:PORT2", the form of curl(1), where only the latter two are wanted; they begin
 * at *wanted. */
static bool is_like_curl(const char *text, const char **wanted)
{
	struct in6_addr address;
	const char *at = text;

	for (int colons = 0; colons < 2; colons++) {
		at = strchr(at, ':');
		if (!at)
			return false;
		at++;
	}
	*wanted = at;
	at = strchr(at, ':');
	return at && at[1] && strspn(at + 1, "0123456789") == strlen(at + 1) &&
	       !strchr(text, '[') && inet_pton(AF_INET6, text, &address) != 1;
}

int address_parse_host_port(const char *text, char **host, uint16_t *port, struct err *err)
{
	struct origin origin = {"", {text, strlen(text)}};
	struct piece host_piece, zone;
	char quoted[QUOTED_BYTES], shown[QUOTED_BYTES];
	const char *wanted;
	int rc;

	*host = NULL;
	*port = 0;
	if (unixsock_is(text))
		return parse_socket(text, host, err);
	if (strstr(text, "://"))
		return fail(err, &origin, "is a URL: expected HOST:PORT");
	if (text[0] == '/')
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" is a path: write \"" UNIXSOCK_PREFIX "%s\" for a unix socket there",
			quoted_text(quoted, text, strlen(text)), quoted);
	if (is_like_curl(text, &wanted))
		return err_set(err, ERR_USAGE, -EINVAL,
			"\"%s\" has more than a host and a port: write only \"%s\"",
			quoted_text(quoted, text, strlen(text)),
			quoted_text(shown, wanted, strlen(wanted)));
	if (text[0] == ':' && text[1] != ':')
		return take_port(origin.whole, port, &origin, err);
	rc = take_authority(origin.whole, &host_piece, &zone, port, &origin, err);
	if (rc)
		return rc;
	if (*port == 0)
		return err_set(err, ERR_USAGE, -EINVAL, "\"%s\" has no port: write \"%s:80\"",
			quoted_text(quoted, text, strlen(text)), quoted);
	*host = host_of(host_piece, zone);
	if (!*host)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep \"%s\"", text);
	return 0;
}

static void format_address(struct plan_address *address)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], service[sizeof("65535")];
	const struct sockaddr *any = (const struct sockaddr *)&address->sockaddr;

	/* Numeric, so that it cannot fail for an address the resolver made. */
	if (getnameinfo(any, address->sockaddr_bytes, host, sizeof(host), service, sizeof(service),
		    NI_NUMERICHOST | NI_NUMERICSERV))
		host[0] = service[0] = '\0';
	snprintf(address->text, sizeof(address->text),
		any->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

static bool is_known(
	const struct plan_address *addresses, size_t count, const struct addrinfo *info)
{
	for (size_t i = 0; i < count; i++) {
		if (addresses[i].sockaddr_bytes == info->ai_addrlen &&
			memcmp(&addresses[i].sockaddr, info->ai_addr, info->ai_addrlen) == 0)
			return true;
	}
	return false;
}

static int resolve_socket(
	const char *text, struct plan_address **addresses, size_t *count, struct err *err)
{
	int rc;

	*addresses = calloc(1, sizeof(**addresses));
	if (!*addresses)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep \"%s\"", text);
	rc = unixsock_address(*addresses, text, err);
	if (rc) {
		free(*addresses);
		*addresses = NULL;
	}
	*count = !rc;
	return rc;
}

int address_resolve(const char *host, uint16_t port, struct plan_address **addresses, size_t *count,
	struct err *err)
{
	/* Not AI_ADDRCONFIG: the preflight finds out which families work, and a namespace with
	 * nothing but its loopback device must resolve too. */
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char service[sizeof("65535")];
	int rc, code;

	*addresses = NULL;
	*count = 0;
	if (unixsock_is(host))
		return resolve_socket(host, addresses, count, err);
	rc = zone_check(host, err);
	if (rc)
		return rc;
	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc == EAI_MEMORY)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "cannot resolve host \"%s\"", host);
	if (rc) {
		code = rc == EAI_SYSTEM && errno ? -errno : -EHOSTUNREACH;
		return err_set(err, ERR_TARGET, code, "cannot resolve host \"%s\": %s", host,
			rc == EAI_SYSTEM ? strerror(-code) : gai_strerror(rc));
	}
	*addresses = calloc(ADDRESS_LIMIT, sizeof(**addresses));
	for (struct addrinfo *info = found; *addresses && info && *count < ADDRESS_LIMIT;
		info = info->ai_next) {
		struct plan_address *address = &(*addresses)[*count];

		if (info->ai_addrlen > sizeof(address->sockaddr) ||
			is_known(*addresses, *count, info))
			continue;
		memcpy(&address->sockaddr, info->ai_addr, info->ai_addrlen);
		address->sockaddr_bytes = info->ai_addrlen;
		format_address(address);
		(*count)++;
	}
	freeaddrinfo(found);
	if (!*addresses)
		return err_set_errno(
			err, ERR_ENVIRONMENT, -ENOMEM, "cannot resolve host \"%s\"", host);
	return 0;
}
