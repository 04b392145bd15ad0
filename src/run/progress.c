/* SPDX-License-Identifier: MIT */
#include "run/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"

/* ECMA-48: back to the first column, erase to the end of the line. */
#define REWRITE "\r\033[K"

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
}

void progress_show(struct progress *progress, const struct live_view *view)
{
	struct buf line = {0};

	if (!progress->shown)
		return;
	live_line(view, terminal_columns(), &line);
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
