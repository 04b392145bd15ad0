/* SPDX-License-Identifier: MIT */
/*
 * The threads of the engine, one for each worker, and what they share with whoever opened it.
 * Inside the engine: engine.h is what the others see.
 *
 * Owner: engine.c makes and frees both structs. Threads: thread_start and thread_is_done from the
 * one that opened the engine; what both sides touch is atomic, or read after `ended` or `done`.
 * Errors: sentences from thread_start; a worker's own are in its struct. Units: nanoseconds.
 */
#ifndef RINGLOAD_ENGINE_THREAD_H
#define RINGLOAD_ENGINE_THREAD_H

#include <pthread.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "engine/worker.h"

struct engine_thread {
	struct engine *engine;
	pthread_t thread;
	int tid; /* written once, before the worker is ready */
	struct arena arena;
	struct worker worker;
	struct err err;
	int failed;    /* -errno of a worker that could not be made; read after `ended` */
	int ended;     /* there will be no other window */
	uint32_t done; /* windows it is done with */
	struct engine_worker_info info;
};

struct engine {
	const struct plan *plan;
	struct worker_control control;
	struct ring_features features;
	uint32_t window;  /* the one that is asked for, counted from 1 */
	uint32_t changes; /* futex: `window`, the start or the stop has changed */
	int done_event;   /* eventfd: a worker is done with a window, or has ended */
	int stamping;     /* a socket that keeps the kernel making stamps; -1: none */
	size_t thread_count;
	struct engine_thread *threads;
};

/* On that CPU, with all signals blocked. */
int thread_start(struct engine_thread *thread, unsigned int cpu, struct err *err);

/* Whether the worker will do no more for the window that is asked for. */
bool thread_is_done(const struct engine_thread *thread);

#endif
