// SPDX-License-Identifier: GPL-2.0-or-later
/* The processes that virtual routers track: as many as `minimum` of a name must run. Looked at every second; those that were found
 * are looked at again, and only where they are too few is all of /proc gone through, in portions.
 *
 * A name is that of the program's file, as ps(1) and pgrep(1) show it: the kernel keeps 15 characters of it, so of a longer one
 * the command line must agree. What has ended and was not waited for (a zombie) does not run. */
#pragma once

#include "base/loop.h"
#include "daemon/track.h"

struct track_processes;

struct track_processes_options {
	struct loop *loop;
	struct track_list *list;    /* must outlive it */
	const char *proc;           /* "/proc" */
	void (*looked)(void *data); /* items were looked at */
	void *data;
};

/* -errno. */
int track_processes_new(
	const struct track_processes_options *options, struct track_processes **ret);
/* NULL is allowed; returns NULL. */
struct track_processes *track_processes_free(struct track_processes *processes);

/* The list is another: all in it is looked at before this returns, where /proc is small. */
void track_processes_want(struct track_processes *processes);

/* Whether a process with that name of the kernel's (comm) and that command line (its words, each with a NUL; NULL: not read) is
 * of the program `name`. Pure. */
bool track_process_is(const char *name, const char *comm, const char *line, size_t line_size);
/* The state of a process, as of proc(5): 'R', 'S', 'Z', … in the text of its file `stat`; 0: that says none. Pure. */
char track_process_state(const char *stat);
