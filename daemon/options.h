// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of poised, in and out: read from the user's words, and written down again for the processes of the
 * tree. */
#pragma once

#include "base/directories.h"
#include "base/strbuf.h"
#include "daemon/poised.h"

/* The parsed words. Starts zeroed; `view` borrows from the rest and from the words. */
struct options {
	struct poised_options view;
	bool help, version;
	struct directories directories;
	char **paths; /* absolute, then NULL */
	size_t path_count;
	char *netns; /* where view.netns is a path that was relative; or NULL */
};

/* argv as main() has it. Paths and folders come out absolute, because the supervisor leaves the directory that it was
 * started in. -errno with words for the user; the caller clears `ret` in any case. */
int options_parse(int argc, char **argv, struct options *ret, struct error *error);

void options_clear(struct options *options);
#define _cleanup_options_ _cleanup_(options_clear)

void options_format_help(struct strbuf *text);

/* The words that start a process of the tree with these options: argv[0] first, NULL last. What depended on the
 * user's surroundings (current directory, names of namespaces) is in them as it was found. */
char **options_words(const struct poised_options *options);
void options_words_free(char **words);
