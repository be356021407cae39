// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a desired state: from path arguments to bytes.
 *
 * A path is a file, a directory, or "-" (standard input, once). Of a directory: poise.yaml in it if
 * it is there, then conf.d/ of it (files *.yaml in lexical order) if that is there; a directory that
 * has neither gives its own *.yaml files in lexical order. Hidden files and editors' backups are no
 * *.yaml. A missing path, a directory without any file, or an unreadable file is an error, never an
 * empty state. What looks as if it were meant to be read, and is not, is a warning. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "model/load.h"

/* Owns its texts and names. */
struct sources {
	VECTOR_OF(struct document);
	struct strbuf warnings; /* a line for each file that is not read though it lies there */
	size_t size;            /* of the texts */
	bool regular; /* set before: who comes back to read them again takes no pipe, and never waits for one */
};

#define SOURCES_DEFAULT_PATH "/etc/poise"
/* More bytes than this, of all files together, are refused (-EFBIG). */
#define SOURCES_LIMIT (256u << 20)

/* Reads all of them into an empty `ret` (cleared by the caller). Without paths:
 * SOURCES_DEFAULT_PATH. All failures are reported, not only the first: `problems` gets one line
 * each ("/etc/poise: No such file or directory: …what to do"). -errno of the first on failure. */
int sources_read(
	const char *const *paths, size_t count, struct sources *ret, struct strbuf *problems);

/* Whether a file of this name is read where a directory's *.yaml are: not the hidden files and backups that editors
 * leave. */
bool sources_takes(const char *name);
/* Whether it is one of those, or one that is warned of because it looks so much like it ("web.yml"). */
bool sources_minds(const char *name);

void sources_clear(struct sources *sources);

#define _cleanup_sources_ _cleanup_(sources_clear)
