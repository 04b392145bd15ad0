/* SPDX-License-Identifier: MIT */
/*
 * Our HTTP/1.1 parsers against libhttp-parser, an independent one, over the corpus and over seeded
 * mutations of it: the same messages with the same status or method and target, the same bytes of
 * body, ending at the same byte, and the same judgement of what is no HTTP.
 *
 * Where the two may differ stands in http1_allowed.c, one entry for each reason; whatever else
 * differs fails. An entry that is never needed fails as well. HTTP1_PEER_SEED and HTTP1_PEER_COUNT
 * (mutations of each file) in the environment choose others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "http1_allowed.h"
#include "net/http1.h"

#define CORPUS "tests/fuzz/corpus/http1"

enum { MUTATIONS_EACH = 300 };

/* How often each difference was seen. */
enum { ALLOWED_LIMIT = 64 };
static unsigned allowed_seen[ALLOWED_LIMIT];

/* --- the comparison ----------------------------------------------------------------------------*/

struct corpus {
	struct facts_input *files;
	size_t count;
};

static const char *const type_names[] = {"HEAD", "BODY", "COMPLETE", "ERROR", "END"};

static void print_input(const struct facts_input *input)
{
	static const char *const kinds[] = {"response", "head", "request"};

	fprintf(stderr, "%s: ", kinds[input->kind]);
	for (size_t i = 0; i < input->bytes; i++) {
		uint8_t byte = input->data[i];

		if (byte == '\r' || byte == '\n')
			fputs(byte == '\r' ? "\\r" : "\\n", stderr);
		else if (byte < ' ' || byte >= 0x7f || byte == '\\')
			fprintf(stderr, "\\x%02x", byte);
		else
			fputc(byte, stderr);
	}
	fputc('\n', stderr);
}

static void print_fact(const char *whose, const struct fact *fact)
{
	fprintf(stderr, "%s: %s status %u method \"%s\" target \"%s\" body %zu error %u at %zu\n",
		whose, type_names[fact->type], fact->status, fact->method, fact->target,
		fact->body_bytes, fact->error, fact->at);
}

/* A body that goes on in one of them is not the difference, but what the other found instead. */
static void pass_common_body(
	const struct facts *ours, const struct facts *theirs, size_t at, struct http1_difference *d)
{
	const struct fact *one = &ours->list[at], *other = &theirs->list[at];
	size_t bytes = one->body_bytes < other->body_bytes ? one->body_bytes : other->body_bytes;

	d->ours = one;
	d->theirs = other;
	if (one->type != FACT_BODY || other->type != FACT_BODY ||
		memcmp(ours->bodies + one->body_at, theirs->bodies + other->body_at, bytes) != 0)
		return;
	if (one->body_bytes == bytes)
		d->ours++;
	if (other->body_bytes == bytes)
		d->theirs++;
}

static bool is_allowed(const struct facts *ours, const struct facts *theirs, size_t at,
	const struct facts_input *input)
{
	struct http1_difference d = {.input = input};

	for (size_t i = 0; i < at; i++) {
		if (ours->list[i].type == FACT_HEAD)
			d.head = &ours->list[i];
		if (ours->list[i].type != FACT_COMPLETE)
			continue;
		d.head = NULL;
		d.message_at = ours->list[i].at;
	}
	pass_common_body(ours, theirs, at, &d);
	for (size_t i = 0; http1_allowed[i].name; i++) {
		if (http1_allowed[i].is(&d)) {
			allowed_seen[i]++;
			return true;
		}
	}
	return false;
}

static void compare(const struct facts_input *input, const char *what)
{
	static struct facts ours, theirs;
	size_t at;

	http1_facts_ours(&ours, input);
	http1_facts_theirs(&theirs, input);
	if (http1_facts_equal(&ours, &theirs, &at) || is_allowed(&ours, &theirs, at, input))
		return;
	print_input(input);
	print_fact("ours", &ours.list[at]);
	print_fact("theirs", &theirs.list[at]);
	fail_msg("%s: the parsers differ", what);
}

/* --- mutations ---------------------------------------------------------------------------------*/

static void input_replace(
	struct facts_input *input, size_t at, size_t old_bytes, const void *data, size_t bytes)
{
	if (input->bytes - old_bytes + bytes > sizeof(input->data))
		return;
	memmove(input->data + at + bytes, input->data + at + old_bytes,
		input->bytes - at - old_bytes);
	memcpy(input->data + at, data, bytes);
	input->bytes += bytes - old_bytes;
}

/* A piece of any file, at most `most` bytes. */
static struct span pick(const struct corpus *corpus, struct rng *rng, size_t most)
{
	const struct facts_input *file = &corpus->files[rng_below(rng, corpus->count)];
	size_t from = (size_t)rng_below(rng, file->bytes + 1);
	size_t bytes = (size_t)rng_below(rng, most + 1);

	if (bytes > file->bytes - from)
		bytes = file->bytes - from;
	return (struct span){file->data + from, bytes};
}

static void mutate(struct facts_input *input, const struct corpus *corpus, struct rng *rng)
{
	static const char *const words[] = {"\r\n", "\n", "\r", " ", "\t", ",", ":", ";", "0", "9",
		"\r\n\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "chunked", "close",
		"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "5\r\nhello\r\n", "HTTP/1.0",
		"HTTP/1.1 200 OK\r\n", "Connection: close\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
		"X: y\r\n", "GET / HTTP/1.1\r\n\r\n", "\x7f", "\x80", "\xff", "204", "304"};
	size_t at = (size_t)rng_below(rng, input->bytes + 1);
	size_t most = input->bytes - at, old_bytes = (size_t)rng_below(rng, 5);
	uint8_t byte = (uint8_t)rng_next(rng);

	if (old_bytes > most)
		old_bytes = most;
	switch (rng_below(rng, 6)) {
	case 0:
		input_replace(input, at, most > 0, &byte, 1);
		break;
	case 1:
		input_replace(input, at, old_bytes, "", 0);
		break;
	case 2: {
		struct span piece = pick(corpus, rng, 60);
		input_replace(input, at, old_bytes, piece.data, piece.bytes);
		break;
	}
	case 3:
		if (most > 0)
			input->data[at] ^= (uint8_t)(1U << rng_below(rng, 8));
		break;
	default: {
		const char *word = words[rng_below(rng, sizeof(words) / sizeof(words[0]))];
		input_replace(input, at, rng_below(rng, 2) ? 0 : old_bytes, word, strlen(word));
	}
	}
}

/* --- tests -------------------------------------------------------------------------------------*/

static int corpus_is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void corpus_read(struct facts_input *input, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	FILE *stream = fopen(path, "rb");
	assert_non_null(stream);
	input->bytes = fread(input->data, 1, sizeof(input->data), stream);
	fclose(stream);
	input->kind = strncmp(name, "request-", 8) == 0 ? FACTS_REQUEST
		      : strncmp(name, "head-", 5) == 0  ? FACTS_HEAD
							: FACTS_RESPONSE;
}

static int corpus_load(void **state)
{
	static struct corpus corpus;
	struct dirent **entries;
	int count = scandir(CORPUS, &entries, corpus_is_file, alphasort);

	if (count < 100)
		return -1;
	corpus.files = calloc((size_t)count, sizeof(*corpus.files));
	for (int i = 0; i < count; i++) {
		corpus_read(&corpus.files[corpus.count++], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*state = &corpus;
	return 0;
}

static int corpus_unload(void **state)
{
	free(((struct corpus *)*state)->files);
	return 0;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void test_corpus(void **state)
{
	const struct corpus *corpus = *state;

	for (size_t i = 0; i < corpus->count; i++)
		compare(&corpus->files[i], "corpus");
}

static void test_mutations(void **state)
{
	const struct corpus *corpus = *state;
	uint64_t seed = number_from_environment("HTTP1_PEER_SEED", 20261121);
	uint64_t count = number_from_environment("HTTP1_PEER_COUNT", MUTATIONS_EACH);
	static struct facts_input input;
	char what[64];

	for (size_t i = 0; i < corpus->count; i++) {
		struct rng rng;

		rng_init(&rng, seed, i);
		snprintf(what, sizeof(what), "HTTP1_PEER_SEED=%" PRIu64, seed);
		for (uint64_t n = 0; n < count; n++) {
			input = corpus->files[i];
			for (uint64_t changes = 1 + rng_below(&rng, 4); changes > 0; changes--)
				mutate(&input, corpus, &rng);
			compare(&input, what);
		}
	}
}

static void test_every_allowed_difference_is_needed(void **state)
{
	(void)state;
	for (size_t i = 0; http1_allowed[i].name; i++) {
		assert_true(i < ALLOWED_LIMIT);
		if (allowed_seen[i] == 0)
			fail_msg("\"%s\" (%s) was not seen", http1_allowed[i].name,
				http1_allowed[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_every_allowed_difference_is_needed),
	};

	return cmocka_run_group_tests(tests, corpus_load, corpus_unload);
}
