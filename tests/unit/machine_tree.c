/* SPDX-License-Identifier: MIT */
#include "tests/unit/machine_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tree *machine_tree_new(void)
{
	if (access("/dev/shm", W_OK | X_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	return tree_new();
}

void machine_tree_write_stat(const struct tree *tree, const struct machine_process *process)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "proc/%u/stat", process->pid);
	snprintf(text, sizeof(text),
		"%u (%s) %c %u 1 1 0 -1 4194304 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " 20 0 %u 0 %" PRIu64
		" 1000000 %" PRIu64
		" 18446744073709551615 1 1 1 1 1 0 0 0 0 0 0 0 17 0 0 0 7 0 0 1 1 1 1 1 1 1 0\n",
		process->pid, process->name ? process->name : "server",
		process->state ? process->state : 'S', process->ppid, process->minor,
		process->child_minor, process->major, process->child_major, process->user,
		process->system, process->child_user, process->child_system,
		process->threads ? process->threads : 1, process->start, process->rss_pages);
	tree_write(tree, path, text);
}

void machine_tree_write(const struct tree *tree, const struct machine_process *process)
{
	char path[64], text[512];

	machine_tree_write_stat(tree, process);
	snprintf(path, sizeof(path), "proc/%u/status", process->pid);
	snprintf(text, sizeof(text),
		"Name:\tserver\nVmSwap:\t%8" PRIu64 " kB\nCpus_allowed:\t00000000,0000000f\n"
		"voluntary_ctxt_switches:\t%" PRIu64 "\nnonvoluntary_ctxt_switches:\t%" PRIu64 "\n",
		process->swap_kib, process->voluntary, process->involuntary);
	tree_write(tree, path, text);
	snprintf(path, sizeof(path), "proc/%u/io", process->pid);
	snprintf(text, sizeof(text),
		"rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: %" PRIu64
		"\nwrite_bytes: %" PRIu64 "\ncancelled_write_bytes: 5\n",
		process->read, process->written);
	tree_write(tree, path, text);
	snprintf(path, sizeof(path), "proc/%u/limits", process->pid);
	tree_write(tree, path,
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max processes             10                   20                   processes \n"
		"Max open files            40                   4096                 files     \n");
	for (unsigned int i = 0; i < process->files; i++) {
		snprintf(path, sizeof(path), "proc/%u/fd/%u", process->pid, i);
		tree_write(tree, path, "");
	}
}

void machine_tree_remove(const struct tree *tree, uint32_t pid)
{
	static const char *const files[] = {"stat", "status", "io"};
	char from[320], to[320];

	/* Who has them open gets nothing more either. */
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(from, sizeof(from), "proc/%u/%s", pid, files[i]);
		tree_write(tree, from, "");
	}
	/* Moved out of sight: the tree removes it in the end. */
	snprintf(from, sizeof(from), "%s/proc/%u", tree->root, pid);
	snprintf(to, sizeof(to), "%s/gone-%u-%d", tree->root, pid, rand());
	if (rename(from, to) != 0)
		abort();
}
