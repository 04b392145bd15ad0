/* SPDX-License-Identifier: MIT */
/*
 * BPF programs from the object files embedded in this binary: opened, given their constants,
 * loaded, attached, read. The only folder that includes libbpf: everything above speaks in names.
 *
 * It does not decide what to attach where, and it pins nothing: programs, links and maps live as
 * long as the struct, thus at most as long as the process; what is attached to a device stays until
 * the device, or its namespace, goes. Whether a program can be had at all is asked in trial.h.
 *
 * In this order: loader_open; loader_choose, loader_set_constants, loader_set_entries;
 * loader_load; everything else.
 *
 * Owner: the caller's storage; loader_open takes, loader_release gives back everything, memory
 * shared with maps included. A zeroed struct may be released. The embedded object is never copied
 * or freed.
 * Threads: one a struct; attaching to a device and walking concern the network namespace of the
 * calling thread.
 * Errors: ERR_ENVIRONMENT with a sentence that names the missing capability where that is the
 * reason, or carries libbpf's last words otherwise; libbpf itself prints nothing. Names of
 * programs, maps and variables that the object does not have are a programmer's error (asserted),
 * but for loader_sum.
 * Needs: kernel ≥ 6.1, CAP_BPF, CAP_PERFMON for what traces, CAP_NET_ADMIN for what is attached to
 * a device.
 *
 * For tests, the environment variable RINGLOAD_REFUSE_BPF="program,program" makes loading these
 * programs fail as if the kernel had refused them.
 */
#ifndef RINGLOAD_LOADER_LOADER_H
#define RINGLOAD_LOADER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define LOADER_REFUSE_VARIABLE "RINGLOAD_REFUSE_BPF"

/* Maps that one struct can share memory with. */
#define LOADER_SHARED_LIMIT 8

struct bpf_object;
struct bpf_program;
struct bpf_link;

struct loader_link {
	const char *program;
	struct bpf_link *link;
};

struct loader_shared {
	void *memory;
	size_t size_bytes;
	int map_fd;
};

struct loader {
	struct bpf_object *object;
	const char *name;
	const void *bytes;
	size_t byte_count;
	struct loader_link *links;
	size_t link_count;
	struct loader_shared shared[LOADER_SHARED_LIMIT];
	size_t shared_count;
};

/* Declares the object that the Makefile made of bpf/NAME.bpf.c and linked in. */
#define LOADER_OBJECT(name) extern const unsigned char loader_##name[], loader_##name##_end[]

/* Opens the object declared as above. */
#define LOADER_OPEN(loader, name, err) \
	loader_open(                   \
		loader, #name, loader_##name, (size_t)(loader_##name##_end - loader_##name), err)

/* name is kept; it and the object's bytes must outlive the struct. */
int loader_open(struct loader *loader, const char *name, const void *bytes, size_t byte_count,
	struct err *err);

/* Of all the object's programs, only these will be loaded. Without it, all are. */
void loader_choose(struct loader *loader, const char *const *programs, size_t count);

/*
 * Replaces all constants of the object (its .rodata, one struct of size_bytes) before it is
 * loaded; the verifier then knows them and removes what they rule out.
 */
int loader_set_constants(
	struct loader *loader, const void *constants, size_t size_bytes, struct err *err);

/* How many entries a map will have, instead of what its definition says. */
int loader_set_entries(struct loader *loader, const char *map, uint32_t entries, struct err *err);

/* Every chosen program of the object passes the verifier, or none is loaded. */
int loader_load(struct loader *loader, struct err *err);

/* CPUs that may ever be there: entries of a map with one for each. Negative: -errno. */
int loader_cpus(struct err *err);

/* Where a program belongs, as in "tp_btf/sched_switch". */
const char *loader_section(const struct loader *loader, const char *program);

/* --- attaching, until the struct is released --- */

/* A program whose section says where it belongs: tp_btf, fentry, raw_tp. */
int loader_attach(struct loader *loader, const char *program, struct err *err);

/* Takes off whatever was attached, or this program if it is; it can be attached again. */
void loader_detach(struct loader *loader);
void loader_take_off(struct loader *loader, const char *program);

/* A program of type perf_event, to an event that was opened. Takes event_fd over, also on error. */
int loader_attach_event(struct loader *loader, const char *program, int event_fd, struct err *err);

/* A program of type tc, to what arrives at a device, for as long as the device is there. */
int loader_attach_ingress(struct loader *loader, const char *program, int ifindex, struct err *err);

/* Runs an iterator (iter/tcp, iter/task) once and appends what it writes. */
int loader_walk(struct loader *loader, const char *program, struct buf *written, struct err *err);

/* --- data --- */

/*
 * The memory of an array map with BPF_F_MMAPABLE, which the programs and the caller then share.
 * Entries follow each other at their size rounded up to 8.
 */
int loader_share(
	struct loader *loader, const char *map, void **memory, size_t *size_bytes, struct err *err);

/* A global variable of the object, of this size, as the programs see and change it. */
int loader_variable(struct loader *loader, const char *variable, size_t size_bytes, void **memory,
	struct err *err);

/* Puts a value into a queue or stack. */
int loader_push(struct loader *loader, const char *map, const void *value, struct err *err);

/* The descriptor of a map, for the calls below where they are many. */
int loader_map(const struct loader *loader, const char *map);

/* 0, or -errno: -ENOENT where there is no such key, or no next one. previous NULL: the first. */
int loader_lookup(int map_fd, const void *key, void *value);
int loader_update(int map_fd, const void *key, const void *value);
int loader_delete(int map_fd, const void *key);
int loader_next_key(int map_fd, const void *previous, void *key);

/* Adds up, over all CPUs, the value of key 0 of a per-CPU array whose value is `count` cells. */
int loader_sum(
	struct loader *loader, const char *map, uint64_t *sums, size_t count, struct err *err);

/* --- what the programs cost --- */

/* Switches the kernel's statistics of all BPF programs on until the returned descriptor is closed.
 * -errno on failure; needs CAP_SYS_ADMIN. */
int loader_statistics(struct err *err);

/* Time and calls of all programs of the object while statistics were on, since loading. */
int loader_spent(const struct loader *loader, uint64_t *time_ns, uint64_t *calls, struct err *err);

/* How often the kernel left a program of the object out since loading, as one was in its place on
 * that CPU (recursion_misses of struct bpf_prog_info). */
int loader_missed(const struct loader *loader, uint64_t *missed, struct err *err);

void loader_release(struct loader *loader);

#endif
