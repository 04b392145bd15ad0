/* SPDX-License-Identifier: MIT */
#include "loader/refusal.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "loader/loader.h"
#include "loader/said.h"

bool refusal_is_wanted(const char *program)
{
	const char *list = getenv(LOADER_REFUSE_VARIABLE);
	size_t length = strlen(program), part;

	for (; list && *list; list += part + (list[part] == ',')) {
		part = strcspn(list, ",");
		if (part == length && strncmp(list, program, part) == 0)
			return true;
	}
	return false;
}

static bool refusal_has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, sets))
		return false;
	return sets[capability / 32].effective >> capability % 32 & 1;
}

static bool refusal_traces(const struct bpf_program *program)
{
	return bpf_program__type(program) != BPF_PROG_TYPE_SCHED_CLS;
}

/* Room for the sentence about rights; the path in it is cut when it does not fit. */
#define NEEDS_BYTES 256

/* Which capabilities the chosen programs need, and how an ordinary user gets them. */
static const char *refusal_needs(const struct loader *loader, char text[NEEDS_BYTES])
{
	struct bpf_program *program = NULL;
	const char *second = "NET_ADMIN", *second_lower = "net_admin";
	char path[NEEDS_BYTES / 2];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	while (loader->object && (program = bpf_object__next_program(loader->object, program)))
		if (bpf_program__autoload(program) && refusal_traces(program)) {
			second = "PERFMON";
			second_lower = "perfmon";
		}
	path[length > 0 ? length : 0] = '\0';
	snprintf(text, NEEDS_BYTES,
		"CAP_BPF and CAP_%s (run as root, or once: sudo setcap cap_bpf,cap_%s+ep %s)",
		second, second_lower, path);
	return text;
}

/*
 * Whether the kernel lacks what the program attaches to. A tracepoint is known to BTF as the type
 * of its probes (include/trace/bpf_probe.h), a function and an iterator as functions.
 */
static bool refusal_lacks_target(const struct btf *btf, const char *kind, const char *target)
{
	const char *prefix = "";
	char name[128];

	if (!strcmp(kind, "tp_btf"))
		prefix = "btf_trace_";
	else if (!strcmp(kind, "iter"))
		prefix = "bpf_iter_";
	snprintf(name, sizeof(name), "%s%s", prefix, target);
	return btf__find_by_name_kind(
		       btf, name, !strcmp(kind, "tp_btf") ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC) < 0;
}

static bool refusal_explains_target(const char *section, int code, struct err *err)
{
	const char *target = strchr(section, '/'), *what = "function";
	struct btf *btf;
	char kind[16];
	bool lacks;

	if (!target)
		return false;
	snprintf(kind, sizeof(kind), "%.*s", (int)(target - section), section);
	if (!strcmp(kind, "tp_btf"))
		what = "tracepoint";
	else if (!strcmp(kind, "iter"))
		what = "iterator";
	else if (strcmp(kind, "fentry") != 0)
		return false;
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		err_set(err, ERR_ENVIRONMENT, code,
			"this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
		return true;
	}
	lacks = refusal_lacks_target(btf, kind, target + 1);
	btf__free(btf);
	if (lacks)
		err_set(err, ERR_ENVIRONMENT, code, "this kernel has no %s %s", what, target + 1);
	return lacks;
}

static int refusal_of_permission(
	const struct loader *loader, const char *section, int code, struct err *err)
{
	char needs[NEEDS_BYTES];

	if (!refusal_has_capability(CAP_SYS_ADMIN) &&
		!(refusal_has_capability(CAP_BPF) && refusal_has_capability(CAP_PERFMON)))
		return err_set(err, ERR_ENVIRONMENT, code,
			"not permitted: it needs the capabilities %s",
			refusal_needs(loader, needs));
	if (!strncmp(section, "fentry/", 7))
		return err_set(err, ERR_ENVIRONMENT, code,
			"not permitted here: this kernel does not allow fentry");
	return err_set(err, ERR_ENVIRONMENT, code,
		"not permitted although the capabilities are there: a security module, lockdown or "
		"a container's seccomp filter forbids it");
}

int refusal_of_program(const struct loader *loader, const char *program, int code, struct err *err)
{
	char said[512], verifier[512];
	const char *section = loader_section(loader, program);

	if (refusal_is_wanted(program))
		return err_set(err, ERR_ENVIRONMENT, code, "refused by " LOADER_REFUSE_VARIABLE);
	/* Looking at BTF may make libbpf say something else. */
	snprintf(said, sizeof(said), "%s", said_last());
	snprintf(verifier, sizeof(verifier), "%s", said_verifier());
	/* First, as without CAP_SYS_ADMIN a hook that is not there is a matter of permission:
	 * libbpf then looks for it in the kernel's modules, and may not. */
	if (refusal_explains_target(section, code, err))
		return code;
	if (verifier[0] == '\0' && (code == -EPERM || code == -EACCES))
		return refusal_of_permission(loader, section, code, err);
	if (verifier[0] != '\0')
		return err_set(err, ERR_ENVIRONMENT, code,
			"this kernel's verifier does not accept it: %s", verifier);
	if (said[0] == '\0')
		return err_set(err, ERR_ENVIRONMENT, code, "%s", strerror(-code));
	return err_set(err, ERR_ENVIRONMENT, code, "%s (%s)", strerror(-code), said);
}

int refusal_of_object(const struct loader *loader, const char *doing, int code, struct err *err)
{
	const char *why = said_verifier()[0] != '\0' ? said_verifier() : said_last();
	char needs[NEEDS_BYTES];

	if ((code == -EPERM || code == -EACCES) && said_verifier()[0] == '\0')
		return err_set(err, ERR_ENVIRONMENT, code,
			"not permitted to %s the BPF program \"%s\": it needs the capabilities %s",
			doing, loader->name, refusal_needs(loader, needs));
	if (why[0] == '\0')
		return err_set_errno(err, ERR_ENVIRONMENT, code, "cannot %s the BPF program \"%s\"",
			doing, loader->name);
	return err_set(err, ERR_ENVIRONMENT, code, "cannot %s the BPF program \"%s\": %s (%s)",
		doing, loader->name, strerror(-code), why);
}
