/* SPDX-License-Identifier: MIT */
#include "lab/null_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/netns.h"
#include "ringload/null_abi.h"

LOADER_OBJECT(null_server);

static int null_server_configure(
	struct null_abi_config *config, uint16_t port, size_t body_bytes, struct err *err)
{
	char *response = (char *)config->response;
	int head;

	if (port == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"the null server's port is 0: expected 1 to 65535");
	if (body_bytes > NULL_SERVER_BODY_BYTES_LIMIT)
		return err_set(err, ERR_USAGE, -ERANGE,
			"a body of %zu bytes is too large for the null server: at most %d fit "
			"into its one packet",
			body_bytes, NULL_SERVER_BODY_BYTES_LIMIT);
	head = snprintf(response, sizeof(config->response),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
		body_bytes);
	memset(response + head, 'x', body_bytes);
	config->port = htons(port);
	config->head_bytes = (uint16_t)head;
	config->response_bytes = (uint32_t)head + (uint32_t)body_bytes;
	return 0;
}

int null_server_start(struct null_server *server, uint16_t port, size_t body_bytes, struct err *err)
{
	struct null_abi_config *config = calloc(1, sizeof(*config));
	int code;

	memset(server, 0, sizeof(*server));
	if (!config)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot start the null server");
	code = null_server_configure(config, port, body_bytes, err);
	if (code == 0)
		code = LOADER_OPEN(&server->loader, null_server, err);
	if (code == 0)
		code = loader_set_constants(&server->loader, config, sizeof(*config), err);
	if (code == 0)
		code = loader_load(&server->loader, err);
	if (code == 0)
		code = loader_attach_ingress(
			&server->loader, "null_server", NETNS_LOOPBACK_INDEX, err);
	if (code)
		null_server_release(server);
	free(config);
	return code;
}

int null_server_counts(
	struct null_server *server, struct null_server_counts *counts, struct err *err)
{
	uint64_t sums[NULL_ABI_COUNT];
	int code = loader_sum(&server->loader, "null_counts", sums, NULL_ABI_COUNT, err);

	if (code)
		return code;
	*counts = (struct null_server_counts){
		.connections = sums[NULL_ABI_CONNECTIONS],
		.requests = sums[NULL_ABI_REQUESTS],
		.continued = sums[NULL_ABI_CONTINUED],
		.closed = sums[NULL_ABI_CLOSED],
		.reset = sums[NULL_ABI_RESET],
		.failed = sums[NULL_ABI_FAILED],
	};
	return 0;
}

void null_server_release(struct null_server *server)
{
	loader_release(&server->loader);
}
