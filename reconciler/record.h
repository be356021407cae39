// SPDX-License-Identifier: GPL-2.0-or-later
/* The record: what poise knows of this machine between two runs, in STATE-DIR/state.json.
 *
 * IPVS objects carry no owner's mark, so ownership lives here, with what is draining, what was
 * declared last (services and virtual routers, for the blast guard), from which paths, and which content was refused. Valid for
 * one boot and one network namespace: of another, only the refused revisions count, for the table
 * it spoke of is gone. Replaced atomically and synced; a record that cannot be read is an error
 * that says so, never an empty one. */
#pragma once

#include "base/error.h"
#include "model/declared.h"
#include "reconciler/memory.h"

/* A declared service as the blast guard needs it. */
struct record_service {
	struct service_key key; /* first: service_compare() works on it */
	char *name;
	struct {
		VECTOR_OF(struct destination_key);
	} destinations; /* sorted */
};

/* A declared virtual router, likewise. */
struct record_router {
	char *name; /* first: record_router_compare() works on it */
	char *interface;
	uint32_t vrid;
	struct record_addresses {
		VECTOR_OF(struct address);
	} addresses; /* sorted, each once */
};

/* Room for a boot's identity. */
#define RECORD_BOOT_SIZE 40

/* What is ours in a backend that is left for another (move.h). */
struct record_left {
	char *backend; /* NULL: there is none */
	struct memory memory;
	bool fresh; /* only here, since the record was read: on disk nobody has moved */
};

struct record {
	char boot[RECORD_BOOT_SIZE];        /* /proc/sys/kernel/random/boot_id */
	uint64_t netns_device, netns_inode; /* of /proc/self/ns/net */
	uint64_t
		netns_cookie; /* SO_NETNS_COOKIE, which is never used again; 0 where there is none */
	char *backend; /* that the memory speaks of, or was of before a reboot; NULL: none was asked yet */
	struct memory memory;
	struct record_left left;
	struct {
		VECTOR_OF(struct record_service);
	} declared; /* sorted, without fallbacks; empty before the first apply. Also what `prune: none` kept, without
		       destinations */
	struct record_routers {
		VECTOR_OF(struct record_router);
	} routers; /* sorted by name; empty also where the record is older than they are in it */
	struct {
		VECTOR_OF(char *);
	} paths;              /* as normalised by record_set_paths() */
	char *revision;       /* content hash of what was applied last; NULL: none */
	char *refused;        /* revision that was rolled back; NULL: none */
	char *refused_beside; /* one that poised found in the files then, and holds likewise; or NULL */
	char *saved; /* the text of the file that says just this; NULL: there may be none */
};

/* The record of `directory` for this boot and namespace, into an empty `ret`: a missing file, or one of
 * another boot or of a namespace that is gone, gives a fresh record (with the backend, and what is refused, carried over).
 * -EINVAL when it is damaged, -EXDEV when it is of another namespace that lives: `error` names the file
 * and what to do. */
int record_load(const char *directory, struct record *ret, struct error *error);

/* Which boot this is. -errno with words. */
int record_boot(char ret[static RECORD_BOOT_SIZE], struct error *error);

/* A record of this boot and namespace that knows nothing. */
int record_fresh(struct record *ret, struct error *error);

/* The backend in which something is ours; NULL: nothing is, anywhere. */
const char *record_bound(const struct record *record);

/* Where a record is of. */
enum record_place {
	RECORD_PLACE_HERE,  /* this boot and namespace */
	RECORD_PLACE_GONE,  /* another boot, or a namespace of this boot that is no more */
	RECORD_PLACE_ALIVE, /* another namespace, which somebody uses */
};
enum record_place record_place(const struct record *here, const struct record *found);

/* The canonical text that was applied last without waiting for a confirmation, or was confirmed, kept in
 * DIRECTORY/confirmed.yaml: what counts after a reboot when a later one was never confirmed. */
int record_save_confirmed(const char *directory, const char *canonical, struct error *error);
#define RECORD_CONFIRMED_FILE "confirmed.yaml"

/* The same under a lock, when the file may be another by now; one that is not is not read again. */
int record_reload(const char *directory, struct record *record, struct error *error);

/* Makes the directory (0755) if need be, replaces the file (0600), synced, unless record->saved
 * says the same. -ENOSPC, -EROFS, … with words; the old file is then untouched, and the caller says what
 * else was changed or not. */
int record_save(const char *directory, struct record *record, struct error *error);

/* Removes what a process that was killed while it wrote these two has left. For who holds the lock, and so is the only one
 * that writes them. */
void record_remove_leftovers(const char *directory);

/* From and to the text of the file (record_json.c shows it), without I/O (fuzzed). The caller frees the
 * text. */
int record_parse(const char *text, size_t size, struct record *ret, struct error *error);
char *record_format(const struct record *record);

/* Why content must not be put in force. */
enum record_refusal {
	RECORD_REFUSAL_NONE,
	RECORD_REFUSAL_UNDONE, /* it was rolled back */
	RECORD_REFUSAL_BESIDE, /* it was found when another was, and is not what was gone back to */
};
enum record_refusal record_refuses(const struct record *record, const char *revision);

/* Makes `declared` of the record what is declared now, and what `prune: none` keeps: those of before that are owned. */
void record_set_declared(struct record *record, const struct declared *declared);

/* Order of names. */
int record_router_compare(const void *a, const void *b);

/* Paths made absolute against the current directory, "-" as it is, sorted. */
void record_set_paths(struct record *record, const char *const *paths, size_t count);
bool record_paths_equal(const struct record *record, const char *const *paths, size_t count);

/* Nothing is left in another backend any more. */
void record_clear_left(struct record *record);

/* `saved` stays with the original. */
void record_copy(struct record *to, const struct record *from);
void record_clear(struct record *record);

#define _cleanup_record_ _cleanup_(record_clear)

/* The revision of a declared state: SHA-256 of its canonical YAML, as 64 hexadecimal digits. */
#define REVISION_SIZE 65
void record_revision(const char *canonical, char ret[static REVISION_SIZE]);
