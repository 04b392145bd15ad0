/* SPDX-License-Identifier: MIT */
#include "target/leak.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

#define PAGE_BYTES  4096ULL
#define NS_PER_HOUR (3600 * NS_PER_S)
/* Pages due sooner than this are leaked together: no server leaks because it is woken to. */
#define SHORTEST_STEP_NS (10 * NS_PER_MS)

int leak_init(struct leak *leak, uint64_t limit_bytes, uint64_t bytes_per_hour, struct err *err)
{
	void *memory = mmap(NULL, limit_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memset(leak, 0, sizeof(*leak));
	if (memory == MAP_FAILED)
		return err_set_errno(err, ERR_ENVIRONMENT, -errno,
			"no address space for a leak of %llu bytes",
			(unsigned long long)limit_bytes);
	/* A kernel without huge pages says EINVAL, and has none to refuse. */
	madvise(memory, limit_bytes, MADV_NOHUGEPAGE);
	*leak = (struct leak){
		.memory = memory, .limit_bytes = limit_bytes, .bytes_per_hour = bytes_per_hour};
	return 0;
}

void leak_release(struct leak *leak)
{
	if (leak->memory)
		munmap(leak->memory, leak->limit_bytes);
	memset(leak, 0, sizeof(*leak));
}

static uint64_t cut(const struct leak *leak, uint64_t bytes)
{
	return bytes < leak->limit_bytes ? bytes : leak->limit_bytes;
}

/* Whoever leaks the first byte of a page touches it; nobody else does. */
void leak_add(struct leak *leak, uint64_t bytes)
{
	uint64_t from, until;

	if (leak_bytes(leak) == leak->limit_bytes)
		return;
	from = __atomic_fetch_add(&leak->wanted_bytes, bytes, __ATOMIC_RELAXED);
	until = cut(leak, from + bytes);
	from = cut(leak, from);
	for (from = (from + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES; from < until;
		from += PAGE_BYTES)
		*(volatile char *)&leak->memory[from] = 1;
}

void leak_at(struct leak *leak, uint64_t elapsed_ns)
{
	unsigned __int128 due = (unsigned __int128)elapsed_ns * leak->bytes_per_hour / NS_PER_HOUR;
	uint64_t bytes = due < leak->limit_bytes ? (uint64_t)due : leak->limit_bytes;

	if (bytes > leak->timed_bytes)
		leak_add(leak, bytes - leak->timed_bytes);
	if (bytes > leak->timed_bytes)
		leak->timed_bytes = bytes;
}

uint64_t leak_next_ns(const struct leak *leak)
{
	unsigned __int128 step_ns;

	if (!leak->bytes_per_hour || leak_bytes(leak) == leak->limit_bytes)
		return UINT64_MAX;
	step_ns = (unsigned __int128)PAGE_BYTES * NS_PER_HOUR / leak->bytes_per_hour;
	if (step_ns > NS_PER_HOUR)
		return NS_PER_HOUR;
	return step_ns < SHORTEST_STEP_NS ? SHORTEST_STEP_NS : (uint64_t)step_ns;
}

uint64_t leak_bytes(const struct leak *leak)
{
	return cut(leak, __atomic_load_n(&leak->wanted_bytes, __ATOMIC_RELAXED));
}
