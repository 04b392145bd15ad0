/* SPDX-License-Identifier: MIT */
/*
 * The corpus in tests/fuzz/corpus/http1, read whole, cut in two at every byte, and byte by byte,
 * each piece flush against a page that may not be touched, before it and behind it: always the
 * events listed in tests/fuzz/corpus/http1.events.
 *
 * A file's name says what it is: response-…, request-…, or head-… for responses of which the first,
 * third and so on answer HEAD. A file with another name (the fuzzer gives such) is read as each of
 * them, and not listed. HTTP1_EVENTS_WRITE=1 in the environment writes the list anew, for
 * reading by eye before it is committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../fuzz/http1_events.h"

#define CORPUS "tests/fuzz/corpus/http1"
#define EVENTS CORPUS ".events"

enum { FILE_LIMIT = 8192, CORPUS_LEAST = 100 };

struct corpus_file {
	char name[64];
	enum events_kind kind;
	bool listed; /* in EVENTS */
	size_t bytes;
	uint8_t data[FILE_LIMIT];
};

/* Readable bytes between two pages that fault. */
struct guarded {
	uint8_t *map, *start, *end;
	size_t map_bytes;
};

static void guarded_init(struct guarded *guarded, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t inner = (bytes + page - 1) / page * page;

	guarded->map_bytes = inner + 2 * page;
	guarded->map = mmap(NULL, guarded->map_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(guarded->map != MAP_FAILED);
	guarded->start = guarded->map + page;
	guarded->end = guarded->start + inner;
	assert_int_equal(mprotect(guarded->map, page, PROT_NONE), 0);
	assert_int_equal(mprotect(guarded->end, page, PROT_NONE), 0);
}

static void guarded_release(struct guarded *guarded)
{
	munmap(guarded->map, guarded->map_bytes);
}

static int corpus_is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void corpus_read(struct corpus_file *file, const char *name)
{
	char path[512];

	assert_true(strlen(name) < sizeof(file->name));
	strcpy(file->name, name);
	snprintf(path, sizeof(path), CORPUS "/%s", name);

	FILE *stream = fopen(path, "rb");
	assert_non_null(stream);
	file->bytes = fread(file->data, 1, sizeof(file->data), stream);
	assert_true(file->bytes < sizeof(file->data));
	fclose(stream);
}

typedef void corpus_visit(const struct corpus_file *file, void *context);

static void corpus_visit_kinds(struct corpus_file *file, corpus_visit *visit, void *context)
{
	static const char *const prefixes[] = {"response-", "head-", "request-"};

	for (int kind = 0; kind < EVENTS_KIND_COUNT; kind++) {
		if (strncmp(file->name, prefixes[kind], strlen(prefixes[kind])) == 0) {
			file->kind = (enum events_kind)kind;
			file->listed = true;
			visit(file, context);
			return;
		}
	}
	file->listed = false;
	for (int kind = 0; kind < EVENTS_KIND_COUNT; kind++) {
		file->kind = (enum events_kind)kind;
		visit(file, context);
	}
}

/* Calls visit for each file in the order of names. */
static void corpus_each(corpus_visit *visit, void *context)
{
	static struct corpus_file file;
	struct dirent **entries;
	int count = scandir(CORPUS, &entries, corpus_is_file, alphasort);

	if (count < CORPUS_LEAST)
		fail_msg(CORPUS ": %d files; run from the top of the source tree", count);
	for (int i = 0; i < count; i++) {
		corpus_read(&file, entries[i]->d_name);
		corpus_visit_kinds(&file, visit, context);
		free(entries[i]);
	}
	free(entries);
}

static const char *const error_names[] = {
	[HTTP1_OK] = "ok",
	[HTTP1_BAD_VERSION] = "bad-version",
	[HTTP1_BAD_STATUS] = "bad-status",
	[HTTP1_BAD_START_LINE] = "bad-start-line",
	[HTTP1_BAD_HEADER_NAME] = "bad-header-name",
	[HTTP1_BAD_HEADER_VALUE] = "bad-header-value",
	[HTTP1_FOLDED_HEADER] = "folded-header",
	[HTTP1_TOO_MANY_HEADERS] = "too-many-headers",
	[HTTP1_HEAD_TOO_LARGE] = "head-too-large",
	[HTTP1_BAD_CONTENT_LENGTH] = "bad-content-length",
	[HTTP1_BAD_TRANSFER_ENCODING] = "bad-transfer-encoding",
	[HTTP1_LENGTH_AND_CHUNKED] = "length-and-chunked",
	[HTTP1_BAD_CHUNK] = "bad-chunk",
	[HTTP1_UNEXPECTED_UPGRADE] = "unexpected-upgrade",
};

static void print_text(FILE *out, const char *text, size_t bytes)
{
	fputc('"', out);
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)text[i];

		if (byte < ' ' || byte >= 0x7f || byte == '"' || byte == '\\')
			fprintf(out, "\\x%02x", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

static void print_head(FILE *out, const struct event *event)
{
	static const char *const framings[] = {"no-body", "length", "chunked", "until-close"};

	fprintf(out, "HEAD ");
	if (event->method[0]) {
		fprintf(out, "%s ", event->method);
		print_text(out, event->target, strlen(event->target));
	} else {
		fprintf(out, "%u", event->status);
	}
	fprintf(out, " %s%s%s%s%s", framings[event->framing],
		event->keep_alive ? " keep-alive" : " close",
		event->expect_continue ? " expect" : "", event->target_cut ? " cut" : "",
		event->version_1_0 ? " 1.0" : "");
}

static void print_event(FILE *out, const struct event *event, enum events_kind kind)
{
	if (event->closed && kind == EVENTS_REQUEST)
		fprintf(out, event->started ? "OPEN started" : "OPEN idle");
	else if (event->closed && event->type == HTTP1_COMPLETE)
		fprintf(out, "CLOSED complete");
	else if (event->closed)
		fprintf(out, event->type == HTTP1_ERROR ? "CLOSED inside" : "CLOSED idle");
	else if (event->type == HTTP1_INFORMATIONAL)
		fprintf(out, "INFORMATIONAL %u", event->status);
	else if (event->type == HTTP1_HEAD)
		print_head(out, event);
	else if (event->type == HTTP1_COMPLETE)
		fprintf(out, "COMPLETE");
	else if (event->type == HTTP1_ERROR)
		fprintf(out, "ERROR %s", error_names[event->error]);
	if (event->type == HTTP1_BODY) {
		size_t shown = event->body_bytes < EVENTS_BODY_SHOWN ? (size_t)event->body_bytes
								     : EVENTS_BODY_SHOWN;

		fprintf(out, "BODY %" PRIu64 " ", event->body_bytes);
		print_text(out, event->body, shown);
		if (shown < event->body_bytes)
			fprintf(out, " %016" PRIx64, event->body_hash);
	}
	fprintf(out, " @%zu\n", event->at);
}

/* In pieces of these sizes at most: the first, then all others; 0 is no limit. */
struct cut {
	size_t first_bytes, other_bytes;
	bool at_start; /* pieces flush behind a guard page, not before one */
};

static void replay(const struct corpus_file *file, struct cut cut, struct guarded *guarded,
	struct events *events)
{
	struct events_parser parser;
	size_t at = 0;

	events_open(&parser, file->kind, events);
	while (at < file->bytes) {
		size_t limit = at == 0 ? cut.first_bytes : cut.other_bytes;
		size_t bytes = file->bytes - at;

		if (limit > 0 && bytes > limit)
			bytes = limit;
		uint8_t *piece = cut.at_start ? guarded->start : guarded->end - bytes;
		memcpy(piece, file->data + at, bytes);
		events_feed(&parser, piece, bytes);
		/* What a parser still points to would now be wrong. */
		memset(piece, 0xee, bytes);
		at += bytes;
	}
	events_close(&parser);
}

static void visit_write(const struct corpus_file *file, void *context)
{
	FILE *out = context;
	struct guarded guarded;
	struct events events = {NULL, 0, 0};

	guarded_init(&guarded, FILE_LIMIT);
	replay(file, (struct cut){0, 0, false}, &guarded, &events);
	fprintf(out, "## %s\n", file->name);
	for (size_t i = 0; i < events.count; i++)
		print_event(out, &events.list[i], file->kind);
	events_release(&events);
	guarded_release(&guarded);
}

/* Both texts from the beginning of the line in which they differ. */
static void fail_with_difference(const char *wanted, const char *had)
{
	size_t at = 0, line = 0, section = 0;

	while (wanted[at] && wanted[at] == had[at]) {
		if (wanted[at++] == '\n')
			line = at;
		if (strncmp(wanted + at, "## ", 3) == 0)
			section = at;
	}
	fail_msg("%.*s: wanted \"%.*s\", had \"%.*s\"", (int)strcspn(wanted + section, "\n"),
		wanted + section, (int)strcspn(wanted + line, "\n"), wanted + line,
		(int)strcspn(had + line, "\n"), had + line);
}

static void test_events_are_as_listed(void **state)
{
	char *had = NULL;
	size_t had_bytes = 0;
	FILE *out = open_memstream(&had, &had_bytes);

	(void)state;
	assert_non_null(out);
	corpus_each(visit_write, out);
	fclose(out);
	if (getenv("HTTP1_EVENTS_WRITE")) {
		FILE *golden = fopen(EVENTS, "wb");
		assert_non_null(golden);
		fwrite(had, 1, had_bytes, golden);
		fclose(golden);
	}

	FILE *golden = fopen(EVENTS, "rb");
	assert_non_null(golden);
	char *wanted = calloc(1, had_bytes + 4096);
	assert_non_null(wanted);
	size_t wanted_bytes = fread(wanted, 1, had_bytes + 4095, golden);
	fclose(golden);
	if (wanted_bytes != had_bytes || memcmp(wanted, had, had_bytes) != 0)
		fail_with_difference(wanted, had);
	free(wanted);
	free(had);
}

static void visit_split(const struct corpus_file *file, void *context)
{
	struct guarded *guarded = context;
	struct events whole = {NULL, 0, 0}, cut = {NULL, 0, 0};

	replay(file, (struct cut){0, 0, false}, guarded, &whole);
	for (int at_start = 0; at_start < 2; at_start++) {
		for (size_t first = 1; first <= file->bytes; first++) {
			replay(file, (struct cut){first, 0, at_start}, guarded, &cut);
			if (!events_equal(&whole, &cut))
				fail_msg("%s: other events when cut at %zu", file->name, first);
		}
		/* By bytes, and by sizes around those that are looked at in one go. */
		for (size_t size = 1; size <= 48; size++) {
			replay(file, (struct cut){size, size, at_start}, guarded, &cut);
			if (!events_equal(&whole, &cut))
				fail_msg("%s: other events in pieces of %zu", file->name, size);
		}
	}
	events_release(&whole);
	events_release(&cut);
}

static void test_events_do_not_depend_on_cuts(void **state)
{
	struct guarded guarded;

	(void)state;
	guarded_init(&guarded, FILE_LIMIT);
	corpus_each(visit_split, &guarded);
	guarded_release(&guarded);
}

/* The promises that events_close checks, for an end of input after each byte. */
static void visit_prefixes(const struct corpus_file *file, void *context)
{
	static struct corpus_file prefix;
	struct events events = {NULL, 0, 0};

	prefix = *file;
	for (prefix.bytes = 0; prefix.bytes < file->bytes; prefix.bytes++)
		replay(&prefix, (struct cut){0, 0, false}, context, &events);
	events_release(&events);
}

static void test_every_prefix_ends_well(void **state)
{
	struct guarded guarded;

	(void)state;
	guarded_init(&guarded, FILE_LIMIT);
	corpus_each(visit_prefixes, &guarded);
	guarded_release(&guarded);
}

static void visit_mark(const struct corpus_file *file, void *context)
{
	bool *seen = context;
	struct guarded guarded;
	struct events events = {NULL, 0, 0};

	guarded_init(&guarded, FILE_LIMIT);
	replay(file, (struct cut){0, 0, false}, &guarded, &events);
	seen[events.list[events.count - 1].error] = true;
	events_release(&events);
	guarded_release(&guarded);
}

static void test_corpus_shows_every_error(void **state)
{
	bool seen[HTTP1_ERROR_COUNT] = {false};

	(void)state;
	corpus_each(visit_mark, seen);
	for (unsigned i = 0; i < HTTP1_ERROR_COUNT; i++) {
		if (!seen[i] && i != HTTP1_HEAD_TOO_LARGE) /* 64 KiB: in test_http1_limits */
			fail_msg("no file in " CORPUS " ends with %s", error_names[i]);
	}
}

static void test_every_error_has_its_sentence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HTTP1_ERROR_COUNT; i++) {
		const char *text = http1_error_text((enum http1_error)i);

		assert_non_null(text);
		assert_true(strlen(text) > 5 && text[strlen(text) - 1] != '.');
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(text, http1_error_text((enum http1_error)j));
	}
	assert_non_null(http1_error_text(HTTP1_ERROR_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_are_as_listed),
		cmocka_unit_test(test_events_do_not_depend_on_cuts),
		cmocka_unit_test(test_every_prefix_ends_well),
		cmocka_unit_test(test_corpus_shows_every_error),
		cmocka_unit_test(test_every_error_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
