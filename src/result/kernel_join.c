/* SPDX-License-Identifier: MIT */
#include "result/kernel_join.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static void format_client(char *text, size_t text_bytes, const struct probe_abi_slow *row)
{
	char address[INET6_ADDRSTRLEN];
	const __be32 *words = row->client_address;
	bool mapped = !words[0] && !words[1] && words[2] == htonl(0xffff);

	inet_ntop(
		mapped ? AF_INET : AF_INET6, mapped ? &words[3] : words, address, sizeof(address));
	snprintf(text, text_bytes, mapped ? "%s:%u" : "[%s]:%u", address, row->client_port);
}

/* One clock, read by the client before the request's way and after it. */
static bool encloses(const struct slowest_row *client, const struct probe_abi_slow *server)
{
	return client->intended_ns <= client->sent_ns && client->sent_ns <= server->arrived_ns &&
	       server->arrived_ns + server->residence_ns <= client->done_ns;
}

static const struct slowest_row *find_in(
	const struct slowest *slowest, const struct probe_abi_slow *row)
{
	struct slowest rest = *slowest;
	const struct slowest_row *found;

	while ((found = slowest_find(&rest, row->client_port, row->offset_bytes)) &&
		!encloses(found, row)) {
		rest.rows += found - rest.rows + 1;
		rest.count = slowest->count - (size_t)(rest.rows - slowest->rows);
	}
	return found;
}

static const struct slowest_row *find_client(
	const struct kernel_client *client, const struct probe_abi_slow *row)
{
	const struct slowest_row *found = NULL;

	for (size_t i = 0; client && !found && i < client->worker_count; i++)
		found = find_in(client->slowest[i], row);
	return found;
}

static void join_client(struct result_kernel_slow *to, const struct probe_abi_slow *row,
	const struct slowest_row *client)
{
	to->has_client = true;
	to->total_ns = client->done_ns - client->intended_ns;
	to->service_ns = client->done_ns - client->sent_ns;
	to->send_lag_ns = client->sent_ns - client->intended_ns;
	to->to_server_ns = row->arrived_ns - client->sent_ns;
	to->from_server_ns = client->done_ns - (row->arrived_ns + row->residence_ns);
}

/* Parts beyond the residence belong to another request: the row was being written. */
static bool is_whole(const struct probe_abi_slow *row)
{
	uint64_t parts_ns = 0;

	for (unsigned int part = 0; part < PROBE_ABI_PARTS; part++)
		parts_ns += row->part_ns[part];
	return row->residence_ns && parts_ns <= row->residence_ns;
}

static void join_row(struct builder *builder, struct result_kernel_slow *to,
	const struct probe_abi_slow *row, const struct kernel_input *input)
{
	const struct slowest_row *client = find_client(input->client, row);
	char text[INET6_ADDRSTRLEN + sizeof("[]:65535")];

	format_client(text, sizeof(text), row);
	to->client = builder_text(builder, text);
	to->server_port = row->server_port;
	to->offset_bytes = row->offset_bytes;
	to->tid = row->tid;
	to->pid = row->tgid;
	to->at_s = ((double)row->arrived_ns - (double)input->start_ns) / (double)NS_PER_S;
	to->residence_ns = row->residence_ns;
	to->rx_path_ns = row->rx_path_ns;
	to->attributed = row->attributed;
	for (unsigned int part = 0; part < PROBE_ABI_PARTS && row->attributed; part++)
		to->part_ns[part] = row->part_ns[part];
	if (client)
		join_client(to, row, client);
}

void kernel_join_slowest(struct builder *builder, struct result_kernel *kernel,
	const struct probe_abi_slow *rows, size_t count, const struct kernel_input *input)
{
	kernel->slowest = builder_take(builder, RESULT_KERNEL_SLOWEST, sizeof(*kernel->slowest));
	if (!kernel->slowest)
		return;
	for (size_t i = 0; i < count && kernel->slowest_count < RESULT_KERNEL_SLOWEST; i++)
		if (is_whole(&rows[i]))
			join_row(builder, &kernel->slowest[kernel->slowest_count++], &rows[i],
				input);
}
