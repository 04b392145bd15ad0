/* SPDX-License-Identifier: MIT */
/* Any text is a URL, or the value of --connect-to, that can be connected to; or a sentence for the
 * user. No name server is asked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/address.h"
#include "plan/unixsock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Nothing that ends a line, or the request, gets into what is sent. */
static void require_sendable(const char *text)
{
	require(*text != '\0');
	for (; *text; text++)
		require((unsigned char)*text > 0x20 && (unsigned char)*text < 0x7f);
}

/* The socket behind the host, and the way back: its URL names the same one. */
static void check_socket(const char *host)
{
	struct plan_address *found, again;
	struct address_url url;
	struct buf text = {0};
	size_t count;

	require(!address_resolve(host, 0, &found, &count, NULL) && count == 1);
	unixsock_url(&text, found);
	require(!address_parse_url(&url, buf_string(&text), NULL));
	require(!unixsock_address(&again, url.host, NULL));
	require(again.sockaddr_bytes == found->sockaddr_bytes &&
		!memcmp(&again.sockaddr, &found->sockaddr, sizeof(again.sockaddr)));
	address_url_release(&url);
	buf_release(&text);
	free(found);
}

static void check_url(const char *text)
{
	struct err err = {ERR_NONE, ""};
	struct address_url url;

	if (address_parse_url(&url, text, &err)) {
		require(err.kind == ERR_USAGE && *err.text && !url.host && !url.header);
		return;
	}
	require_sendable(url.header);
	require_sendable(url.target);
	require(*url.host && *url.target == '/');
	require((url.port == 0) == unixsock_is(url.host));
	if (unixsock_is(url.host))
		check_socket(url.host);
	address_url_release(&url);
}

static void check_host_port(const char *text)
{
	struct err err = {ERR_NONE, ""};
	char *host;
	uint16_t port;

	if (address_parse_host_port(text, &host, &port, &err)) {
		require(err.kind == ERR_USAGE && *err.text && !host);
		return;
	}
	require(host || port);
	if (host && unixsock_is(host))
		check_socket(host);
	else
		require(port);
	free(host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1);

	memcpy(text, data, bytes);
	text[bytes] = '\0';
	check_url(text);
	check_host_port(text);
	free(text);
	return 0;
}
