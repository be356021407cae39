// SPDX-License-Identifier: GPL-2.0-or-later
/* The log of poised: one wrapper for the journal, syslog and standard error.
 *
 * An error is logged once, where it is handled, with its object and its words. A file that logs says
 * LOG_MODULE("watch") once at its head and then log_info("…"); the level of each module can be changed while the
 * process runs. What one place of the source says over and over is cut off after a burst, and what was cut off is counted
 * and told. Fields (OBJECT=…) go to the journal as fields, and behind the text elsewhere where they say more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Values as in syslog(3). */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

enum log_target {
	LOG_TARGET_AUTO, /* the journal when standard error is connected to it (JOURNAL_STREAM), else standard error */
	LOG_TARGET_STDERR, /* with "<6>" before each line when a service manager reads it, a time otherwise */
	LOG_TARGET_JOURNAL, /* fields PRIORITY, SYSLOG_IDENTIFIER, POISE_MODULE, POISE_OBJECT, CODE_… */
	LOG_TARGET_SYSLOG,
	LOG_TARGET_COUNT,
};

/* A module is named once for each file that logs; files may share a name, and then a level. */
struct log_module {
	const char *name;
	int level; /* enum log_level; 0: the common one */
	struct log_module *next;
};

/* What is limited together: one place of the source, or what its owner says. Zeroed at first, but for what its owner sets. */
struct log_site {
	uint64_t window; /* CLOCK_MONOTONIC ns of its beginning */
	unsigned int said, kept_back;
	unsigned int burst; /* of the owner; 0: LOG_BURST */
	const char *
		name; /* of the owner: what is kept back is called so; NULL: as the source has it. Borrowed */
	/* It is static: it may stand in a list while it keeps messages back, so that it need not say more to have that told. */
	bool lasting;
	const struct log_module *module; /* of the first that was kept back, with the rest below */
	enum log_level level;
	const char *format, *file;
	int line;
	bool listed;
	struct log_site *next;
};

void log_module_register_(struct log_module *module);

#define LOG_MODULE(module_name)                                                                    \
	static struct log_module log_module_ = {.name = (module_name)};                            \
	__attribute__((constructor)) static void log_register_(void)                               \
	{                                                                                          \
		log_module_register_(&log_module_);                                                \
	}                                                                                          \
	_unused_ static struct log_module *const log_module_here_ = &log_module_

/* How many messages of one site are let through in LOG_WINDOW_NS. */
#define LOG_BURST     20
#define LOG_WINDOW_NS 10000000000ull

/* Where to, from which level on, and what this process is called ("poised", "poised-reconciler"). Before it:
 * standard error, from INFO on. May be called again. -errno when the target is not there (standard error is used
 * then). */
int log_open(const char *identifier, enum log_target target, enum log_level level);

/* The level of the modules of that name; NULL: the common one, and all modules follow it again. -ENOENT. */
int log_set_level(const char *module, enum log_level level);
/* Called after each log_set_level(); for who has to tell others. NULL: nobody. */
void log_on_level(
	void (*changed)(void *data, const char *module, enum log_level level), void *data);
enum log_level log_level_of(const char *module); /* NULL: the common one */
/* Calls `each` once for every module name. */
void log_modules(void (*each)(void *data, const char *name, enum log_level level), void *data);

const char *log_level_name(
	enum log_level level);             /* "error", "warning", "notice", "info", "debug" */
int log_level_from_name(const char *name); /* -EINVAL */
const char *log_target_name(enum log_target target);
int log_target_from_name(const char *name);

/* Tells what lasting sites kept back in windows that are over; others tell it with their next message. To be called now and then.
 * What those of one name kept back is one message. O(sites that keep something back × names). */
void log_tell_kept_back(void);

/* Messages since the start, by level: for the metrics. */
uint64_t log_count(enum log_level level);

bool log_wants_(const struct log_module *module, enum log_level level);
void log_write_(const struct log_module *module, struct log_site *site, enum log_level level,
	const char *file, int line, const char *object, const char *format, ...) _printf_(7, 8);

/* `object`: what the message is about ("service tcp://10.0.0.1:80"), or NULL. Its arguments are not evaluated when
 * nobody wants the message. */
#define log_at(level, object, ...)                                                                 \
	do {                                                                                       \
		static struct log_site log_site_ = {.lasting = true};                              \
		if (log_wants_(&log_module_, (level)))                                             \
			log_write_(&log_module_, &log_site_, (level), __FILE__, __LINE__,          \
				(object), __VA_ARGS__);                                            \
	} while (0)

/* For what a thousand objects may say at once, each of them rarely: the limit is that of `site`, which belongs to the object. */
#define log_at_site(site, level, object, ...)                                                      \
	do {                                                                                       \
		if (log_wants_(&log_module_, (level)))                                             \
			log_write_(&log_module_, (site), (level), __FILE__, __LINE__, (object),    \
				__VA_ARGS__);                                                      \
	} while (0)

#define log_error(...)                  log_at(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)
#define log_warning(...)                log_at(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_notice(...)                 log_at(LOG_LEVEL_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)                   log_at(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)                  log_at(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)
#define log_object_error(object, ...)   log_at(LOG_LEVEL_ERROR, (object), __VA_ARGS__)
#define log_object_warning(object, ...) log_at(LOG_LEVEL_WARNING, (object), __VA_ARGS__)
#define log_object_notice(object, ...)  log_at(LOG_LEVEL_NOTICE, (object), __VA_ARGS__)
#define log_object_info(object, ...)    log_at(LOG_LEVEL_INFO, (object), __VA_ARGS__)
