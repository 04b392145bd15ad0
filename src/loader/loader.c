/* SPDX-License-Identifier: MIT */
#include "loader/loader.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/*
 * What libbpf said last on this thread at the level of a warning, without its line end. Its print
 * function has no context argument, so the thread is the context.
 */
static __thread char said[512];

__attribute__((format(printf, 2, 0))) static int loader_listen(
	enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(said, sizeof(said), format, arguments);
		said[strcspn(said, "\n")] = '\0';
	}
	return 0;
}

/* "libbpf: " is where it came from, the rest is what went wrong. */
static const char *loader_said(void)
{
	const char *prefix = "libbpf: ";

	return strncmp(said, prefix, strlen(prefix)) == 0 ? said + strlen(prefix) : said;
}

static int loader_fail(const struct loader *loader, const char *doing, int code, struct err *err)
{
	if (code == -EPERM || code == -EACCES)
		return err_set(err, ERR_ENVIRONMENT, code,
			"not permitted to %s the BPF program \"%s\": it needs the capabilities "
			"CAP_BPF and CAP_NET_ADMIN; run as root",
			doing, loader->name);
	if (said[0] == '\0')
		return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot %s the BPF program \"%s\"",
			doing, loader->name);
	return err_set(err, ERR_ENVIRONMENT, code, "cannot %s the BPF program \"%s\": %s (%s)",
		doing, loader->name, strerror(-code), loader_said());
}

int loader_open(struct loader *loader, const char *name, const void *bytes, size_t byte_count,
	struct err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);

	memset(loader, 0, sizeof(*loader));
	loader->name = name;
	said[0] = '\0';
	libbpf_set_print(loader_listen);
	loader->object = bpf_object__open_mem(bytes, byte_count, &options);
	if (!loader->object)
		return loader_fail(loader, "open", -errno, err);
	return 0;
}

int loader_set_constants(
	struct loader *loader, const void *constants, size_t size_bytes, struct err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, ".rodata");
	int code;

	if (!map)
		return loader_fail(loader, "find the constants of", -ENOENT, err);
	code = bpf_map__set_initial_value(map, constants, size_bytes);
	if (code)
		return loader_fail(loader, "set the constants of", code, err);
	return 0;
}

int loader_load(struct loader *loader, struct err *err)
{
	int code;

	said[0] = '\0';
	code = bpf_object__load(loader->object);
	if (code)
		return loader_fail(loader, "load", code, err);
	return 0;
}

int loader_attach_ingress(struct loader *loader, const char *program, int ifindex, struct err *err)
{
	struct bpf_program *found = bpf_object__find_program_by_name(loader->object, program);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = 1);
	int code;

	assert(found);
	said[0] = '\0';
	code = bpf_tc_hook_create(&hook);
	if (code && code != -EEXIST)
		return loader_fail(loader, "make a queue for", code, err);
	options.prog_fd = bpf_program__fd(found);
	code = bpf_tc_attach(&hook, &options);
	if (code)
		return loader_fail(loader, "attach", code, err);
	return 0;
}

int loader_sum(
	struct loader *loader, const char *map, uint64_t *sums, size_t count, struct err *err)
{
	int map_fd = bpf_object__find_map_fd_by_name(loader->object, map);
	int cpus = libbpf_num_possible_cpus();
	uint32_t key = 0;
	uint64_t *values;
	int code = 0;

	if (map_fd < 0)
		return loader_fail(loader, "find a map of", map_fd, err);
	if (cpus < 0)
		return loader_fail(loader, "count the CPUs for", cpus, err);
	values = calloc((size_t)cpus * count, sizeof(*values));
	if (!values)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot read BPF counts");
	if (bpf_map_lookup_elem(map_fd, &key, values)) {
		code = loader_fail(loader, "read a map of", -errno, err);
		goto out;
	}
	memset(sums, 0, count * sizeof(*sums));
	for (size_t i = 0; i < (size_t)cpus * count; i++)
		sums[i % count] += values[i];
out:
	free(values);
	return code;
}

void loader_release(struct loader *loader)
{
	bpf_object__close(loader->object);
	memset(loader, 0, sizeof(*loader));
}
