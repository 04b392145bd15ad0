/* SPDX-License-Identifier: MIT */
#include "run/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "report/layout.h"

/* ECMA-48: back to the first column, erase to the end of the line. */
#define REWRITE "\r\033[K"

/* Between a label and what it stands before, as between the fields of the line. */
#define GAP "  "

#define COLUMNS_DEFAULT 80
#define COLUMNS_LEAST   20 /* what live_line asks for */

static size_t terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return COLUMNS_DEFAULT;
	/* A character in the last column makes some terminals wrap. */
	return size.ws_col > COLUMNS_LEAST ? size.ws_col - 1U : COLUMNS_LEAST;
}

static void put(const char *text, size_t length)
{
	ssize_t written = write(STDERR_FILENO, text, length);

	(void)written; /* the next line will show, or nothing can */
}

void progress_init(struct progress *progress, bool wanted)
{
	const char *terminal = getenv("TERM");

	progress->shown = wanted && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb");
	progress->on_line = false;
	progress->label = NULL;
}

void progress_show(struct progress *progress, const struct live_view *view)
{
	struct buf line = {0};
	size_t columns;

	if (!progress->shown)
		return;
	columns = terminal_columns();
	if (progress->label) {
		size_t width = layout_width(progress->label) + strlen(GAP);

		buf_printf(&line, "%s" GAP, progress->label);
		columns = columns > width ? columns - width : 0;
	}
	live_line(view, columns, &line);
	progress_text(progress, buf_string(&line));
	buf_release(&line);
}

void progress_text(struct progress *progress, const char *text)
{
	if (!progress->shown)
		return;
	put(REWRITE, strlen(REWRITE));
	put(text, strlen(text));
	progress->on_line = true;
}

void progress_clear(struct progress *progress)
{
	if (progress->on_line)
		put(REWRITE, strlen(REWRITE));
	progress->on_line = false;
}
