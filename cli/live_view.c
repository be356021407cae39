// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing flickers because nothing is erased before it is written over: a frame is one write, which goes over the old
 * lines from the top and clears what is below the last. Lines do not wrap, so a narrow terminal cuts
 * them. */
#include "cli/live_view.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/timespec.h"
#include "cli/layout.h"
#include "cli/output.h"

/* The alternate screen, without a cursor and without wrapping; and back. */
#define SCREEN_BEGIN "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_END   "\033[?7h\033[?25h\033[?1049l"

static volatile sig_atomic_t ended;

static void live_end(_unused_ int signal_number)
{
	ended = 1;
}

/* A window of another size is drawn at once: the signal ends the wait. */
static void live_resized(_unused_ int signal_number)
{
}

/* Blocked but while waiting, so that none comes between the look at `ended` and the wait. `before` gets the mask to wait with. */
static void live_catch(sigset_t *before)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction end = {.sa_handler = live_end};
	const struct sigaction resized = {.sa_handler = live_resized};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		sigaction(ends[i], &end, NULL);
		sigaddset(&blocked, ends[i]);
	}
	sigaction(SIGWINCH, &resized, NULL);
	sigaddset(&blocked, SIGWINCH);
	sigprocmask(SIG_BLOCK, &blocked, before);
}

/* The lines of `text` as far as the screen goes. A line is cleared before it is written: behind one that fills it the cursor
 * stands on its last character. */
static void live_draw(const char *text, size_t height)
{
	_cleanup_strbuf_ struct strbuf screen = {};

	strbuf_add(&screen, "\033[H");
	for (size_t line = 1; *text && line <= height; line++) {
		size_t length = strcspn(text, "\n");

		strbuf_add(&screen, "\033[2K");
		strbuf_add_bytes(&screen, text, length);
		strbuf_add(&screen, line < height ? "\033[0m\r\n" : "\033[0m");
		text += length + (text[length] == '\n');
		if (!*text && line < height)
			strbuf_add(&screen, "\033[J");
	}
	if (file_write_all(STDOUT_FILENO, screen.text, screen.length) < 0)
		ended = 1;
}

static void live_print(const char *text, bool first)
{
	if (!first)
		cli_print("\n");
	cli_print(text);
	if (!cli_flush())
		ended = 1;
}

int cli_live_view(uint64_t interval, int (*frame)(void *data, struct strbuf *text), void *data)
{
	const struct timespec wait = timespec_of(interval);
	bool terminal = isatty(STDOUT_FILENO), first = true;
	size_t width, height;
	sigset_t mask;
	int code;

	live_catch(&mask);
	if (terminal)
		(void)file_write_all(STDOUT_FILENO, SCREEN_BEGIN, sizeof(SCREEN_BEGIN) - 1);
	do {
		_cleanup_strbuf_ struct strbuf text = {};

		code = frame(data, &text);
		cli_layout_size(&width, &height);
		if (terminal)
			live_draw(text.text ? text.text : "", height ? height : 24);
		else
			live_print(text.text ? text.text : "", first);
		first = false;
		if (!ended)
			ppoll(NULL, 0, &wait, &mask);
	} while (!ended);
	if (terminal)
		(void)file_write_all(STDOUT_FILENO, SCREEN_END, sizeof(SCREEN_END) - 1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return code;
}
