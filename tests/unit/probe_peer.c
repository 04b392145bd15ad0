/* SPDX-License-Identifier: MIT */
#include "tests/unit/probe_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct probe *probe_peer_open(const struct peer_server *server, const struct probe_options *like)
{
	struct probe_options options = like ? *like : (struct probe_options){.sample = 1};
	struct probe *probe;
	struct err err = {0};

	options.ports[0] = server->port;
	options.port_count = 1;
	if (probe_open(&probe, &options, &err))
		fail_msg("%s", err.text);
	return probe;
}

uint64_t probe_peer_count(const struct probe *probe, enum probe_abi_count count)
{
	return probe_stages(probe)->count[count];
}

const struct probe_hook *probe_peer_hook(const struct probe *probe, const char *stage)
{
	const struct probe_hook *hooks;
	size_t count = probe_hooks(probe, &hooks);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(hooks[i].stage, stage))
			return &hooks[i];
	fail_msg("there is no hook \"%s\"", stage);
	return NULL;
}

void probe_peer_ask(struct peer *peer, const char *path, int times)
{
	struct peer_response response;

	for (int i = 0; i < times; i++)
		peer_get(peer, path, &response);
}
