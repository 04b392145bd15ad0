/* SPDX-License-Identifier: MIT */
#include "doctor/late.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

void late_measure(struct late *late, size_t count, uint64_t sleep_ns)
{
	uint64_t late_ns[LATE_LIMIT], deadline_ns, now_ns;
	int slack_ns = prctl(PR_GET_TIMERSLACK);

	assert(count && count <= LATE_LIMIT);
	prctl(PR_SET_TIMERSLACK, 1UL);
	for (size_t i = 0; i < count; i++) {
		deadline_ns = clock_now_ns() + sleep_ns;
		clock_sleep_until(deadline_ns);
		now_ns = clock_now_ns();
		late_ns[i] = now_ns > deadline_ns ? now_ns - deadline_ns : 0;
	}
	if (slack_ns > 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns);
	qsort(late_ns, count, sizeof(*late_ns), compare);
	*late = (struct late){
		.count = count,
		.p50_ns = late_ns[(count - 1) / 2],
		.p99_ns = late_ns[(count * 99 + 99) / 100 - 1],
		.longest_ns = late_ns[count - 1],
	};
}
