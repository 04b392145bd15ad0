/* SPDX-License-Identifier: MIT */
#include "cli/probing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/percent.h"
#include "base/units.h"

static int take_port(struct probe_options *options, const char *text, struct err *err)
{
	uint64_t port;
	size_t i;
	int code = units_parse_count(text, 1, UINT16_MAX, &port, err);

	if (code < 0)
		return code;
	for (i = 0; i < options->port_count; i++)
		if (options->ports[i] == port)
			return 0;
	if (options->port_count == PROBE_ABI_PORT_LIMIT)
		return err_set(err, ERR_USAGE, -E2BIG, "%s is one port too many: at most %d", text,
			PROBE_ABI_PORT_LIMIT);
	options->ports[options->port_count++] = (uint16_t)port;
	return 0;
}

/* Each item may be a list itself: "80,443". */
static int take_ports(
	struct probe_options *options, const struct scenario_list *list, struct err *err)
{
	char *copy, *rest, *text;
	int code = 0;
	size_t i;

	for (i = 0; i < list->count && code >= 0; i++) {
		rest = copy = strdup(list->items[i]);
		if (!copy)
			return err_set_errno(
				err, ERR_ENVIRONMENT, -ENOMEM, "cannot keep the ports");
		while (code >= 0 && (text = strsep(&rest, ",")))
			code = take_port(options, text, err);
		free(copy);
	}
	return code;
}

/* A word is a name that `ip netns` gave. */
static int take_netns(struct probing_values *values, struct probe_options *options, struct err *err)
{
	if (!values->netns)
		return 0;
	snprintf(values->netns_path, sizeof(values->netns_path), "%s%s",
		strchr(values->netns, '/') ? "" : "/run/netns/", values->netns);
	options->netns = values->netns_path;
	if (access(options->netns, F_OK) < 0)
		return err_set_errno(
			err, ERR_USAGE, -errno, "there is no \"%s\"", values->netns_path);
	return 0;
}

static int take_cgroup(
	const struct probing_values *values, struct probe_options *options, struct err *err)
{
	/* The first is where version 2 lies beside version 1. */
	static const char *const places[] = {"/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"};
	bool absolute = values->cgroup && values->cgroup[0] == '/';
	char path[PATH_MAX + 32];

	options->cgroup = values->cgroup;
	if (!values->cgroup)
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s%s", absolute ? "" : places[i], values->cgroup);
		if (access(path, F_OK) == 0)
			return 0;
	}
	return err_set_errno(err, ERR_USAGE, -errno, "there is no \"%s\"", path);
}

static int take_pid(
	const struct probing_values *values, struct probe_options *options, struct err *err)
{
	char path[64];

	options->pid = values->pid;
	snprintf(path, sizeof(path), "/proc/%u", values->pid);
	if (values->pid && access(path, F_OK) < 0)
		return err_set(err, ERR_USAGE, -ESRCH, "there is no process %u", values->pid);
	return 0;
}

static int take_budget(
	const struct probing_values *values, struct probe_options *options, struct err *err)
{
	int code;

	if (!values->budget)
		return 0;
	options->budget = -1;
	if (!strcmp(values->budget, "off"))
		return 0;
	code = percent_parse(values->budget, &options->budget, err);
	if (code < 0)
		return code;
	if (options->budget < 0.001 || options->budget > 1)
		return err_set(err, ERR_USAGE, -ERANGE,
			"\"%s\" is out of range: write 0.1%% to 100%%, or off", values->budget);
	return 0;
}

int probing_take(struct probing_values *values, const char *prefix, struct probe_options *options,
	struct err *err)
{
	const char *name = "port";
	int code;

	*options = (struct probe_options){
		.sample = values->sample, .profile = values->profile != NULL};
	code = take_ports(options, &values->ports, err);
	if (code >= 0) {
		name = "netns";
		code = take_netns(values, options, err);
	}
	if (code >= 0) {
		name = "cgroup";
		code = take_cgroup(values, options, err);
	}
	if (code >= 0) {
		name = "budget";
		code = take_budget(values, options, err);
	}
	if (code >= 0) {
		name = "pid";
		code = take_pid(values, options, err);
	}
	if (code < 0)
		err_prefix(err, "--%s%s: ", prefix, name);
	return code;
}

void probing_release(struct probing_values *values)
{
	free(values->ports.items);
	values->ports = (struct scenario_list){0};
}
