/* SPDX-License-Identifier: MIT */
#include "tests/sim/fake_clock.h"

#include <string.h>

struct fake_clock *fake_clock_current;

void fake_clock_init(
	struct fake_clock *clock, const struct fake_clock_options *options, uint64_t seed)
{
	memset(clock, 0, sizeof(*clock));
	clock->options = *options;
	clock->now_ns = clock->read_ns = options->start_ns;
	rng_init(&clock->rng, seed, 1);
}

void fake_clock_work(struct fake_clock *clock, uint64_t ns)
{
	clock->now_ns += ns;
	clock->cpu_ns += ns;
}

void fake_clock_wait_until(struct fake_clock *clock, uint64_t at_ns)
{
	if (at_ns > clock->now_ns)
		clock->now_ns = at_ns;
}

uint64_t clock_now_ns(void)
{
	struct fake_clock *clock = fake_clock_current;
	uint64_t previous_ns = clock->read_ns;
	uint32_t one_in = clock->options.stall_one_in;

	fake_clock_work(clock, 1 + rng_below(&clock->rng, clock->options.reading_ns));
	if (one_in && rng_below(&clock->rng, one_in) == 0)
		fake_clock_wait_until(
			clock, clock->now_ns + 1 + rng_below(&clock->rng, clock->options.stall_ns));
	clock->read_ns = clock->now_ns;
	if (clock->watch)
		clock->watch(clock->watcher, previous_ns, clock->read_ns);
	return clock->read_ns;
}

void clock_relax(void)
{
	struct fake_clock *clock = fake_clock_current;

	if (clock->watch_relax)
		clock->watch_relax(clock->watcher);
	fake_clock_work(clock, 1 + rng_below(&clock->rng, clock->options.relax_ns));
}

void clock_sleep_until(uint64_t deadline_ns)
{
	fake_clock_wait_until(fake_clock_current, deadline_ns);
}

uint64_t clock_thread_cpu_ns(void)
{
	struct fake_clock *clock = fake_clock_current;

	if (clock->watch_cpu)
		clock->watch_cpu(clock->watcher, clock->cpu_ns);
	return clock->cpu_ns;
}

uint64_t fake_clock_wall(const struct fake_clock *clock, uint64_t at_ns)
{
	uint64_t wall_ns = at_ns + clock->options.ahead_ns;

	return at_ns < clock->options.step_at_ns ? wall_ns
						 : wall_ns + (uint64_t)clock->options.step_ns;
}

/* Neither look is a reading of the clock that counts. */
uint64_t clock_wall_ns(void)
{
	struct fake_clock *clock = fake_clock_current;

	fake_clock_work(clock, 1 + rng_below(&clock->rng, clock->options.reading_ns));
	if (clock->options.wall_stall_one_in &&
		rng_below(&clock->rng, clock->options.wall_stall_one_in) == 0)
		fake_clock_wait_until(clock, clock->now_ns + 3000);
	if (clock->watch_wall)
		clock->watch_wall(clock->watcher, clock->now_ns);
	return fake_clock_wall(clock, clock->now_ns);
}

uint64_t clock_wall_offset_ns(uint64_t *error_ns)
{
	struct fake_clock *clock = fake_clock_current;
	uint32_t one_in = clock->options.unsure_one_in;
	bool sure = !one_in || rng_below(&clock->rng, one_in) != 0;

	fake_clock_work(clock, 1 + rng_below(&clock->rng, clock->options.reading_ns));
	if (clock->watch_offset)
		clock->watch_offset(clock->watcher, clock->now_ns, sure);
	*error_ns = sure ? 0 : NS_PER_S;
	return fake_clock_wall(clock, clock->now_ns) - clock->now_ns;
}
