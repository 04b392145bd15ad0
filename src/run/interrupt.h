/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C in two stages: the first SIGINT, SIGTERM or SIGHUP lets the engine drain, the second stops
 * it at once, the third is remembered by giving the signals their default action back, so that a
 * process that hangs while it reports can still be ended from the keyboard.
 *
 * A signal that was ignored when the process started stays ignored (nohup, a background job of a
 * script), except SIGTERM. Handlers interrupt system calls (no SA_RESTART), so that engine_wait
 * returns early.
 *
 * Owner: the state is one per process, as signals are. Threads: interrupt_begin, _end from one; the
 * rest from any. Errors: none that a valid signal number can cause.
 */
#ifndef RINGLOAD_RUN_INTERRUPT_H
#define RINGLOAD_RUN_INTERRUPT_H

#include <stdint.h>

struct engine;

/* What is said when a signal came too early for a record. */
#define INTERRUPT_BEFORE_LOAD "interrupted before the load began: nothing was measured"

/*
 * For the time before interrupt_begin: the handler is called instead of the default action, to end
 * the process with a word. It may call only what signal-safety(7) allows.
 */
void interrupt_expect(void (*handler)(int number));

/* Takes the signals. Until an engine is given they are only counted. A second call before
 * interrupt_end goes on counting, so that nothing is lost between two loads. */
void interrupt_begin(void);

/*
 * The engine to stop, or NULL. It is a place where engine_open stores what it makes, read by the
 * handler: connections being made can then be interrupted as well.
 */
struct engine **interrupt_engine(void);

/* Signals taken so far, and the moment of the first one (clock.h; UINT64_MAX: none). */
unsigned int interrupt_count(void);
uint64_t interrupt_first_ns(void);

/* After interrupt_begin: gives the signals the actions back that they had at first. */
void interrupt_end(void);

#endif
