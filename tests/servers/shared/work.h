/* SPDX-License-Identifier: MIT */
/*
 * What a server whose behaviour is known does between reading a request and answering it.
 *
 *   none                  nothing
 *   spin:US               so many microseconds of CPU time
 *   sleep:US              asleep for so many microseconds
 *   mix:US*N+US*N+...     asleep for one of these, chosen at random with these weights
 *   lock:US               waits for a lock that another thread holds for so many microseconds
 *
 * Owner: the caller's struct, which must stay where it is after work_open. Threads: work_do from
 * any. Errors: work_parse says false; work_open exits.
 */
#ifndef TESTS_SERVERS_SHARED_WORK_H
#define TESTS_SERVERS_SHARED_WORK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#define WORK_MIX_LIMIT 8

enum work_kind { WORK_NONE, WORK_SPIN, WORK_SLEEP, WORK_LOCK, WORK_KIND_COUNT };

struct work {
	enum work_kind kind;
	unsigned int choices;
	int64_t choice_ns[WORK_MIX_LIMIT];
	uint32_t weight[WORK_MIX_LIMIT], weights;
	uint64_t sequence; /* requests so far; decides the choice */
	/* Of WORK_LOCK: the holder takes the lock when it is asked to, and says when it has it. */
	pthread_mutex_t lock;
	sem_t ask, held;
};

bool work_parse(struct work *work, const char *text);

/* Starts the holder of the lock, if there is one. */
void work_open(struct work *work);

/* Returns how long it was to take. */
int64_t work_do(struct work *work);

/* Asleep, whatever signals come. */
void work_sleep(int64_t ns);

#endif
