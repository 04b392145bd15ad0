/* SPDX-License-Identifier: MIT */
#include "search/bed.h"

#include <stdio.h>
#include <string.h>

#include "lab/lab.h"
#include "plan/topology.h"

#define STRING_OF(number) #number
#define URL_AT(port)      "http://127.0.0.1:" STRING_OF(port) "/"

static int open_null(struct bed *bed, struct err *err)
{
	int code = netns_open(&bed->netns, err);

	if (code < 0)
		return code;
	code = netns_enter(&bed->netns, err);
	if (code >= 0)
		code = null_server_start(
			&bed->server, LAB_DEFAULT_PORT, LAB_DEFAULT_BODY_BYTES, err);
	if (code < 0) {
		/* From in there the embedded target would do as well, should this fail. */
		netns_leave(&bed->netns, NULL);
		netns_close(&bed->netns);
	}
	return code;
}

/* One for each CPU, with one left to the collector where there are three (placement.h). */
static int count_workers(uint32_t *workers, struct err *err)
{
	struct topology topology;
	int code = topology_read(&topology, "/", err);

	if (code < 0)
		return code;
	*workers = cpulist_count(&topology.allowed);
	if (*workers >= 3)
		(*workers)--;
	topology_release(&topology);
	return 0;
}

int bed_open(struct bed *bed, struct err *err)
{
	struct err refused = {ERR_NONE, ""};
	int code;

	memset(bed, 0, sizeof(*bed));
	code = count_workers(&bed->workers, err);
	if (code < 0)
		return code;
	if (open_null(bed, &refused) >= 0) {
		bed->url = URL_AT(LAB_DEFAULT_PORT);
		return 0;
	}
	snprintf(bed->obstacle, sizeof(bed->obstacle), "%s", refused.text);
	code = embedded_open(&bed->target, NULL, err);
	if (code < 0)
		return code;
	bed->embedded = true;
	bed->url = bed->target.url;
	bed->cpus = bed->target.cpus[0] ? bed->target.cpus : NULL;
	bed->workers = 1;
	return 0;
}

void bed_close(struct bed *bed)
{
	if (bed->embedded)
		embedded_close(&bed->target);
	if (bed->netns.open) {
		null_server_release(&bed->server);
		netns_leave(&bed->netns, NULL);
		netns_close(&bed->netns);
	}
	memset(bed, 0, sizeof(*bed));
}
