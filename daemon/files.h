// SPDX-License-Identifier: GPL-2.0-or-later
/* One reading of the desired files: what it declares, or why it is no good.
 *
 * The engine keeps the reading that is in force, and beside it one that was rejected or is held back. */
#pragma once

#include "model/declared.h"
#include "reconciler/record.h"
#include "reconciler/sources.h"

struct files {
	struct sources sources; /* names and bytes, as they were read */
	struct config config;
	struct declared declared; /* borrows from config */
	char revision
		[REVISION_SIZE]; /* of the canonical form; "" until files_revision() is asked */
	char *canonical;         /* made for the revision, until it is taken; or NULL */
	char *commit;   /* the commit or version that a link on the way of a path names; or NULL */
	char *problems; /* why it is no good, as `poise validate` says it; NULL: it is good */
	char *warnings; /* of a good one; or NULL */
	uint64_t read_at; /* seconds since the epoch */
	bool last_good;   /* came from the state directory, not from the paths */
};

/* Reads what is under `paths` into a new reading. Never fails: what is wrong is in ->problems. `trees` are those of the reading
 * before, and then of this one: they make it cheap. The caller ends it with files_free(). */
struct files *files_read(const char *const *paths, size_t count, struct load_trees *trees);

/* Whether both readings saw the same names and bytes (or the same failure to read). */
bool files_same(const struct files *a, const struct files *b);

/* A state that is kept in a file of the state directory. Takes `text` over; NULL when it is no good. */
struct files *files_of_canonical(const char *path, char *text, size_t size);

/* The last good state of STATE-DIR (confirmed.yaml); NULL when there is none. */
struct files *files_read_last_good(const char *state_dir);

/* Its canonical text: what files_revision() left, or made anew; the caller frees it. */
char *files_canonical(struct files *files);
/* Its revision, made when first asked; the text that it is of waits in ->canonical. */
const char *files_revision(struct files *files);

/* The name of a commit (40 or 64 hexadecimal digits) or of a ..data version in a symlink on the way of one of the
 * paths; NULL when there is none. The caller frees it. */
char *files_commit(const char *const *paths, size_t count);

/* NULL is allowed; returns NULL. */
struct files *files_free(struct files *files);
