/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel's own bound on nodes (CONFIG_NODES_SHIFT is at most 10). */
#define NODE_LIMIT    1024
#define BITS_PER_WORD (8 * sizeof(unsigned long))

/*
 * Asks for the node's pages before any is touched. Preferred, not bound: with a full node the
 * kernel takes memory elsewhere instead of killing the process.
 */
static int prefer_node(void *base, size_t size_bytes, int numa_node)
{
	unsigned long nodes[NODE_LIMIT / BITS_PER_WORD] = {0};

	if (numa_node >= NODE_LIMIT)
		return -EINVAL;
	nodes[(size_t)numa_node / BITS_PER_WORD] |= 1UL << ((size_t)numa_node % BITS_PER_WORD);
	/* The kernel reads one bit less than it is told. */
	if (mbind(base, size_bytes, MPOL_PREFERRED, nodes, NODE_LIMIT + 1, 0) == 0)
		return 0;
	/*
	 * Containers forbid mbind. The pages still land on the node of the pinned worker, as it
	 * touches them first.
	 */
	return errno == EPERM || errno == ENOSYS ? 0 : -errno;
}

int arena_init(struct arena *arena, size_t size_bytes, int numa_node, struct err *err)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped_bytes;
	void *base;
	int rc;

	memset(arena, 0, sizeof *arena);
	if (__builtin_add_overflow(size_bytes ? size_bytes : 1, page_bytes - 1, &mapped_bytes))
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM,
			"cannot take %zu bytes of memory for a worker", size_bytes);
	mapped_bytes -= mapped_bytes % page_bytes;
	base = mmap(NULL, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"cannot take %zu bytes of memory for a worker", size_bytes);
	if (numa_node >= 0 && numa_available() >= 0) {
		rc = prefer_node(base, mapped_bytes, numa_node);
		if (rc < 0) {
			munmap(base, mapped_bytes);
			return err_set_errno(err, ERR_ENVIRONMENT, rc,
				"cannot take memory from NUMA node \"%d\"", numa_node);
		}
	}
	arena->base = base;
	arena->size_bytes = mapped_bytes;
	return 0;
}

void arena_release(struct arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->size_bytes);
	memset(arena, 0, sizeof *arena);
}

void *arena_alloc(struct arena *arena, size_t size_bytes, size_t align_bytes)
{
	uintptr_t next = (uintptr_t)arena->base + arena->used_bytes;
	size_t padding_bytes;
	char *piece;

	assert(!arena->sealed);
	assert(align_bytes && !(align_bytes & (align_bytes - 1)));
	padding_bytes = -next & (align_bytes - 1);
	assert(padding_bytes <= arena->size_bytes - arena->used_bytes);
	assert(size_bytes <= arena->size_bytes - arena->used_bytes - padding_bytes);
	piece = arena->base + arena->used_bytes + padding_bytes;
	arena->used_bytes += padding_bytes + size_bytes;
	return piece;
}

size_t arena_need(size_t size_bytes, size_t align_bytes)
{
	size_t need_bytes;

	/* A sum that does not fit is more than any arena: arena_init will say so. */
	if (__builtin_add_overflow(size_bytes, align_bytes - 1, &need_bytes))
		return SIZE_MAX;
	return need_bytes;
}

void arena_seal(struct arena *arena)
{
	arena->sealed = true;
}
