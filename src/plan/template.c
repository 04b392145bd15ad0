/* SPDX-License-Identifier: MIT */
#include "plan/template.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/version.h"
#include "plan/body.h"
#include "plan/quoted.h"

/* A header field of the user's, taken apart. */
struct field {
	const char *name, *value;
	size_t name_bytes, value_bytes;
};

static bool is_token(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\0' ||
			(!isalnum((unsigned char)text[i]) && !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	}
	return bytes > 0;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_named(const struct field *field, const char *name)
{
	return field->name_bytes == strlen(name) &&
	       strncasecmp(field->name, name, field->name_bytes) == 0;
}

static int parse_field(struct field *field, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	char quoted[QUOTED_BYTES];

	quoted_text(quoted, text, strlen(text));
	if (!colon)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-H \"%s\" has no \":\": expected \"Name: value\"", quoted);
	field->name = text;
	field->name_bytes = (size_t)(colon - text);
	if (!is_token(field->name, field->name_bytes))
		return err_set(err, ERR_USAGE, -EINVAL,
			"-H \"%s\" has no valid name before \":\": expected letters, digits and "
			"\"-\", without spaces",
			quoted);
	field->value = colon + 1;
	while (is_blank(*field->value))
		field->value++;
	field->value_bytes = strlen(field->value);
	while (field->value_bytes > 0 && is_blank(field->value[field->value_bytes - 1]))
		field->value_bytes--;
	for (size_t i = 0; i < field->value_bytes; i++) {
		unsigned char byte = (unsigned char)field->value[i];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return err_set(err, ERR_USAGE, -EINVAL,
				"-H \"%s\" has a control character (byte %#04x) in its value: a "
				"header is one line of text",
				quoted_text(quoted, field->name, field->name_bytes), byte);
	}
	return 0;
}

/* The user's Content-Length is not sent: it may only say what is true anyway. */
static int check_length(const struct field *field, size_t body_bytes, struct err *err)
{
	char expected[24];
	char quoted[QUOTED_BYTES];
	int length = snprintf(expected, sizeof(expected), "%zu", body_bytes);

	if (field->value_bytes == (size_t)length &&
		memcmp(field->value, expected, (size_t)length) == 0)
		return 0;
	return err_set(err, ERR_USAGE, -EINVAL,
		"-H \"Content-Length: %s\": the body has %s bytes; leave the header out, it is "
		"added",
		quoted_text(quoted, field->value, field->value_bytes), expected);
}

static int check_fields(
	const struct field *fields, size_t count, size_t body_bytes, struct err *err)
{
	size_t hosts = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_named(&fields[i], "Transfer-Encoding"))
			return err_set(err, ERR_USAGE, -EINVAL,
				"-H \"Transfer-Encoding\" cannot be sent: bodies go out with a "
				"Content-Length; leave the header out");
		if (is_named(&fields[i], "Content-Length") &&
			check_length(&fields[i], body_bytes, err))
			return -EINVAL;
		hosts += is_named(&fields[i], "Host");
	}
	if (hosts > 1)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-H \"Host\" is given %zu times: a request has exactly one", hosts);
	return 0;
}

static int check_method(const char *method, struct err *err)
{
	char quoted[QUOTED_BYTES];

	if (!is_token(method, strlen(method)))
		return err_set(err, ERR_USAGE, -EINVAL,
			"-X \"%s\" is not a method: expected one word, as in GET or POST",
			quoted_text(quoted, method, strlen(method)));
	if (strcmp(method, "CONNECT") == 0)
		return err_set(err, ERR_USAGE, -EINVAL,
			"-X \"CONNECT\" asks for a tunnel, which cannot be measured: expected a "
			"method that is answered with a response");
	return 0;
}

static void add_field(struct buf *wire, const struct field *field)
{
	buf_append(wire, field->name, field->name_bytes);
	buf_text(wire, field->value_bytes ? ": " : ":");
	buf_append(wire, field->value, field->value_bytes);
	buf_text(wire, "\r\n");
}

/* The default, unless the user gave fields of that name. */
static void add_default(struct buf *wire, const char *name, const char *value,
	const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_named(&fields[i], name))
			return;
	}
	buf_printf(wire, "%s: %s\r\n", name, value);
}

/* Host comes first (RFC 9110 7.2), also when it is the user's. */
static void add_host(struct buf *wire, const char *host, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_named(&fields[i], "Host")) {
			add_field(wire, &fields[i]);
			return;
		}
	}
	buf_printf(wire, "Host: %s\r\n", host);
}

static void add_user_fields(struct buf *wire, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool withdrawn = fields[i].value_bytes == 0 &&
				 (is_named(&fields[i], "User-Agent") ||
					 is_named(&fields[i], "Accept"));

		if (!withdrawn && !is_named(&fields[i], "Host") &&
			!is_named(&fields[i], "Content-Length"))
			add_field(wire, &fields[i]);
	}
}

/* RFC 9110 8.6: a method that anticipates content says so when there is none. */
static bool has_length(const struct scenario *scenario)
{
	return scenario->body || scenario->body_file || strcmp(scenario->method, "POST") == 0 ||
	       strcmp(scenario->method, "PUT") == 0 || strcmp(scenario->method, "PATCH") == 0;
}

static int write_out(struct plan_request *request, const struct scenario *scenario,
	const char *target, const struct body *body, struct buf *wire, struct err *err)
{
	char *name = NULL;
	int code;

	if (wire->length_bytes > TEMPLATE_HEAD_BYTES)
		return err_set(err, ERR_USAGE, -E2BIG,
			"the request line and headers take %zu bytes: expected at most %u",
			wire->length_bytes, TEMPLATE_HEAD_BYTES);
	code = body_append(body, wire, err);
	if (code)
		return code;
	/* Without the query, which may hold secrets and differs where the path says it all. */
	if (asprintf(&name, "%s %.*s", scenario->method, (int)strcspn(target, "?"), target) < 0)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot name the request");
	request->name = name;
	request->head = strcmp(scenario->method, "HEAD") == 0;
	request->wire_bytes = wire->length_bytes;
	request->shared = wire->length_bytes > PLAN_SHARED_BYTES;
	request->wire = wire->data;
	*wire = (struct buf){0};
	return 0;
}

int template_render(struct plan_request *request, const struct scenario *scenario, const char *host,
	const char *target, struct err *err)
{
	size_t count = scenario->headers.count;
	struct field *fields = calloc(count ? count : 1, sizeof(*fields));
	struct buf wire = {0};
	struct body body;
	int rc;

	memset(request, 0, sizeof(*request));
	if (!fields)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM, "cannot render the request");
	rc = body_find(&body, scenario, err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = parse_field(&fields[i], scenario->headers.items[i], err);
	if (!rc)
		rc = check_method(scenario->method, err);
	if (!rc)
		rc = check_fields(fields, count, body.bytes, err);
	if (rc)
		goto out;
	buf_printf(&wire, "%s %s HTTP/1.1\r\n", scenario->method, target);
	add_host(&wire, host, fields, count);
	add_default(&wire, "User-Agent", "ringload/" RINGLOAD_VERSION, fields, count);
	add_default(&wire, "Accept", "*/*", fields, count);
	if (scenario->no_keepalive)
		add_default(&wire, "Connection", "close", fields, count);
	add_user_fields(&wire, fields, count);
	if (has_length(scenario))
		buf_printf(&wire, "Content-Length: %zu\r\n", body.bytes);
	buf_text(&wire, "\r\n");
	rc = write_out(request, scenario, target, &body, &wire, err);
out:
	body_release(&body);
	buf_release(&wire);
	free(fields);
	return rc;
}

void template_release(struct plan_request *request)
{
	free((char *)request->name);
	free(request->wire);
	memset(request, 0, sizeof(*request));
}
