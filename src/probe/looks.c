/* SPDX-License-Identifier: MIT */
#include "probe/looks.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Below this much of rest in a cycle, taking the programs off is not worth it. */
#define LOOKS_WORTH 0.2
/* Of the budget: what the model does not know has to fit as well. */
#define LOOKS_AIM 0.75
/* What a look before the latest counts for in what the next rest is made from. */
#define LOOKS_WEIGHT 0.5

static void looks_enter(
	struct looks *looks, enum looks_state state, uint64_t now_ns, uint64_t length_ns)
{
	looks->state = state;
	looks->since_ns = now_ns;
	looks->until_ns = now_ns + length_ns;
}

static void looks_open(struct looks *looks, uint64_t now_ns, const struct looks_reading *now)
{
	looks_enter(looks, LOOKS_LOOKING, now_ns, LOOKS_LOOK_NS);
	looks->look_since_ns = now_ns;
	looks->then = *now;
}

void looks_init(struct looks *looks, double budget, uint32_t sample, uint64_t seed, uint64_t now_ns,
	const struct looks_reading *now)
{
	assert(budget >= 0 && sample >= 1);
	*looks = (struct looks){.budget = budget, .sample = sample};
	rng_init(&looks->rng, seed, 1);
	looks_open(looks, now_ns, now);
}

/* Takes in the requests since the look began, or since this was done last. */
static void looks_add(struct looks *looks, const struct looks_reading *now, uint64_t wall_ns)
{
	double n = (double)(now->requests - looks->then.requests);
	double r = (double)(now->residence_ns - looks->then.residence_ns);
	double cpu_ns = now->server_cpu_ns > looks->then.server_cpu_ns
				? (double)(now->server_cpu_ns - looks->then.server_cpu_ns)
				: 0;

	looks->then = *now;
	looks->requests = looks->requests * LOOKS_WEIGHT + n;
	looks->cpu_ns = looks->cpu_ns * LOOKS_WEIGHT + cpu_ns;
	looks->wall_ns = looks->wall_ns * LOOKS_WEIGHT + (double)wall_ns;
	if (n == 0)
		return;
	looks->looks++;
	looks->n += n;
	looks->r += r;
	looks->nn += n * n;
	looks->nr += n * r;
	looks->rr += r * r;
}

static double looks_spent_ns(const struct looks *looks)
{
	return looks->requests * (looks->sample * LOOKS_ENTERED_NS + LOOKS_FOLLOWED_NS);
}

double looks_cost(const struct looks *looks)
{
	return looks->cpu_ns > 0 ? looks_spent_ns(looks) / looks->cpu_ns : 0;
}

/* The longest share of the time that may be looked at. */
static double looks_allowed(const struct looks *looks)
{
	double cost = looks_cost(looks);

	if (looks->budget <= 0 || cost <= LOOKS_AIM * looks->budget ||
		looks_spent_ns(looks) <= LOOKS_FREE * looks->wall_ns)
		return 1;
	return LOOKS_AIM * looks->budget / cost;
}

bool looks_leaving(struct looks *looks)
{
	return looks_allowed(looks) >= 1 || rng_below(&looks->rng, LOOKS_LEAVING_EPOCHS) == 0;
}

/* How long to rest after having been on duty for that long; 0: not at all. */
static uint64_t looks_rest_ns(struct looks *looks, uint64_t duty_ns)
{
	double allowed = looks_allowed(looks), rest_ns;

	if (allowed > 1 - LOOKS_WORTH)
		return 0;
	rest_ns = (double)duty_ns * (1 / allowed - 1);
	rest_ns *= 0.5 + rng_unit(&looks->rng);
	return rest_ns < (double)LOOKS_REST_NS ? (uint64_t)rest_ns : LOOKS_REST_NS;
}

static enum looks_action looks_over(
	struct looks *looks, uint64_t now_ns, const struct looks_reading *now)
{
	looks->looked_ns += now_ns - looks->look_since_ns;
	looks_add(looks, now, now_ns - looks->look_since_ns);
	looks->look_since_ns = now_ns;
	if (looks_rest_ns(looks, LOOKS_LOOK_NS) == 0) {
		looks_open(looks, now_ns, now);
		return LOOKS_GO_ON;
	}
	looks_enter(looks, LOOKS_ENDING, now_ns, LOOKS_ASK_NS);
	return LOOKS_CLOSE;
}

static enum looks_action looks_ending(
	struct looks *looks, uint64_t now_ns, const struct looks_reading *now, uint64_t open)
{
	uint64_t duty_ns = LOOKS_LEAD_NS + LOOKS_LOOK_NS + (now_ns - looks->since_ns);

	if (open == 0) {
		looks_enter(looks, LOOKS_RESTING, now_ns, looks_rest_ns(looks, duty_ns));
		return LOOKS_DETACH;
	}
	if (now_ns - looks->since_ns >= LOOKS_ENDING_NS) {
		looks_open(looks, now_ns, now);
		return LOOKS_ADMIT;
	}
	looks->until_ns = now_ns + LOOKS_ASK_NS;
	return LOOKS_GO_ON;
}

enum looks_action looks_tick(
	struct looks *looks, uint64_t now_ns, const struct looks_reading *now, uint64_t open)
{
	if (now_ns < looks->until_ns)
		return LOOKS_GO_ON;
	switch (looks->state) {
	case LOOKS_LOOKING:
		return looks_over(looks, now_ns, now);
	case LOOKS_ENDING:
		return looks_ending(looks, now_ns, now, open);
	case LOOKS_RESTING:
		looks_enter(looks, LOOKS_LEADING, now_ns, LOOKS_LEAD_NS);
		return LOOKS_ATTACH;
	case LOOKS_LEADING:
		looks_open(looks, now_ns, now);
		return LOOKS_ADMIT;
	}
	return LOOKS_GO_ON;
}

void looks_begin(struct looks *looks, uint64_t now_ns, const struct looks_reading *now)
{
	looks_open(looks, now_ns, now);
	looks->looked_ns = 0;
	looks->looks = looks->n = looks->r = looks->nn = looks->nr = looks->rr = 0;
}

void looks_end(struct looks *looks, uint64_t now_ns, const struct looks_reading *now)
{
	if (looks->state == LOOKS_LOOKING) {
		looks->looked_ns += now_ns - looks->look_since_ns;
		looks_add(looks, now, now_ns - looks->look_since_ns);
		looks->look_since_ns = now_ns;
	}
}

void looks_pause(struct looks *looks, uint64_t now_ns, const struct looks_reading *now)
{
	looks->paused_cpu_ns = now->server_cpu_ns;
	looks->paused_ns = now_ns;
}

void looks_resume(struct looks *looks, uint64_t now_ns, const struct looks_reading *now)
{
	uint64_t away_ns = now_ns - looks->paused_ns;

	looks->then.server_cpu_ns += now->server_cpu_ns - looks->paused_cpu_ns;
	looks->since_ns += away_ns;
	looks->until_ns += away_ns;
	looks->look_since_ns += away_ns;
}

void looks_rest(struct looks *looks, uint64_t now_ns)
{
	looks_enter(looks, LOOKS_RESTING, now_ns, UINT64_MAX - now_ns);
}

double looks_error_share(const struct looks *looks, double share)
{
	double mean, squares;

	if (share >= 1)
		return 0;
	if (looks->looks < 2 || looks->r <= 0)
		return -1;
	mean = looks->r / looks->n;
	squares = looks->rr - 2 * mean * looks->nr + mean * mean * looks->nn;
	if (squares < 0)
		squares = 0;
	return sqrt((1 - share) * looks->looks / (looks->looks - 1) * squares) / looks->r;
}
