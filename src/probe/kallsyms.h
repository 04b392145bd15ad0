/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own list of its functions, those of modules and BPF programs included.
 *
 * Owner: the table is the caller's. Threads: one at a time. Limits: kernel.kptr_restrict may hide
 * all addresses, also from root (2); then there are no names. A kernel has about 120,000 symbols,
 * which take 10 MB while the table lives.
 * Source: Documentation/admin-guide/sysctl/kernel.rst (kptr_restrict); s_show in kernel/kallsyms.c.
 */
#ifndef RINGLOAD_PROBE_KALLSYMS_H
#define RINGLOAD_PROBE_KALLSYMS_H

#include "probe/symbol_table.h"

/* Fills the (zeroed) table from path, usually KALLSYMS_PATH. 0; -EACCES when the addresses are
 * hidden; another -errno when the file cannot be read. */
#define KALLSYMS_PATH "/proc/kallsyms"
int kallsyms_read(struct symbol_table *table, const char *path);

#endif
