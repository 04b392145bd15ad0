/* SPDX-License-Identifier: MIT */
#include "engine/health.h"

#include "base/clock.h"

/* The thread's CPU clock tells work and spinning from waiting, without a reading on the hot path.
 */
void health_account(struct worker *worker)
{
	uint64_t cpu_ns = clock_thread_cpu_ns();
	uint64_t spin_ns = worker->stats->health.value[HEALTH_SPIN_NS];
	uint64_t used_ns = cpu_ns - worker->cpu_seen_ns;
	uint64_t wall_ns = worker->now_ns - worker->wall_seen_ns;
	uint64_t spun_ns = spin_ns - worker->spin_seen_ns;

	if (worker->wall_seen_ns) {
		COUNT_BY(&worker->stats->health, HEALTH_BUSY_NS,
			used_ns > spun_ns ? used_ns - spun_ns : 0);
		COUNT_BY(&worker->stats->health, HEALTH_WAIT_NS,
			wall_ns > used_ns ? wall_ns - used_ns : 0);
	}
	worker->cpu_seen_ns = cpu_ns;
	worker->wall_seen_ns = worker->now_ns;
	worker->spin_seen_ns = spin_ns;
	__atomic_store_n(&worker->stats->health.value[HEALTH_CQ_OVERFLOW],
		ring_overflows(worker->ring) - worker->overflows_before, __ATOMIC_RELAXED);
}
