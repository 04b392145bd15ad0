/* SPDX-License-Identifier: MIT */
#include "tests/servers/shared/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* CPU time and not the clock's: time in the run queue is no work done. */
static void spin(int64_t ns)
{
	int64_t end = cpu_ns() + ns;

	while (cpu_ns() < end)
		;
}

void work_sleep(int64_t ns)
{
	struct timespec left = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

static void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) && errno == EINTR)
		;
}

static void *hold(void *context)
{
	struct work *work = context;

	for (;;) {
		await(&work->ask);
		pthread_mutex_lock(&work->lock);
		sem_post(&work->held);
		work_sleep(work->choice_ns[0]);
		pthread_mutex_unlock(&work->lock);
	}
	return NULL;
}

static void take_lock(struct work *work)
{
	sem_post(&work->ask);
	await(&work->held);
	pthread_mutex_lock(&work->lock);
	pthread_mutex_unlock(&work->lock);
}

/* A number of microseconds, and behind a '*' its weight. */
static bool parse_choice(struct work *work, const char *text)
{
	unsigned long weight = 1;
	unsigned int index = work->choices;
	char *end;
	double us;

	if (index == WORK_MIX_LIMIT)
		return false;
	us = strtod(text, &end);
	if (end != text && *end == '*')
		weight = strtoul(end + 1, &end, 10);
	if (end == text || *end || us < 0 || !weight || weight > 1000000)
		return false;
	work->choice_ns[index] = (int64_t)(us * 1000);
	work->weight[index] = (uint32_t)weight;
	work->weights += work->weight[index];
	work->choices++;
	return true;
}

bool work_parse(struct work *work, const char *text)
{
	static const struct {
		const char *word;
		enum work_kind kind;
	} kinds[] = {{"spin", WORK_SPIN}, {"sleep", WORK_SLEEP}, {"mix", WORK_SLEEP},
		{"lock", WORK_LOCK}};
	char copy[256], *rest, *part, *place;

	memset(work, 0, sizeof(*work));
	if (!strcmp(text, "none"))
		return true;
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	rest = strchr(copy, ':');
	if (!rest)
		return false;
	*rest++ = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(copy, kinds[i].word))
			work->kind = kinds[i].kind;
	for (part = strtok_r(rest, "+", &place); part; part = strtok_r(NULL, "+", &place))
		if (!parse_choice(work, part))
			return false;
	return work->kind != WORK_NONE && work->choices;
}

void work_open(struct work *work)
{
	pthread_t holder;

	if (work->kind != WORK_LOCK)
		return;
	pthread_mutex_init(&work->lock, NULL);
	sem_init(&work->ask, 0, 0);
	sem_init(&work->held, 0, 0);
	if (pthread_create(&holder, NULL, hold, work)) {
		fprintf(stderr, "cannot start the holder of the lock\n");
		exit(1);
	}
	pthread_detach(holder);
}

static int64_t choose(struct work *work)
{
	struct rng rng;
	uint64_t ticket;
	unsigned int i = 0;

	if (work->choices == 1)
		return work->choice_ns[0];
	rng_init(&rng, 1, __atomic_fetch_add(&work->sequence, 1, __ATOMIC_RELAXED));
	for (ticket = rng_below(&rng, work->weights); ticket >= work->weight[i]; i++)
		ticket -= work->weight[i];
	return work->choice_ns[i];
}

int64_t work_do(struct work *work)
{
	int64_t ns = 0;

	if (work->kind != WORK_NONE)
		ns = choose(work);
	if (work->kind == WORK_SPIN)
		spin(ns);
	else if (work->kind == WORK_SLEEP)
		work_sleep(ns);
	else if (work->kind == WORK_LOCK)
		take_lock(work);
	return ns;
}
