/* SPDX-License-Identifier: MIT */
#include "tests/sim/sim_message.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void say(struct sim_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct sim_text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->count;
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vsnprintf(text->bytes + text->count, room, format, arguments);
	va_end(arguments);
	assert(written >= 0 && (size_t)written < room);
	text->count += (size_t)written;
}

static void say_random(struct sim_text *text, struct rng *rng, size_t bytes)
{
	assert(bytes <= sizeof(text->bytes) - text->count);
	for (size_t i = 0; i < bytes; i++)
		text->bytes[text->count++] = (char)rng_next(rng);
}

static bool half(struct rng *rng)
{
	return rng_next(rng) >> 63;
}

static const char *line_end(struct rng *rng)
{
	return rng_below(rng, 16) ? "\r\n" : "\n";
}

static void say_fields(struct sim_text *text, struct rng *rng)
{
	static const char *const fields[] = {"Server: simulated", "Content-Type: text/plain",
		"X-Empty:", "Date: Thu, 01 Jan 1970 00:00:00 GMT", "Connection-Like: close",
		"Content-Length-Not: 5"};

	for (uint64_t count = rng_below(rng, 4); count; count--)
		say(text, "%s%s", fields[rng_below(rng, COUNT_OF(fields))], line_end(rng));
}

static void say_chunks(struct sim_text *text, struct rng *rng, uint32_t bytes)
{
	while (bytes) {
		uint32_t chunk = 1 + (uint32_t)rng_below(rng, bytes);

		say(text, half(rng) ? "%x\r\n" : "%X;name=value\r\n", chunk);
		say_random(text, rng, chunk);
		say(text, "\r\n");
		bytes -= chunk;
	}
	say(text, "0\r\n%s\r\n", half(rng) ? "" : "Trailer: here\r\n");
}

static uint16_t draw_status(struct rng *rng)
{
	static const uint16_t statuses[] = {
		200, 200, 200, 200, 201, 204, 206, 302, 304, 400, 404, 429, 500, 503, 600, 999};

	return statuses[rng_below(rng, COUNT_OF(statuses))];
}

/* Returns whether the connection stays as far as these fields say. */
static bool say_connection(struct sim_text *text, struct rng *rng, bool old, bool close)
{
	if (close && (!old || half(rng)))
		say(text, "Connection: close\r\n");
	if (!close && old)
		say(text, "Connection: keep-alive\r\n");
	return !close;
}

void sim_message_answer(struct sim_text *text, struct rng *rng,
	const struct sim_message_options *options, struct fake_message *message)
{
	bool old = rng_below(rng, 10) == 0;
	bool chunked = !old && half(rng);
	bool body;

	text->count = 0;
	message->status = draw_status(rng);
	body = !options->head && message->status != 204 && message->status != 304;
	say(text, "HTTP/1.%d %u%s%s", !old, message->status, half(rng) ? " Some reason" : " ",
		line_end(rng));
	say_fields(text, rng);
	message->keep_alive = say_connection(text, rng, old, options->close);
	if (!options->until_close && chunked)
		say(text, "Transfer-Encoding: chunked\r\n");
	else if (!options->until_close)
		say(text, "Content-Length: %u\r\n", options->body_bytes);
	say_fields(text, rng);
	say(text, "%s", line_end(rng));
	if (body && options->until_close)
		message->body_at = message->begin + text->count;
	if (body && !options->until_close && chunked)
		say_chunks(text, rng, options->body_bytes);
	else if (body)
		say_random(text, rng, options->body_bytes);
	if (body && options->until_close)
		message->keep_alive = false;
	else
		message->end = message->begin + text->count;
}

uint16_t sim_message_interim(struct sim_text *text, struct rng *rng)
{
	static const uint16_t statuses[] = {100, 102, 103};
	uint16_t status = statuses[rng_below(rng, COUNT_OF(statuses))];

	text->count = 0;
	say(text, "HTTP/1.1 %u Go on\r\n%s\r\n", status, half(rng) ? "Link: </x>\r\n" : "");
	return status;
}

size_t sim_message_garbage(struct sim_text *text, struct rng *rng, bool head)
{
	/* A bar stands before the byte that shows it, and is not sent. */
	static const char *const garbage[] = {
		"|garbage\r\n\r\n",
		"HTTP/|2 200 OK\r\n\r\n",
		"HTTP/1.1 2|x0 OK\r\n\r\n",
		"HTTP/1.1 09|9 OK\r\n\r\n",
		"HTTP/1.1 10|1 Switching Protocols\r\nUpgrade: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r|\nabc",
		"HTTP/1.1 200 OK\r\nA: b\r\n| c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: |-1\r\n\r\n",
		"|SSH-2.0-OpenSSH_9.2\r\n",
		/* The answer to a HEAD ends before it. */
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|zz\r\n",
	};
	const char *chosen = garbage[rng_below(rng, COUNT_OF(garbage) - head)];
	size_t at = strcspn(chosen, "|");

	text->count = 0;
	say(text, "%.*s%s", (int)at, chosen, chosen + at + 1);
	return at;
}
