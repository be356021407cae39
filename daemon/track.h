// SPDX-License-Identifier: GPL-2.0-or-later
/* What the virtual routers of the files track: interfaces, routes, scripts, processes, files, services. The list of it, what each is
 * now, and what that makes of a router.
 *
 *	track_list_want()	the files in force: what is tracked, by kind and key. An item that was there before keeps what is
 *				known of it; one that looks at the same in another way (another limit of time) begins with
 *				that; two routers that track the same share one
 *	track_item_set()	what it is: by who looks (track_route.h, track_script.h, track_process.h, track_file.h; of services
 *				route_facts.h; of interfaces the process of the virtual routers, by track_interface.h)
 *	track_list_sum()	what that is for one router: a weight, a fault
 *
 * An item of which nothing is known yet counts neither way: no weight, no fault. Pure. */
#pragma once

#include "base/heap.h"
#include "daemon/routing.h"
#include "model/config.h"

struct strbuf;

enum track_kind {
	TRACK_INTERFACE,
	TRACK_ROUTE,
	TRACK_SCRIPT,
	TRACK_PROCESS,
	TRACK_FILE,
	TRACK_SERVICE,
	TRACK_KIND_COUNT,
};

enum track_state {
	TRACK_STATE_UNKNOWN,
	TRACK_STATE_WELL,
	TRACK_STATE_UNWELL,
	TRACK_STATE_COUNT,
};

#define TRACK_WORDS_SIZE 96

struct track_route {
	struct config_prefix to;
	uint32_t table;
	uint64_t
		missed; /* since when it is not there, and still counts as well; CLOCK_BOOTTIME ns; 0: no such time */
};

struct track_script {
	const char **words; /* ended by NULL; in one piece of memory with the user, owned */
	const char *user;
	uint64_t interval, timeout; /* ns */
	uint32_t rise, fall;
	uint32_t streak;       /* results in a row that speak against the state */
	uint64_t number;       /* of the run; 0: none is under way */
	uint64_t began;        /* the last run, CLOCK_BOOTTIME ns */
	struct heap_entry due; /* the next run, or when this one is given up */
};

/* A process that was found. */
struct track_pid {
	pid_t pid;
};

struct track_process {
	const char *name; /* of the item; borrowed */
	uint32_t minimum;
	struct {
		VECTOR_OF(struct track_pid);
	} found; /* `minimum` at most */
};

struct track_file {
	const char *path; /* of the item; borrowed */
	int watch;        /* of inotify, on its directory; -1: none */
	uint64_t
		blank; /* since when it is there without a word in it, CLOCK_BOOTTIME ns; 0: it is not */
};

struct track_item {
	enum track_kind kind;
	char *key;      /* which one it is, among those of its kind */
	char *name;     /* for a person: "/usr/bin/x", "10.0.0.0/8 table 100" */
	size_t subject; /* so many bytes of the key say what is looked at, the rest how; 0: all of it */
	/* What it is. */
	enum track_state state;
	int64_t number; /* of a file */
	uint64_t since; /* it is so: CLOCK_BOOTTIME ns; 0: nothing was known ever */
	bool tried;     /* somebody looked, whatever came of it */
	bool untried;   /* the last time it could not be looked at: it is what it was */
	int amiss; /* of a file: the error for which it has no number, and counts as 0; 0: it has one */
	char words[TRACK_WORDS_SIZE]; /* "exit status 1"; "": nothing to say */
	union {
		struct track_route route;
		struct track_script script;
		struct track_process process;
		struct track_file file;
	};
};

struct track_place {
	struct track_item *item;
};

/* One of what a virtual router tracks. */
struct track_use {
	struct track_item *item;
	bool weighs; /* else it is a fault when it is not well */
	int32_t weight;
};

/* An item is another than before. */
struct track_change {
	const struct track_item *item;
	enum track_state before;
	int64_t number; /* before */
	uint64_t since; /* as it was before */
};

/* Starts zeroed. */
struct track_list {
	struct {
		VECTOR_OF(struct track_place);
	} items; /* by kind and key */
	struct {
		VECTOR_OF(struct track_use);
	} uses; /* of each virtual router, in the order of the files' */
	struct {
		VECTOR_OF(size_t);
	} first; /* of each of these, in `uses`; and one more for the end */
	size_t kinds[TRACK_KIND_COUNT +
		     1]; /* where each begins, in `items`; and where the last one ends */
	/* An item will be no more: whatever refers to it is to be let go. NULL: nobody asks. */
	void (*forget)(void *data, struct track_item *item);
	/* What an item is has changed. NULL: nobody asks. */
	void (*changed)(void *data, const struct track_change *change);
	void *data;
};

/* NULL: nothing is tracked. */
void track_list_want(struct track_list *list, const struct config *config);
void track_list_clear(struct track_list *list);

/* The places of those of a kind: from *first on, as many as it returns. */
size_t track_list_of(const struct track_list *list, enum track_kind kind, size_t *first);
/* NULL: it is not tracked. */
struct track_item *track_list_find(
	const struct track_list *list, enum track_kind kind, const char *key);
/* Somebody has looked at each, whatever came of it: but for interfaces, at which nobody looks before the plan is told. */
bool track_list_is_tried(const struct track_list *list);

/* What is known now; the words as of printf(3), cut to their size, and made of ASCII that can be shown. */
void track_item_set(struct track_list *list, struct track_item *item, enum track_state state,
	int64_t number, uint64_t now, const char *format, ...) _printf_(6, 7);
/* The same of a file without a number: it counts as 0, and as another than before where `amiss` is. */
void track_item_set_amiss(struct track_list *list, struct track_item *item, int amiss, uint64_t now,
	const char *words);
/* It could not be looked at: it stays what it is, and the words say why. Told as a change when it begins. */
void track_item_miss(struct track_list *list, struct track_item *item, const char *format, ...)
	_printf_(3, 4);

/* What the use adds to the priority now, or whether it is a fault. */
int64_t track_use_weight(const struct track_use *use);
bool track_use_is_fault(const struct track_use *use);

/* Adds to `fact` what that virtual router tracks, its place in the files: but for interfaces, whose weights and faults its process
 * adds itself. So it is with the next. */
void track_list_sum(const struct track_list *list, size_t router, struct routing_fact *fact);
/* The first of its faults in words, "script /usr/bin/x, which it tracks: exit status 1", of no more than TRACK_FAULT_SIZE with the NUL;
 * NULL: it has none. The caller frees it. */
#define TRACK_FAULT_SIZE 128
char *track_list_fault(const struct track_list *list, size_t router);
/* What the process of the virtual routers says, "…something that it tracks is not well", with that fault of `router` in the place of
 * these words; NULL: it tells of none, or there is none now. The caller frees it. */
char *track_list_explain(const struct track_list *list, size_t router, const char *text);
/* What cannot be looked at, for want of something that a person must mend, in words; NULL: nothing. The caller frees it. */
char *track_list_trouble(const struct track_list *list);
/* As an array of JSON. `now`: CLOCK_BOOTTIME ns. */
void track_list_write(
	const struct track_list *list, size_t router, uint64_t now, struct strbuf *text);

const char *track_kind_name(enum track_kind kind);    /* "route" */
const char *track_state_name(enum track_state state); /* "unknown", "well", "unwell" */
