/* SPDX-License-Identifier: MIT */
#include "plan/unixsock.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "plan/quoted.h"

_Static_assert(sizeof(UNIXSOCK_PREFIX) + UNIXSOCK_BYTES <= PLAN_ADDRESS_TEXT_BYTES,
	"every path must be shown whole");
_Static_assert(UNIXSOCK_BYTES < sizeof(((struct sockaddr_un *)NULL)->sun_path),
	"a path must fit with its NUL");

bool unixsock_is(const char *text)
{
	size_t prefix = strlen(UNIXSOCK_PREFIX);

	if (strncmp(text, UNIXSOCK_PREFIX, prefix) != 0)
		return false;
	text += prefix;
	return *text == '\0' || strspn(text, "0123456789") != strlen(text);
}

static int fail(struct err *err, const char *text, const char *complaint)
{
	char quoted[QUOTED_BYTES];

	return err_set(err, ERR_USAGE, -EINVAL, "\"%s\" %s",
		quoted_text(quoted, text, strlen(text)), complaint);
}

int unixsock_address(struct plan_address *address, const char *text, struct err *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&address->sockaddr;
	const char *path = text + strlen(UNIXSOCK_PREFIX);
	char quoted[QUOTED_BYTES];
	size_t bytes;

	if (strncmp(path, "///", 3) == 0)
		path += 2;
	bytes = strlen(path);
	if (bytes == 0 || strncmp(path, "//", 2) == 0 || !strchr("/.@", *path))
		return fail(err, text,
			"names no unix socket: expected a path, as in \"unix:/run/x.sock\" or "
			"\"unix:./x.sock\", or the name of an abstract one, as in \"unix:@name\"");
	if (strcmp(path, "@") == 0)
		return fail(err, text,
			"has no name after \"@\": expected that of an abstract socket, as in "
			"\"unix:@name\"");
	if (bytes > UNIXSOCK_BYTES)
		return err_set(err, ERR_USAGE, -ENAMETOOLONG,
			"\"%s\": a unix socket's path of %zu bytes is too long: expected at most "
			"%d; a shorter one through a symbolic link or a relative path will do",
			quoted_text(quoted, text, strlen(text)), bytes, UNIXSOCK_BYTES);
	memset(&address->sockaddr, 0, sizeof(address->sockaddr));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, bytes);
	address->sockaddr_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
	if (*path == '@')
		un->sun_path[0] = '\0'; /* the name ends with the address's length */
	else
		address->sockaddr_bytes++; /* with the NUL */
	snprintf(address->text, sizeof(address->text), UNIXSOCK_PREFIX "%s",
		quoted_text(quoted, path, bytes));
	return 0;
}

static int digit_of(char byte)
{
	return isdigit((unsigned char)byte) ? byte - '0' : tolower((unsigned char)byte) - 'a' + 10;
}

const char *unixsock_decode(char *out, const char *encoded, size_t bytes)
{
	const char *end = encoded + bytes, *at = encoded;

	if (bytes == 0)
		return "has no host: the path of a unix socket goes there percent-encoded, as in "
		       "\"http+unix://%2Frun%2Fx.sock/path\"";
	strcpy(out, UNIXSOCK_PREFIX);
	out += strlen(UNIXSOCK_PREFIX);
	for (char *next = out; at < end; next++) {
		bool escaped = *at == '%';

		if (*at == ':')
			return "has a port, which a unix socket has not: write \"%3A\" for a "
			       "\":\" in its path";
		if (escaped && (end - at < 3 || !isxdigit((unsigned char)at[1]) ||
				       !isxdigit((unsigned char)at[2])))
			return "has a \"%\" without two hexadecimal digits in the socket's path: "
			       "write \"%25\" for the character itself";
		next[0] = escaped ? (char)(digit_of(at[1]) << 4 | digit_of(at[2])) : *at;
		next[1] = '\0';
		at += escaped ? 3 : 1;
		if (*next == '\0' && next > out)
			return "has a NUL byte inside the socket's path: expected it only before "
			       "the name of an abstract socket, as in \"http+unix://%00name/\"";
		if (*next == '\0')
			*next = '@';
	}
	if (!strchr("/.@", *out))
		return "names no unix socket in place of the host: its path goes there "
		       "percent-encoded, as in \"http+unix://%2Frun%2Fx.sock/path\"";
	return NULL;
}

const char *unixsock_name(char name[UNIXSOCK_BYTES + 1], const struct plan_address *address)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&address->sockaddr;
	size_t bytes = address->sockaddr_bytes - offsetof(struct sockaddr_un, sun_path);

	/* A path has its NUL with it; a name has one before it. */
	memcpy(name, un->sun_path, bytes < UNIXSOCK_BYTES ? bytes : UNIXSOCK_BYTES);
	name[bytes < UNIXSOCK_BYTES ? bytes : UNIXSOCK_BYTES] = '\0';
	if (un->sun_path[0] == '\0')
		name[0] = '@';
	return name;
}

void unixsock_url(struct buf *out, const struct plan_address *address)
{
	char name[UNIXSOCK_BYTES + 1];

	buf_text(out, "http+unix://");
	for (const char *at = unixsock_name(name, address); *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (isalnum(byte) || strchr("-._~", byte) || (byte == '@' && at == name))
			buf_printf(out, "%c", byte);
		else
			buf_printf(out, "%%%02X", byte);
	}
}
