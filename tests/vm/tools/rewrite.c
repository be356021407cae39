// SPDX-License-Identifier: GPL-2.0-or-later
/* rewrite [OPTION…] FILE GOOD [BAD…]: changes FILE over and over, as editors and tools do it, until
 * it has done so COUNT times or SIGTERM comes. The last change is a good one. Then it prints
 * `changes=N bad=N last=NUMBER`.
 *
 *   --count N            end after N changes, an even number
 *   --burst N            make so many without a pause (1)
 *   --pause MS           then wait so long (0)
 *
 * Every second change is GOOD, the others are the BAD ones in turn; all are GOOD where there are
 * none. In these files each @ stands for a number from 1 to 1000 that is another each time, and a
 * line that begins with ? is there in every second one.
 *
 * Most changes are a rename over the file; every fifth writes over it in two parts, and every
 * seventh closes it in between. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	REWRITE_SIZE = 1 << 20,
	REWRITE_BAD = 16,
	REWRITE_NUMBERS = 1000,
	REWRITE_OVER = 5,
	REWRITE_PIECES = 7,
};

static struct rewrite {
	const char *file;
	char temporary[4096];
	const char *good, *bad[REWRITE_BAD];
	size_t bad_count;
	unsigned long count, burst, pause;
	unsigned long changes, goods, bads;
} rewrite;

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "rewrite: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *read_template(const char *name)
{
	char *text = calloc(1, REWRITE_SIZE);
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (!text || fd < 0 || read(fd, text, REWRITE_SIZE - 1) < 0)
		fail(name);
	close(fd);
	return text;
}

static unsigned long number(unsigned long change)
{
	return 1 + change % REWRITE_NUMBERS;
}

/* The template as it is at this change; `with`: with its ? lines. */
static size_t expand(const char *template, unsigned long change, bool with, char *text)
{
	bool begins = true;
	char *end = text;

	for (const char *c = template; *c; c++) {
		bool marked = begins && *c == '?';

		if (marked && !with)
			c += strcspn(c, "\n");
		else if (*c == '@')
			end += sprintf(end, "%lu", number(change));
		else if (!marked)
			*end++ = *c;
		if (!*c)
			break;
		begins = *c == '\n';
		if (end - text > REWRITE_SIZE)
			break;
	}
	return (size_t)(end - text);
}

static int open_file(const char *name, int flags)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		fail(name);
	return fd;
}

static void write_part(int fd, const char *text, size_t size)
{
	if (write(fd, text, size) != (ssize_t)size)
		fail(rewrite.file);
}

static void move_over(const char *text, size_t size)
{
	int fd = open_file(rewrite.temporary, O_TRUNC);

	write_part(fd, text, size);
	close(fd);
	if (rename(rewrite.temporary, rewrite.file) < 0)
		fail(rewrite.file);
}

static void write_over(const char *text, size_t size, bool pieces)
{
	int fd = open_file(rewrite.file, O_TRUNC);
	size_t half = size / 2;

	write_part(fd, text, half);
	if (pieces) {
		close(fd);
		fd = open_file(rewrite.file, O_APPEND);
	}
	write_part(fd, text + half, size - half);
	close(fd);
}

static void change(bool good)
{
	static char text[REWRITE_SIZE + 64];
	unsigned long n = ++rewrite.changes;
	const char *template =
		good ? rewrite.good : rewrite.bad[rewrite.bads++ % rewrite.bad_count];

	rewrite.goods += good;
	size_t size = expand(template, n, rewrite.goods % 2 == 0, text);
	if (n % REWRITE_PIECES == 0)
		write_over(text, size, true);
	else if (n % REWRITE_OVER == 0)
		write_over(text, size, false);
	else
		move_over(text, size);
}

static void rest(void)
{
	struct timespec time = {.tv_sec = (time_t)(rewrite.pause / 1000),
		.tv_nsec = (long)(rewrite.pause % 1000) * 1000000};

	nanosleep(&time, NULL);
}

static void usage(void)
{
	fprintf(stderr, "usage: rewrite [--count N] [--burst N] [--pause MS] FILE GOOD [BAD...]\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"count", required_argument, NULL, 'c'},
		{"burst", required_argument, NULL, 'b'},
		{"pause", required_argument, NULL, 'p'},
		{},
	};
	int option;

	rewrite.burst = 1;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		unsigned long *value = option == 'c'   ? &rewrite.count
				       : option == 'b' ? &rewrite.burst
				       : option == 'p' ? &rewrite.pause
						       : NULL;
		if (!value)
			usage();
		*value = strtoul(optarg, NULL, 10);
	}
	if (argc - optind < 2 || argc - optind > 2 + REWRITE_BAD || !rewrite.burst ||
		rewrite.count % 2)
		usage();
	rewrite.file = argv[optind];
	rewrite.good = read_template(argv[optind + 1]);
	for (int i = optind + 2; i < argc; i++)
		rewrite.bad[rewrite.bad_count++] = read_template(argv[i]);
	snprintf(rewrite.temporary, sizeof(rewrite.temporary), "%s.new", rewrite.file);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop};

	parse(argc, argv);
	sigaction(SIGTERM, &action, NULL);
	while (!stopped && (!rewrite.count || rewrite.changes < rewrite.count)) {
		change(!rewrite.bad_count || rewrite.changes % 2 == 1);
		if (rewrite.changes % rewrite.burst == 0)
			rest();
	}
	if (!rewrite.count)
		change(true);
	printf("changes=%lu bad=%lu last=%lu\n", rewrite.changes, rewrite.bads,
		number(rewrite.changes));
	return 0;
}
