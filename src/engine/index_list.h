/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked lists of array indexes: the engine's queues (idle connections, outstanding
 * requests) without allocation, with removal from the middle.
 *
 * An element is in at most one of the lists that share a links array; list_none says it is in none.
 *
 * Owner: links (one per element) and lists are the caller's. Threads: one. Errors: none; appending
 * an element that is in a list is a programmer's error (asserted by the callers' states).
 */
#ifndef RINGLOAD_ENGINE_INDEX_LIST_H
#define RINGLOAD_ENGINE_INDEX_LIST_H

#include <stdbool.h>
#include <stdint.h>

#define INDEX_LIST_END UINT32_MAX

struct index_link {
	uint32_t previous, next;
};

struct index_list {
	uint32_t first, last;
};

static inline void index_list_init(struct index_list *list)
{
	list->first = list->last = INDEX_LIST_END;
}

static inline bool index_list_empty(const struct index_list *list)
{
	return list->first == INDEX_LIST_END;
}

static inline void index_list_append(
	struct index_list *list, struct index_link *links, uint32_t index)
{
	links[index].previous = list->last;
	links[index].next = INDEX_LIST_END;
	if (list->last == INDEX_LIST_END)
		list->first = index;
	else
		links[list->last].next = index;
	list->last = index;
}

static inline void index_list_remove(
	struct index_list *list, struct index_link *links, uint32_t index)
{
	struct index_link link = links[index];

	if (link.previous == INDEX_LIST_END)
		list->first = link.next;
	else
		links[link.previous].next = link.next;
	if (link.next == INDEX_LIST_END)
		list->last = link.previous;
	else
		links[link.next].previous = link.previous;
}

#endif
