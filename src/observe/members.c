/* SPDX-License-Identifier: MIT */
#include "observe/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* After so many samples a child that ended was not waited for: nobody inherited from it. */
#define OWED_SAMPLES 3

void members_init(
	struct members *members, struct reading *reading, uint64_t since_ticks, uint32_t self)
{
	*members = (struct members){.reading = reading, .since_ticks = since_ticks, .self = self};
}

void members_release(struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		process_release(&members->list[i].process, members->reading);
	free(members->list);
	free(members->known);
	free(members->listing);
	*members = (struct members){0};
}

static struct member *find(const struct members *members, uint32_t pid)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->list[i].process.stat.pid == pid)
			return &members->list[i];
	return NULL;
}

/* --- restarts ------------------------------------------------------------------------------- */

static struct members_name *name_of(struct members *members, const struct member *member)
{
	const char *name = member->process.stat.name;

	for (size_t i = 0; i < members->name_count; i++)
		if (!strcmp(members->names[i].name, name))
			return &members->names[i];
	if (members->name_count == MEMBERS_NAMES)
		return NULL;
	strcpy(members->names[members->name_count].name, name);
	return &members->names[members->name_count++];
}

static void match(struct members *members, struct members_name *name)
{
	if (!name->ended || !name->began)
		return;
	name->ended--;
	name->began--;
	members->restarts++;
}

/* A new process takes a place that is free at once; else it must last to be a successor. */
static void note_begin(struct members *members, struct member *member)
{
	struct members_name *name = name_of(members, member);

	if (member->started || !name || (!name->ended && member->samples < 2))
		return;
	member->started = true;
	name->began++;
	match(members, name);
}

static void keep_past(struct members *members, const struct member *member)
{
	struct members_past *past = &members->past[members->past_count];

	if (members->past_count == MEMBERS_PAST)
		return;
	members->past_count++;
	*past = (struct members_past){
		.pid = member->process.stat.pid,
		.threads = member->process.stat.threads,
		.first = member->first,
		.cpu_ticks = member->cpu_ticks,
	};
	strcpy(past->name, member->process.stat.name);
}

static void note_end(struct members *members, const struct member *member)
{
	struct members_name *name = name_of(members, member);

	members->exited++;
	members->root_ended |= member->root && !find(members, member->process.stat.ppid);
	keep_past(members, member);
	if (!name || (!member->first && member->samples < 2))
		return;
	name->ended++;
	match(members, name);
}

/* --- counting ------------------------------------------------------------------------------- */

/* What was gained; a counter that went back gained nothing. */
static uint64_t gained(uint64_t *last, uint64_t now)
{
	uint64_t gain = now > *last ? now - *last : 0;

	*last = now;
	return gain;
}

/* Takes off a gain what was counted before. */
static uint64_t settle(uint64_t *owed, uint64_t gain)
{
	uint64_t paid = *owed < gain ? *owed : gain;

	*owed -= paid;
	return gain - paid;
}

/*
 * What it inherited from children it waited for, less what of them was counted while they ran.
 * Their minor faults tell whether they were waited for at all, as no process is without: only then
 * is their disk traffic in its own.
 */
static void count_children(struct members *members, struct member *member)
{
	const struct process_stat *stat = &member->process.stat;
	uint64_t gain[PROCESS_INHERITED];

	for (int i = 0; i < PROCESS_INHERITED; i++)
		gain[i] = gained(&member->last_children[i], stat->children[i]);
	if (member->owed_samples &&
		gain[PROCESS_MINOR_FAULTS] >= member->owed[PROCESS_MINOR_FAULTS]) {
		for (int i = 0; i < PROCESS_INHERITED; i++) {
			gain[i] = settle(&member->owed[i], gain[i]);
			member->owed[i] = 0;
		}
		member->owed_samples = 0;
	} else if (member->owed_samples && ++member->owed_samples > OWED_SAMPLES) {
		memset(member->owed, 0, sizeof(member->owed));
		member->owed_samples = 0;
	}
	for (int i = 0; i < PROCESS_INHERITED; i++)
		members->total[i] += gain[i];
}

static void count_own(struct members *members, struct member *member)
{
	const struct process_stat *stat = &member->process.stat;

	for (int i = 0; i < PROCESS_INHERITED; i++) {
		uint64_t gain = gained(&member->last[i], stat->own[i]);

		members->total[i] += gain;
		if (i == PROCESS_USER_TICKS || i == PROCESS_SYSTEM_TICKS)
			member->cpu_ticks += gain;
	}
	members->total[PROCESS_DISK_DELAY_TICKS] += gained(
		&member->last[PROCESS_DISK_DELAY_TICKS], stat->disk_delay_ticks);
}

static void count_more(struct members *members, struct member *member)
{
	const struct process *process = &member->process;
	uint64_t gain;

	if (process->has_disk) {
		gain = gained(&member->last[PROCESS_DISK_READ_BYTES], process->read_bytes);
		members->total[PROCESS_DISK_READ_BYTES] += settle(
			&member->owed[PROCESS_DISK_READ_BYTES], gain);
		gain = gained(&member->last[PROCESS_DISK_WRITTEN_BYTES], process->written_bytes);
		members->total[PROCESS_DISK_WRITTEN_BYTES] += settle(
			&member->owed[PROCESS_DISK_WRITTEN_BYTES], gain);
	}
	if (process->has_switches) {
		members->total[PROCESS_VOLUNTARY] += gained(
			&member->last[PROCESS_VOLUNTARY], process->voluntary);
		members->total[PROCESS_INVOLUNTARY] += gained(
			&member->last[PROCESS_INVOLUNTARY], process->involuntary);
	}
	member->more = true;
}

/* What a process used before the watching began is not counted. */
static void forget(struct member *member)
{
	const struct process *process = &member->process;

	for (int i = 0; i < PROCESS_INHERITED; i++) {
		member->last[i] = process->stat.own[i];
		member->last_children[i] = process->stat.children[i];
	}
	member->last[PROCESS_DISK_DELAY_TICKS] = process->stat.disk_delay_ticks;
	member->last[PROCESS_DISK_READ_BYTES] = process->read_bytes;
	member->last[PROCESS_DISK_WRITTEN_BYTES] = process->written_bytes;
	member->last[PROCESS_VOLUNTARY] = process->voluntary;
	member->last[PROCESS_INVOLUNTARY] = process->involuntary;
}

/* --- coming and going ----------------------------------------------------------------------- */

static int make_room(struct members *members)
{
	size_t room = members->room ? 2 * members->room : 16;
	struct member *larger;

	if (members->count < members->room)
		return 0;
	larger = realloc(members->list, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	members->list = larger;
	members->room = room;
	return 0;
}

/*
 * Room for one more, in the order in which they began: parents stand before their children, and are
 * read before them. What a parent inherited is then never newer than the child's own reading.
 */
static struct member *insert(struct members *members, uint64_t start_ticks)
{
	size_t at = members->count;

	while (at && members->list[at - 1].process.stat.start_ticks > start_ticks)
		at--;
	memmove(&members->list[at + 1], &members->list[at],
		(members->count - at) * sizeof(*members->list));
	members->count++;
	return &members->list[at];
}

static uint32_t thread_budget(const struct members *members)
{
	uint64_t threads = 0;

	for (size_t i = 0; i < members->count; i++)
		threads += members->list[i].process.stat.threads;
	return threads <= MEMBERS_THREADS ? MEMBERS_THREADS : 1;
}

/* A process of which /proc/PID/stat was read. */
static int add(struct members *members, const struct process_stat *stat, bool root)
{
	struct member *member;

	if (members->count == MEMBERS_LIMIT) {
		members->overflowed = true;
		return 0;
	}
	if (make_room(members) < 0)
		return -ENOMEM;
	member = insert(members, stat->start_ticks);
	*member = (struct member){
		.root = root,
		.first = stat->start_ticks < members->since_ticks,
		.kept = members->kept < MEMBERS_KEPT,
		.samples = 1,
	};
	members->kept += member->kept;
	process_init(&member->process, stat->pid);
	member->process.stat = *stat;
	/* What began later is counted from 0, and the costlier half of it can wait. */
	if (member->first) {
		process_read_more(
			&member->process, members->reading, member->kept, thread_budget(members));
		member->more = true;
		forget(member);
		return 0;
	}
	members->started++;
	note_begin(members, member);
	count_own(members, member);
	count_children(members, member);
	return 0;
}

/* Its parent is owed what was counted of it, once it has waited. */
static void leave_to_parent(struct members *members, const struct member *member)
{
	const struct process *process = &member->process;
	struct member *parent = find(members, process->stat.ppid);

	if (!parent)
		return;
	for (int i = 0; i < PROCESS_INHERITED; i++)
		parent->owed[i] += process->stat.own[i] + process->stat.children[i];
	parent->owed[PROCESS_DISK_READ_BYTES] += process->read_bytes;
	parent->owed[PROCESS_DISK_WRITTEN_BYTES] += process->written_bytes;
	parent->owed_samples = 1;
}

static void drop(struct members *members, size_t index)
{
	struct member gone = members->list[index];

	if (!gone.zombie)
		note_end(members, &gone);
	members->kept -= gone.kept;
	process_release(&gone.process, members->reading);
	members->count--;
	memmove(&members->list[index], &members->list[index + 1],
		(members->count - index) * sizeof(*members->list));
	leave_to_parent(members, &gone);
}

static void read_all(struct members *members)
{
	size_t i = 0;

	while (i < members->count) {
		struct member *member = &members->list[i];

		if (!process_read(&member->process, members->reading, member->kept)) {
			drop(members, i);
			continue;
		}
		i++;
		count_own(members, member);
		if (!member->zombie && strchr("ZX", member->process.stat.state)) {
			member->zombie = true;
			note_end(members, member);
		}
		member->samples++;
		if (!member->first && !member->zombie)
			note_begin(members, member);
	}
	/* Once it is known which children ended, and what they left. */
	for (i = 0; i < members->count; i++)
		count_children(members, &members->list[i]);
}

static void read_more(struct members *members)
{
	size_t count = members->count < MEMBERS_MORE ? members->count : MEMBERS_MORE;
	uint32_t budget = thread_budget(members);

	for (size_t i = 0; i < count; i++) {
		struct member *member = &members->list[members->turn++ % members->count];

		if (member->zombie)
			continue;
		process_read_more(&member->process, members->reading, member->kept, budget);
		count_more(members, member);
	}
	if (members->count)
		members->turn %= members->count;
}

/* --- new processes of the machine ----------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return (a > b) - (a < b);
}

/* The numbers of all processes into `listing`, ascending. */
static int list_all(struct members *members, size_t *count)
{
	for (;;) {
		size_t room = members->listing_room;
		uint32_t *larger;

		*count = reading_numbers(
			members->reading, members->listing, room, SIZE_MAX, "/proc");
		if (*count <= room)
			break;
		larger = realloc(members->listing, (*count + 256) * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		members->listing = larger;
		members->listing_room = *count + 256;
	}
	if (*count)
		qsort(members->listing, *count, sizeof(*members->listing), compare);
	return 0;
}

static int keep_listing(struct members *members, const uint32_t *numbers, size_t count)
{
	if (count > members->known_room) {
		uint32_t *larger = realloc(members->known, (count + 256) * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		members->known = larger;
		members->known_room = count + 256;
	}
	if (count)
		memcpy(members->known, numbers, count * sizeof(*numbers));
	members->known_count = count;
	return 0;
}

static bool is_own(const struct members *members, const struct process_stat *stat)
{
	return stat->pid == members->self || stat->ppid == members->self;
}

/*
 * Takes in those of `fresh` whose parent is a member, until that brings no more: a child may stand
 * before its parent.
 */
static int adopt(struct members *members, const struct process_stat *fresh, size_t count)
{
	size_t before;
	int code = 0;

	do {
		before = members->count;
		for (size_t i = 0; i < count && code >= 0; i++)
			if (!is_own(members, &fresh[i]) && find(members, fresh[i].ppid) &&
				!find(members, fresh[i].pid))
				code = add(members, &fresh[i], false);
	} while (members->count > before && code >= 0);
	return code;
}

/* At most `limit` numbers that were not there before; what is left of them waits its turn. */
static int look_into(struct members *members, size_t listed, size_t limit)
{
	struct process_stat *fresh = calloc(limit ? limit : 1, sizeof(*fresh));
	size_t count = 0, kept = 0, looked = 0;
	int code;

	if (!fresh)
		return -ENOMEM;
	for (size_t i = 0; i < listed; i++) {
		uint32_t pid = members->listing[i];
		int file = -1;

		if (!members->known_count || !bsearch(&pid, members->known, members->known_count,
						     sizeof(pid), compare)) {
			if (looked++ >= limit)
				continue;
			count += reading_kept(
					 members->reading, &file, false, "/proc/%u/stat", pid) &&
				 process_stat_parse(&fresh[count], members->reading->text);
		}
		members->listing[kept++] = pid;
	}
	code = adopt(members, fresh, count);
	free(fresh);
	return code < 0 ? code : keep_listing(members, members->listing, kept);
}

static int take_in(struct members *members, size_t limit)
{
	size_t listed = 0;
	int code = list_all(members, &listed);

	return code < 0 ? code : look_into(members, listed, limit < listed ? limit : listed);
}

int members_add_roots(struct members *members, const uint32_t *pids, size_t count)
{
	size_t before = members->count;
	struct process_stat stat;
	int code = 0;

	for (size_t i = 0; i < count && code >= 0; i++) {
		struct member *known = find(members, pids[i]);
		int file = -1;

		if (known)
			known->root = true;
		else if (pids[i] != members->self &&
			 reading_kept(members->reading, &file, false, "/proc/%u/stat", pids[i]) &&
			 process_stat_parse(&stat, members->reading->text))
			code = add(members, &stat, true);
	}
	if (code < 0 || members->count == before)
		return code;
	/* Their children may be older than what was looked into last. */
	members->known_count = 0;
	return take_in(members, SIZE_MAX);
}

int members_sample(struct members *members)
{
	members->root_ended = false;
	read_all(members);
	read_more(members);
	return take_in(members, MEMBERS_NEW);
}

size_t members_running(const struct members *members, uint64_t *threads)
{
	size_t count = 0;

	*threads = 0;
	for (size_t i = 0; i < members->count; i++) {
		if (members->list[i].zombie)
			continue;
		count++;
		*threads += members->list[i].process.stat.threads;
	}
	return count;
}
