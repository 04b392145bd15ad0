/* SPDX-License-Identifier: MIT */
/*
 * BPF programs from the object files embedded in this binary: opened, given their constants,
 * loaded, attached, read. The only place that includes libbpf: everything above speaks in names.
 *
 * It does not decide what to attach where, and it pins nothing: programs and maps live as long as
 * the struct; what is attached to a device stays until the device, or its namespace, goes.
 *
 * Owner: the caller's storage; loader_open takes, loader_release gives back everything. A zeroed
 * struct may be released. The embedded object is never copied or freed.
 * Threads: one a struct; attaching concerns the network namespace of the calling thread.
 * Errors: ERR_ENVIRONMENT with a sentence that names the missing capability where that is the
 * reason, or carries libbpf's last words otherwise; libbpf itself prints nothing.
 * Needs: kernel ≥ 6.1, CAP_BPF, and CAP_NET_ADMIN for what is attached to a device.
 */
#ifndef RINGLOAD_LOADER_LOADER_H
#define RINGLOAD_LOADER_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bpf_object;

struct loader {
	struct bpf_object *object;
	const char *name;
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

/*
 * Replaces all constants of the object (its .rodata, one struct of size_bytes) before it is
 * loaded; the verifier then knows them and removes what they rule out.
 */
int loader_set_constants(
	struct loader *loader, const void *constants, size_t size_bytes, struct err *err);

/* Every program of the object passes the verifier, or none is loaded. */
int loader_load(struct loader *loader, struct err *err);

/* Attaches a program of type tc to what arrives at a device, for as long as the device is there. */
int loader_attach_ingress(struct loader *loader, const char *program, int ifindex, struct err *err);

/* Adds up, over all CPUs, the value of key 0 of a per-CPU array whose value is `count` cells. */
int loader_sum(
	struct loader *loader, const char *map, uint64_t *sums, size_t count, struct err *err);

void loader_release(struct loader *loader);

#endif
