/* SPDX-License-Identifier: MIT */
#include "run/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "engine/engine.h"

#define SIGNALS 3

static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

/* A handler can be told nothing: this is the one state of the process it must find. */
static struct {
	struct engine *engine;
	unsigned int count;
	uint64_t first_ns;
	bool expected, taken;
	struct sigaction former[SIGNALS];
} state = {.first_ns = UINT64_MAX};

static void give_default(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		if (state.former[i].sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

/* Only async-signal-safe calls: clock_gettime, sigaction, engine_stop. */
static void handle(int number)
{
	int saved = errno;
	unsigned int count = __atomic_add_fetch(&state.count, 1, __ATOMIC_RELAXED);
	struct engine *engine = __atomic_load_n(&state.engine, __ATOMIC_ACQUIRE);

	(void)number;
	if (count == 1)
		__atomic_store_n(&state.first_ns, clock_now_ns(), __ATOMIC_RELAXED);
	if (engine)
		engine_stop(engine, count == 1 ? ENGINE_STOP_DRAIN : ENGINE_STOP_NOW);
	if (count >= 3)
		give_default();
	errno = saved;
}

static void take(void (*handler)(int number))
{
	struct sigaction action = {.sa_handler = handler};
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		sigaddset(&action.sa_mask, numbers[i]);
	for (i = 0; i < SIGNALS; i++) {
		if (!state.expected)
			sigaction(numbers[i], NULL, &state.former[i]);
		if (state.former[i].sa_handler != SIG_IGN || numbers[i] == SIGTERM)
			sigaction(numbers[i], &action, NULL);
	}
}

void interrupt_expect(void (*handler)(int number))
{
	take(handler);
	state.expected = true;
}

void interrupt_begin(void)
{
	state.engine = NULL;
	/* A further load of the same command: a signal between two is for both. */
	if (state.taken)
		return;
	state.count = 0;
	state.first_ns = UINT64_MAX;
	take(handle);
	state.taken = true;
}

struct engine **interrupt_engine(void)
{
	return &state.engine;
}

unsigned int interrupt_count(void)
{
	return __atomic_load_n(&state.count, __ATOMIC_RELAXED);
}

uint64_t interrupt_first_ns(void)
{
	return __atomic_load_n(&state.first_ns, __ATOMIC_RELAXED);
}

void interrupt_end(void)
{
	size_t i;

	if (!state.taken)
		return;
	for (i = 0; i < SIGNALS; i++)
		sigaction(numbers[i], &state.former[i], NULL);
	state.expected = state.taken = false;
}
