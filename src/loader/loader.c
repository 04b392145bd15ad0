/* SPDX-License-Identifier: MIT */
#include "loader/loader.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "loader/refusal.h"
#include "loader/said.h"

int loader_open(struct loader *loader, const char *name, const void *bytes, size_t byte_count,
	struct err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);

	memset(loader, 0, sizeof(*loader));
	loader->name = name;
	loader->bytes = bytes;
	loader->byte_count = byte_count;
	said_listen();
	loader->object = bpf_object__open_mem(bytes, byte_count, &options);
	if (!loader->object)
		return refusal_of_object(loader, "open", -errno, err);
	return 0;
}

static struct bpf_program *loader_program(const struct loader *loader, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(loader->object, name);

	assert(program);
	return program;
}

const char *loader_section(const struct loader *loader, const char *program)
{
	return bpf_program__section_name(loader_program(loader, program));
}

void loader_choose(struct loader *loader, const char *const *programs, size_t count)
{
	struct bpf_program *program = NULL;

	while ((program = bpf_object__next_program(loader->object, program)))
		bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < count; i++)
		bpf_program__set_autoload(loader_program(loader, programs[i]), true);
}

int loader_set_constants(
	struct loader *loader, const void *constants, size_t size_bytes, struct err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, ".rodata");
	int code;

	if (!map)
		return refusal_of_object(loader, "find the constants of", -ENOENT, err);
	code = bpf_map__set_initial_value(map, constants, size_bytes);
	if (code)
		return refusal_of_object(loader, "set the constants of", code, err);
	return 0;
}

static struct bpf_map *loader_find_map(const struct loader *loader, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loader->object, name);

	assert(map);
	return map;
}

int loader_map(const struct loader *loader, const char *map)
{
	return bpf_map__fd(loader_find_map(loader, map));
}

int loader_set_entries(struct loader *loader, const char *map, uint32_t entries, struct err *err)
{
	int code = bpf_map__set_max_entries(loader_find_map(loader, map), entries);

	return code ? refusal_of_object(loader, "size a map of", code, err) : 0;
}

int loader_load(struct loader *loader, struct err *err)
{
	struct bpf_program *program = NULL;
	int code;

	while ((program = bpf_object__next_program(loader->object, program)))
		if (bpf_program__autoload(program) && refusal_is_wanted(bpf_program__name(program)))
			return err_set(err, ERR_ENVIRONMENT, -EPERM,
				"cannot load the BPF program \"%s\": \"%s\" is refused by "
				"" LOADER_REFUSE_VARIABLE,
				loader->name, bpf_program__name(program));
	said_listen();
	code = bpf_object__load(loader->object);
	if (code)
		return refusal_of_object(loader, "load", code, err);
	return 0;
}

int loader_cpus(struct err *err)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, cpus, "cannot count the CPUs");
	return cpus;
}

static int loader_keep(
	struct loader *loader, const char *program, struct bpf_link *link, struct err *err)
{
	struct loader_link *links;
	int code;

	if (!link) {
		code = -errno;
		return refusal_of_object(loader, "attach", code, err);
	}
	links = reallocarray(loader->links, loader->link_count + 1, sizeof(*links));
	if (!links) {
		bpf_link__destroy(link);
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot attach BPF programs");
	}
	loader->links = links;
	links[loader->link_count++] = (struct loader_link){program, link};
	return 0;
}

int loader_attach(struct loader *loader, const char *program, struct err *err)
{
	said_listen();
	return loader_keep(
		loader, program, bpf_program__attach(loader_program(loader, program)), err);
}

int loader_attach_event(struct loader *loader, const char *program, int event_fd, struct err *err)
{
	struct bpf_link *link;

	said_listen();
	link = bpf_program__attach_perf_event(loader_program(loader, program), event_fd);
	if (!link) {
		int code = errno;

		close(event_fd);
		errno = code;
	}
	return loader_keep(loader, program, link, err);
}

int loader_attach_ingress(struct loader *loader, const char *program, int ifindex, struct err *err)
{
	struct bpf_program *found = loader_program(loader, program);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = 1);
	int code;

	said_listen();
	code = bpf_tc_hook_create(&hook);
	if (code && code != -EEXIST)
		return refusal_of_object(loader, "make a queue for", code, err);
	options.prog_fd = bpf_program__fd(found);
	code = bpf_tc_attach(&hook, &options);
	if (code)
		return refusal_of_object(loader, "attach", code, err);
	return 0;
}

int loader_walk(struct loader *loader, const char *program, struct buf *written, struct err *err)
{
	struct bpf_link *link;
	char part[4096];
	ssize_t bytes;
	int fd, code = 0;

	said_listen();
	link = bpf_program__attach_iter(loader_program(loader, program), NULL);
	if (!link) {
		code = -errno;
		return refusal_of_object(loader, "attach", code, err);
	}
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		code = refusal_of_object(loader, "run", fd, err);
		goto out;
	}
	do {
		bytes = read(fd, part, sizeof(part));
		if (bytes > 0)
			buf_append(written, part, (size_t)bytes);
	} while (bytes > 0 || (bytes < 0 && (errno == EINTR || errno == EAGAIN)));
	if (bytes < 0)
		code = refusal_of_object(loader, "run", -errno, err);
	else if (written->failed)
		code = err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot walk connections");
	close(fd);
out:
	bpf_link__destroy(link);
	return code;
}

static struct loader_shared *loader_find_shared(struct loader *loader, int map_fd)
{
	for (size_t i = 0; i < loader->shared_count; i++)
		if (loader->shared[i].map_fd == map_fd)
			return &loader->shared[i];
	return NULL;
}

int loader_share(
	struct loader *loader, const char *map, void **memory, size_t *size_bytes, struct err *err)
{
	const struct bpf_map *found = loader_find_map(loader, map);
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), bytes;
	struct loader_shared *shared = loader_find_shared(loader, bpf_map__fd(found));

	if (!shared) {
		assert(loader->shared_count < LOADER_SHARED_LIMIT);
		bytes = ((size_t)bpf_map__value_size(found) + 7) / 8 * 8 *
			bpf_map__max_entries(found);
		bytes = (bytes + page_bytes - 1) / page_bytes * page_bytes;
		shared = &loader->shared[loader->shared_count];
		shared->map_fd = bpf_map__fd(found);
		shared->size_bytes = bytes;
		shared->memory = mmap(
			NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared->map_fd, 0);
		if (shared->memory == MAP_FAILED)
			return err_set_errno(err, ERR_ENVIRONMENT, -errno,
				"cannot share the memory of the BPF map \"%s\"", map);
		loader->shared_count++;
	}
	*memory = shared->memory;
	*size_bytes = shared->size_bytes;
	return 0;
}

/* Where a section's variable lies in it; negative when the section has none of that name. */
static int64_t loader_offset(
	const struct btf *btf, const struct btf_type *section, const char *variable, size_t *size)
{
	const struct btf_var_secinfo *place = btf_var_secinfos(section);

	for (unsigned int i = 0; i < btf_vlen(section); i++, place++) {
		const struct btf_type *type = btf__type_by_id(btf, place->type);

		if (!strcmp(btf__name_by_offset(btf, type->name_off), variable)) {
			*size = place->size;
			return place->offset;
		}
	}
	return -ENOENT;
}

int loader_variable(struct loader *loader, const char *variable, size_t size_bytes, void **memory,
	struct err *err)
{
	const struct btf *btf = bpf_object__btf(loader->object);
	size_t size = 0, map_bytes;
	int64_t offset = -ENOENT;
	const char *section = NULL;
	int code;

	for (unsigned int id = 1; id < btf__type_cnt(btf) && offset < 0; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!btf_is_datasec(type))
			continue;
		section = btf__name_by_offset(btf, type->name_off);
		offset = loader_offset(btf, type, variable, &size);
	}
	assert(offset >= 0 && size == size_bytes);
	code = loader_share(loader, section, memory, &map_bytes, err);
	if (code == 0)
		*memory = (char *)*memory + offset;
	return code;
}

int loader_push(struct loader *loader, const char *map, const void *value, struct err *err)
{
	int code = bpf_map_update_elem(loader_map(loader, map), NULL, value, BPF_ANY);

	return code ? refusal_of_object(loader, "fill a map of", code, err) : 0;
}

int loader_lookup(int map_fd, const void *key, void *value)
{
	return bpf_map_lookup_elem(map_fd, key, value);
}

int loader_update(int map_fd, const void *key, const void *value)
{
	return bpf_map_update_elem(map_fd, key, value, BPF_ANY);
}

int loader_delete(int map_fd, const void *key)
{
	return bpf_map_delete_elem(map_fd, key);
}

int loader_next_key(int map_fd, const void *previous, void *key)
{
	return bpf_map_get_next_key(map_fd, previous, key);
}

int loader_sum(
	struct loader *loader, const char *map, uint64_t *sums, size_t count, struct err *err)
{
	int map_fd = bpf_object__find_map_fd_by_name(loader->object, map);
	int cpus = loader_cpus(err);
	uint32_t key = 0;
	uint64_t *values;
	int code;

	if (map_fd < 0)
		return refusal_of_object(loader, "find a map of", map_fd, err);
	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus * count, sizeof(*values));
	if (!values)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot read BPF counts");
	code = bpf_map_lookup_elem(map_fd, &key, values);
	if (code) {
		refusal_of_object(loader, "read a map of", code, err);
		goto out;
	}
	memset(sums, 0, count * sizeof(*sums));
	for (size_t i = 0; i < (size_t)cpus * count; i++)
		sums[i % count] += values[i];
out:
	free(values);
	return code;
}

int loader_statistics(struct err *err)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd < 0)
		return err_set(err, ERR_ENVIRONMENT, fd,
			"statistics of BPF programs cannot be switched on: %s%s", strerror(-fd),
			fd == -EPERM ? " (needs CAP_SYS_ADMIN)" : "");
	return fd;
}

/* Sums over the programs that are loaded. */
static int loader_ask(const struct loader *loader, struct bpf_prog_info *sums, struct err *err)
{
	struct bpf_program *program = NULL;

	memset(sums, 0, sizeof(*sums));
	while ((program = bpf_object__next_program(loader->object, program))) {
		struct bpf_prog_info info = {0};
		uint32_t bytes = sizeof(info);
		int fd = bpf_program__fd(program), code;

		if (fd < 0)
			continue;
		code = bpf_obj_get_info_by_fd(fd, &info, &bytes);
		if (code)
			return refusal_of_object(loader, "ask about", code, err);
		sums->run_time_ns += info.run_time_ns;
		sums->run_cnt += info.run_cnt;
		sums->recursion_misses += info.recursion_misses;
	}
	return 0;
}

int loader_spent(const struct loader *loader, uint64_t *time_ns, uint64_t *calls, struct err *err)
{
	struct bpf_prog_info sums;
	int code = loader_ask(loader, &sums, err);

	*time_ns = sums.run_time_ns;
	*calls = sums.run_cnt;
	return code;
}

int loader_missed(const struct loader *loader, uint64_t *missed, struct err *err)
{
	struct bpf_prog_info sums;
	int code = loader_ask(loader, &sums, err);

	*missed = sums.recursion_misses;
	return code;
}

void loader_detach(struct loader *loader)
{
	for (size_t i = 0; i < loader->link_count; i++)
		bpf_link__destroy(loader->links[i].link);
	loader->link_count = 0;
}

void loader_take_off(struct loader *loader, const char *program)
{
	for (size_t i = 0; i < loader->link_count; i++) {
		if (strcmp(loader->links[i].program, program) != 0)
			continue;
		bpf_link__destroy(loader->links[i].link);
		loader->links[i] = loader->links[--loader->link_count];
		return;
	}
}

void loader_release(struct loader *loader)
{
	loader_detach(loader);
	free(loader->links);
	for (size_t i = 0; i < loader->shared_count; i++)
		munmap(loader->shared[i].memory, loader->shared[i].size_bytes);
	bpf_object__close(loader->object);
	memset(loader, 0, sizeof(*loader));
}
