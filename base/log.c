// SPDX-License-Identifier: GPL-2.0-or-later
/* The log: one line for one message, to whom the service manager or the user says.
 *
 *	log_info("…")	   is it wanted (level of the module)?    no: nothing is evaluated
 *	log_write_()	   has this place said too much lately?   yes: counted
 *	                   format, escape, hand to the target
 *
 * Three things hold whatever comes:
 *
 * - A message is one line of printable text. Names, paths and errors from outside stand in messages, and must not
 *   write lines of their own into the log, or commands to the terminal that shows it.
 * - The log never waits. Whoever reads it may be stopped or slow, and no loop of poised stands still for that: what
 *   is not taken at once is lost, and how much was lost is told when it works again. That is why the journal and
 *   syslog get their datagrams from here and not from libraries, whose calls block. The journal's protocol is
 *   documented as stable (systemd.io/JOURNAL_NATIVE_PROTOCOL); without line breaks in values it is "NAME=value" lines.
 * - It allocates nothing, and opens nothing after log_open(), so that it works in a sandbox and when memory is short.
 *
 * Modules put themselves into a list before main(), in constructors that run in any order: that list and the state
 * are plain static memory. One thread of a process logs. */
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>

#include "base/memory.h"
#include "base/timespec.h"
#include "base/utf8.h"

#define LOG_TEXT_LIMIT       2048
#define LOG_OBJECT_LIMIT     256
#define LOG_IDENTIFIER_LIMIT 32
/* A line that is no longer than a page never blocks on a pipe that poll(2) calls writable. */
#define LOG_LINE_LIMIT 4096
#define LOG_MORE       "…"

#define LOG_JOURNAL_PATH    "/run/systemd/journal/socket"
#define LOG_SYSLOG_PATH     "/dev/log"
#define LOG_SYSLOG_FACILITY (3 << 3) /* daemon */
#define LOG_LEVEL_LIMIT     (LOG_LEVEL_DEBUG + 1)

/* One message, ready to be shown. */
struct log_line {
	enum log_level level;
	const char *module, *file;
	int number;
	char object[LOG_OBJECT_LIMIT]; /* empty: none */
	char text[LOG_TEXT_LIMIT];
};

static struct {
	char identifier[LOG_IDENTIFIER_LIMIT];
	enum log_target target; /* never AUTO */
	int fd;                 /* of journal or syslog; -1 */
	bool managed;           /* standard error goes to a service manager's log */
	enum log_level level;
	uint64_t counts[LOG_LEVEL_LIMIT];
	uint64_t lost;
	struct log_site
		*kept_back; /* those that keep messages back, and some that told it meanwhile */
	struct log_module *modules; /* by name */
	void (*changed)(void *data, const char *module, enum log_level level);
	void *changed_data;
} log_state = {
	.identifier = "poise", .target = LOG_TARGET_STDERR, .fd = -1, .level = LOG_LEVEL_INFO};

static const char *const log_level_names[LOG_LEVEL_LIMIT] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const char *const log_target_names[LOG_TARGET_COUNT] = {
	[LOG_TARGET_AUTO] = "auto",
	[LOG_TARGET_STDERR] = "stderr",
	[LOG_TARGET_JOURNAL] = "journal",
	[LOG_TARGET_SYSLOG] = "syslog",
};

static int log_name_find(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
	return log_level_names[level];
}

int log_level_from_name(const char *name)
{
	return log_name_find(log_level_names, LOG_LEVEL_LIMIT, name);
}

const char *log_target_name(enum log_target target)
{
	return log_target_names[target];
}

int log_target_from_name(const char *name)
{
	return log_name_find(log_target_names, LOG_TARGET_COUNT, name);
}

/* Modules. */

void log_module_register_(struct log_module *module)
{
	struct log_module **at = &log_state.modules;

	while (*at && strcmp((*at)->name, module->name) < 0)
		at = &(*at)->next;
	module->next = *at;
	*at = module;
}

static enum log_level log_module_level(const struct log_module *module)
{
	return module->level ? (enum log_level)module->level : log_state.level;
}

int log_set_level(const char *module, enum log_level level)
{
	bool found = !module;

	if (!module)
		log_state.level = level;
	for (struct log_module *at = log_state.modules; at; at = at->next) {
		if (!module) {
			at->level = 0;
		} else if (strcmp(at->name, module) == 0) {
			at->level = (int)level;
			found = true;
		}
	}
	if (found && log_state.changed)
		log_state.changed(log_state.changed_data, module, level);
	return found ? 0 : -ENOENT;
}

void log_on_level(void (*changed)(void *data, const char *module, enum log_level level), void *data)
{
	log_state.changed = changed;
	log_state.changed_data = data;
}

enum log_level log_level_of(const char *module)
{
	for (struct log_module *at = log_state.modules; module && at; at = at->next) {
		if (strcmp(at->name, module) == 0)
			return log_module_level(at);
	}
	return log_state.level;
}

void log_modules(void (*each)(void *data, const char *name, enum log_level level), void *data)
{
	const struct log_module *last = NULL;

	for (struct log_module *at = log_state.modules; at; last = at, at = at->next) {
		if (!last || strcmp(last->name, at->name) != 0)
			each(data, at->name, log_module_level(at));
	}
}

bool log_wants_(const struct log_module *module, enum log_level level)
{
	return level <= log_module_level(module);
}

uint64_t log_count(enum log_level level)
{
	return log_state.counts[level];
}

/* Text that shows what it holds, and does nothing else. */

static size_t log_printable(const char *text, const char *end)
{
	size_t length = utf8_length(text, end);

	return length && utf8_is_printable(utf8_decode(text, length)) ? length : 0;
}

static void log_escape(char *to, size_t size, const char *text, bool more)
{
	const char *end = text + strlen(text);
	size_t used = 0, room = size - sizeof(LOG_MORE);

	while (text < end) {
		size_t length = log_printable(text, end);
		size_t wanted = length ? length : sizeof("\\xHH") - 1;
		if (used + wanted > room) {
			more = true;
			break;
		}
		if (length)
			memcpy(to + used, text, length);
		else
			snprintf(to + used, wanted + 1, "\\x%02x", (unsigned char)*text);
		used += wanted;
		text += length ? length : 1;
	}
	memcpy(to + used, more ? LOG_MORE : "", more ? sizeof(LOG_MORE) : 1);
}

/* Where a line goes. Each returns whether it was taken. */

static bool log_is_of_name(char c)
{
	return c == '-' || c == '_' || isalnum((unsigned char)c);
}

/* As words of their own: a virtual router named "e" is not named by every text with that letter. */
static bool log_names(const char *text, const char *object)
{
	size_t length = strlen(object);

	for (const char *place = text; (place = strstr(place, object)); place++)
		if ((place == text || !log_is_of_name(place[-1])) && !log_is_of_name(place[length]))
			return true;
	return false;
}

/* The object, where the text does not name it already. */
static bool log_says_more(const struct log_line *line)
{
	return *line->object && !log_names(line->text, line->object);
}

static int log_tail(char *to, size_t size, const struct log_line *line)
{
	bool more = log_says_more(line);

	return snprintf(to, size, "%s: %s%s%s%s", line->module, line->text, more ? " [" : "",
		more ? line->object : "", more ? "]" : "");
}

static size_t log_head(char *to, size_t size, const struct log_line *line)
{
	struct timespec now;
	struct tm local;

	if (log_state.managed)
		return (size_t)snprintf(to, size, "<%d>", (int)line->level);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	return (size_t)snprintf(to, size, "%02d:%02d:%02d.%03d %s ", local.tm_hour, local.tm_min,
		local.tm_sec, (int)(now.tv_nsec / 1000000), log_level_names[line->level]);
}

static bool log_to_stderr(const struct log_line *line)
{
	char text[LOG_LINE_LIMIT];
	size_t head = log_head(text, sizeof(text), line);
	int tail = log_tail(text + head, sizeof(text) - head - 1, line);
	size_t size = head + MIN((size_t)tail, sizeof(text) - head - 2);
	struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};

	text[size++] = '\n';
	if (poll(&reader, 1, 0) != 1 || reader.revents != POLLOUT)
		return false;
	return write(STDERR_FILENO, text, size) == (ssize_t)size;
}

/* The address each time: a log daemon that was started again has the same name, not the same socket. */
static bool log_send(const char *path, const char *datagram, int size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return sendto(log_state.fd, datagram, MIN((size_t)size, (size_t)LOG_LINE_LIMIT - 1),
		       MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address,
		       sizeof(address)) >= 0;
}

static bool log_to_journal(const struct log_line *line)
{
	char datagram[LOG_LINE_LIMIT];
	int size = snprintf(datagram, sizeof(datagram),
		"PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nPOISE_MODULE=%s\nCODE_FILE=%s\nCODE_LINE=%d\n"
		"%s%s%sMESSAGE=%s\n",
		(int)line->level, log_state.identifier, line->module, line->file, line->number,
		*line->object ? "POISE_OBJECT=" : "", line->object, *line->object ? "\n" : "",
		line->text);

	return log_send(LOG_JOURNAL_PATH, datagram, size);
}

static bool log_to_syslog(const struct log_line *line)
{
	char datagram[LOG_LINE_LIMIT], when[sizeof("Jan  1 00:00:00")] = "",
				       text[LOG_LINE_LIMIT - 256];
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &local);
	log_tail(text, sizeof(text), line);
	int size = snprintf(datagram, sizeof(datagram), "<%d>%s %s[%d]: %s",
		LOG_SYSLOG_FACILITY | (int)line->level, when, log_state.identifier, (int)getpid(),
		text);
	return log_send(LOG_SYSLOG_PATH, datagram, size);
}

static bool (*const log_targets[LOG_TARGET_COUNT])(const struct log_line *line) = {
	[LOG_TARGET_STDERR] = log_to_stderr,
	[LOG_TARGET_JOURNAL] = log_to_journal,
	[LOG_TARGET_SYSLOG] = log_to_syslog,
};

/* A line about the log itself, with the rest as `like` has it. */
static bool log_tell(
	const struct log_line *like, uint64_t count, const char *singular, const char *plural)
{
	struct log_line line = *like;

	snprintf(line.text, sizeof(line.text), "%llu %s", (unsigned long long)count,
		count == 1 ? singular : plural);
	line.object[0] = '\0';
	return log_targets[log_state.target](&line);
}

static bool log_emit(const struct log_line *line)
{
	if (log_state.lost &&
		log_tell(line, log_state.lost, "message was lost: the log was not read",
			"messages were lost: the log was not read"))
		log_state.lost = 0;
	bool taken = log_targets[log_state.target](line);
	log_state.lost += !taken;
	return taken;
}

/* The first that is kept back says of what kind they are. */
static void log_keep_back(struct log_site *site, const struct log_module *module,
	const struct log_line *line, const char *format)
{
	if (site->kept_back++)
		return;
	site->module = module;
	site->level = line->level;
	site->format = format;
	site->file = line->file;
	site->line = line->number;
	if (!site->lasting || site->listed)
		return;
	site->listed = true;
	site->next = log_state.kept_back;
	log_state.kept_back = site;
}

static void log_tell_site(struct log_site *site)
{
	struct log_line line = {
		.level = site->level,
		.module = site->module->name,
		.file = site->file,
		.number = site->line,
	};
	char text[LOG_TEXT_LIMIT];
	bool one = site->kept_back == 1;

	snprintf(text, sizeof(text), "%u message%s like \"%s\" %s kept back", site->kept_back,
		one ? "" : "s", site->name ? site->name : site->format, one ? "was" : "were");
	log_escape(line.text, sizeof(line.text), text, false);
	log_emit(&line);
	site->kept_back = 0;
}

/* Takes those whose window is over off the list; they are one of their own. */
static struct log_site *log_take_sites(uint64_t now)
{
	struct log_site **at = &log_state.kept_back, *taken = NULL;

	while (*at) {
		struct log_site *site = *at;

		if (site->kept_back && now - site->window < LOG_WINDOW_NS) {
			at = &site->next;
			continue;
		}
		*at = site->next;
		site->listed = false;
		site->next = taken;
		taken = site;
	}
	return taken;
}

/* Into the first: what others of its name kept back is no other news. */
static void log_sum_sites(struct log_site *first)
{
	for (struct log_site *site = first->next; first->name && site; site = site->next) {
		if (!site->name || strcmp(site->name, first->name) != 0 ||
			site->level != first->level || site->module != first->module)
			continue;
		first->kept_back += site->kept_back;
		site->kept_back = 0;
	}
}

void log_tell_kept_back(void)
{
	struct log_site *site = log_take_sites(timespec_now(CLOCK_MONOTONIC));

	for (; site; site = site->next) {
		if (!site->kept_back)
			continue;
		log_sum_sites(site);
		log_tell_site(site);
	}
}

/* Whether this place may speak; in *kept_back what it could not say in the window that ended. */
static bool log_admit(struct log_site *site, unsigned int *kept_back)
{
	uint64_t now = timespec_now(CLOCK_MONOTONIC);

	*kept_back = 0;
	if (now - site->window >= LOG_WINDOW_NS) {
		*kept_back = site->kept_back;
		site->window = now;
		site->said = site->kept_back = 0;
	}
	if (site->said >= (site->burst ? site->burst : LOG_BURST))
		return false;
	site->said++;
	return true;
}

static _printf_(3, 0) void log_say(
	struct log_line *line, const char *object, const char *format, va_list arguments)
{
	char text[LOG_TEXT_LIMIT];
	/* clang-tidy sees va_start() only in the first file that it is given. */
	int length = vsnprintf( // NOLINT(clang-analyzer-valist.Uninitialized)
		text, sizeof(text), format, arguments);

	log_escape(line->text, sizeof(line->text), text, length >= (int)sizeof(text));
	log_escape(line->object, sizeof(line->object), object ? object : "", false);
	log_emit(line);
}

void log_write_(const struct log_module *module, struct log_site *site, enum log_level level,
	const char *file, int line, const char *object, const char *format, ...)
{
	int error = errno;
	unsigned int kept_back;
	struct log_line out = {
		.level = level, .module = module->name, .file = file, .number = line};
	va_list arguments;

	log_state.counts[level]++;
	if (!log_admit(site, &kept_back)) {
		log_keep_back(site, module, &out, format);
		return;
	}
	va_start(arguments, format);
	log_say(&out, object, format, arguments);
	va_end(arguments);
	if (kept_back)
		log_tell(&out, kept_back, "message like this was kept back",
			"messages like this were kept back");
	errno = error; /* who logs may still be asked for it */
}

/* Opening. */

/* "DEVICE:INODE" of what the service manager has connected to the journal: only if that is standard error, and not
 * what a shell below it has put there. */
static bool log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* INVOCATION_ID says that a service manager started this or something above it; a socket as standard error is what
 * such a manager makes, where a shell makes files, terminals and pipes. */
static bool log_stderr_is_managed(void)
{
	struct stat status;

	if (isatty(STDERR_FILENO))
		return false;
	return log_stderr_is_journal() ||
	       (getenv("INVOCATION_ID") && fstat(STDERR_FILENO, &status) == 0 &&
		       S_ISSOCK(status.st_mode));
}

/* Connected only to see that somebody is there. */
static int log_open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	address.sun_family = AF_UNSPEC;
	(void)connect(fd, (const struct sockaddr *)&address, sizeof(address));
	return fd;
}

static int log_connect(enum log_target target)
{
	int fd = log_open_socket(target == LOG_TARGET_JOURNAL ? LOG_JOURNAL_PATH : LOG_SYSLOG_PATH);

	if (fd < 0)
		return fd;
	log_state.fd = fd;
	log_state.target = target;
	return 0;
}

int log_open(const char *identifier, enum log_target target, enum log_level level)
{
	if (log_state.fd >= 0)
		close(log_state.fd);
	log_state.fd = -1;
	snprintf(log_state.identifier, sizeof(log_state.identifier), "%s", identifier);
	log_state.level = level;
	log_state.target = LOG_TARGET_STDERR;
	log_state.managed = log_stderr_is_managed();
	tzset(); /* reads a file */
	if (target == LOG_TARGET_STDERR)
		return 0;
	if (target != LOG_TARGET_AUTO)
		return log_connect(target);
	/* Standard error reaches the journal too, without fields. */
	if (log_stderr_is_journal())
		log_connect(LOG_TARGET_JOURNAL);
	return 0;
}
