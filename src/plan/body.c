/* SPDX-License-Identifier: MIT */
#include "plan/body.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"

static int too_large(const char *path, size_t bytes, uint64_t memory_bytes, struct err *err)
{
	char size[UNITS_TEXT_BYTES], limit[UNITS_TEXT_BYTES];

	units_format_size(size, bytes);
	if (bytes > BODY_LIMIT_BYTES)
		return err_set(err, ERR_USAGE, -EFBIG,
			"--body-file: \"%s\" has %s: expected at most %s", path, size,
			units_format_size(limit, BODY_LIMIT_BYTES));
	return err_set(err, ERR_ENVIRONMENT, -ENOMEM,
		"--body-file: \"%s\" has %s, --memory allows %s for everything: raise --memory",
		path, size, units_format_size(limit, memory_bytes));
}

int body_find(struct body *body, const struct scenario *scenario, struct err *err)
{
	const char *path = scenario->body_file;
	bool regular;
	int code;

	memset(body, 0, sizeof(*body));
	body->data = scenario->body;
	body->bytes = scenario->body_bytes;
	if (!path)
		return 0;
	body->file = path;
	code = file_size(path, &regular, &body->bytes, err);
	if (!code && !regular)
		code = file_read(path, BODY_LIMIT_BYTES, &body->own, err);
	if (code) {
		err_prefix(err, "--body-file: ");
		return code;
	}
	if (!regular) {
		body->data = buf_string(&body->own);
		body->bytes = body->own.length_bytes;
	}
	if (body->bytes > BODY_LIMIT_BYTES || body->bytes > scenario->memory_limit_bytes)
		return too_large(path, body->bytes, scenario->memory_limit_bytes, err);
	return 0;
}

int body_append(const struct body *body, struct buf *wire, struct err *err)
{
	size_t before_bytes = wire->length_bytes;
	int code;

	buf_reserve(wire, body->bytes);
	if (wire->failed)
		return err_set_errno(err, ERR_ENVIRONMENT, -ENOMEM,
			"cannot render a request with a body of %zu bytes", body->bytes);
	if (body->data || !body->file) {
		if (body->bytes)
			buf_append(wire, body->data, body->bytes);
		return 0;
	}
	code = file_read(body->file, body->bytes, wire, err);
	if (code == -EFBIG || (!code && wire->length_bytes - before_bytes != body->bytes))
		return err_set(err, ERR_ENVIRONMENT, -EAGAIN,
			"--body-file: \"%s\" changed while it was read: try again", body->file);
	if (code)
		err_prefix(err, "--body-file: ");
	return code;
}

void body_release(struct body *body)
{
	buf_release(&body->own);
	memset(body, 0, sizeof(*body));
}
