// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual routers of this machine, at work: what the files declare, carried out.
 *
 *	node_set()	the whole list, again and again: what is the same is not touched
 *	node_start()	the table is filled: those that waited for it begin
 *	node_stop()	in order: resignations, and all that is ours in the kernel goes
 *
 * It stands between the list of the state machines (keeper.h) and what they are carried out with: dispatcher.h hears,
 * address.h and macvlan.h keep what is in the kernel, announce.h tells the link, lease.h remembers for who comes after us. It
 * needs nobody else to take over: the table stands ready, and what its owner learns he learns afterwards.
 *
 * A mapping of the file that has addresses of both families is a router of each, which move together. Times are
 * CLOCK_BOOTTIME, in nanoseconds. */
#pragma once

#include "base/error.h"
#include "model/config.h"
#include "vrrp/address.h"
#include "vrrp/announce.h"
#include "vrrp/dispatcher.h"
#include "vrrp/keeper.h"

struct loop;
struct node;

/* What is known elsewhere of what a mapping tracks, and of its services. Zeroed: all is well. */
struct node_facts {
	bool fault;     /* something without a weight is not well */
	int32_t weight; /* of all that has one, added to the priority */
	bool waits;     /* addresses wait for node_serve(), or for `standby-wait` */
};

/* What is known of a router before it begins. */
struct node_hint {
	struct keeper_key key;
	enum vrrp_checksum checksum; /* the form of the peer that was heard last */
};

#define NODE_WHY_SIZE 192

/* A trouble of one to which node_tell() told of a fault: who told it knows more. Words that tell of one end with it, and the view says
 * whose it is. */
#define NODE_TROUBLE_TOLD "something that it tracks is not well"

/* The trouble of one that only waits for its turn. */
#define NODE_TROUBLE_WAITS "it waits for the first reconcile"

/* That of one whose macvlan was asked for a moment ago. */
#define NODE_TROUBLE_MADE "its virtual MAC is being made"

/* Why one is no more: by interface, VRID and family, it was one of the list before. */
#define NODE_LEFT_THE_FILES  "the files do not have it any more"
#define NODE_LEFT_ITS_KEY    "the files give it another VRID or interface"
#define NODE_LEFT_ITS_FAMILY "the files give it no address of this family any more"

/* One virtual router, for who looks at it. Pointers are borrowed while the loop does not run. */
struct node_view {
	const char *name; /* of the mapping */
	size_t mapping;   /* its place in config->routers of the list in force */
	const struct keeper_key *key;
	const struct vrrp_router *router; /* state, since, priority, timer, who was heard */
	enum vrrp_state from;             /* before the last change of state */
	const char *why;           /* the last change of state: "no advertisement for 3.61 s" */
	const char *trouble;       /* in its way now; NULL: nothing */
	char words[NODE_WHY_SIZE]; /* where it may lie */
	size_t why_of,
		trouble_of; /* places in config->routers: who has what these tell of, itself or one of its group; SIZE_MAX: not known */
	uint64_t transitions; /* changes of state since it was set */
	struct vrrp_packet_view {
		struct address source; /* AF_UNSPEC: nobody was heard */
		uint8_t priority;
		enum vrrp_checksum checksum;
		uint64_t at;
	} peer;                      /* the last one that was heard, whatever the state */
	enum vrrp_checksum checksum; /* the form that is sent; AUTO where there is but one */
	bool mixed;                  /* several of them send both forms */
	uint64_t sent, unsent;       /* advertisements; those that could not be sent */
	const struct hearing_counters *counters;
	size_t addresses, present; /* virtual addresses; those that are there */
	bool waits;                /* it is active, and its addresses wait for its services */
};

struct node_options {
	struct loop *loop;
	int lease; /* a descriptor of lease_create(), which stays the caller's; -1: no lease */
	const char *sysctls; /* a path, as vrrp_sysctls_new() takes it; NULL: not kept */
	/* Others may keep routers here: of what carries the mark nothing is touched before node_own() or node_sweep(). */
	bool guest;
	/* In the process that speaks with the kernel, as hand.h says; NULL: nothing. */
	int (*enter_hand)(void *data);
	/* All of these must not call the node. */
	/* In order; of those of the list in force: that one which is in no list any more has stopped goes without saying. */
	void (*moved)(void *data, const struct node_view *view);
	void (*stopped)(void *data); /* after node_stop() */
	void (*swept)(void *data);   /* after node_sweep(); NULL: nobody waits for it */
	void *data;
};

/* Wants CAP_NET_RAW and CAP_NET_ADMIN. -errno with words. */
int node_new(const struct node_options *options, struct node **ret, struct error *error);
/* Without an order: what is in the kernel stays there, and the lease tells of it. NULL is allowed; returns NULL. */
struct node *node_free(struct node *node);

/* A guest is one no more: with the next list, what carries the mark and is not wanted goes. Who is one has nothing to stop. */
void node_own(struct node *node);
/* The same for once: what is there by then goes, and it is a guest again. */
void node_sweep(struct node *node);

/* What is to be, beside the file. All is copied. */
struct node_plan {
	const struct node_facts *facts; /* of each of config->routers; NULL: all is well */
	const struct node_hint *hints;  /* by key; looked at for routers that are new */
	size_t hint_count;
};

/* From now on there are these: config->routers. Takes the contents of `config`, which is empty afterwards. Carried out when the
 * interfaces are known: after a moment, the first time. */
void node_set(struct node *node, struct config *config, const struct node_plan *plan);
/* The first reconcile and the first verdicts are in. Without it a router begins after its `start-timeout`; one whose lease
 * holds begins when it is set. */
void node_start(struct node *node);
/* Of config->routers[index] of the last list. Nothing happens for one that is not there. */
void node_tell(struct node *node, size_t index, const struct node_facts *facts);
/* The services of that mapping are there: its addresses need not wait any longer. Nothing happens where they do not wait. */
void node_serve(struct node *node, size_t index);
/* Somebody has looked at the peers: that one of them might be active too, though nothing is heard of it, is forgotten. What is heard
 * again is told again. */
void node_forget_supposed(struct node *node);
/* `stopped` follows, when all is gone; never from here. */
void node_stop(struct node *node);

/* The level of the log is another, perhaps: at debug it is told of VRIDs that nobody here has. */
void node_heed_log(struct node *node);

/* In order of their keys. */
size_t node_count(const struct node *node);
void node_look(const struct node *node, size_t index, struct node_view *ret);

/* What an interface is. */
enum node_carrier {
	NODE_CARRIER_ABSENT,
	NODE_CARRIER_DOWN, /* as its administrator wants it */
	NODE_CARRIER_NONE, /* up, without a carrier */
	NODE_CARRIER_RUNS,
	NODE_CARRIER_COUNT,
};

/* The interfaces that routers of the list track, by name, each once. */
struct node_tracked {
	const char *interface; /* borrowed until the next list is in force */
	enum node_carrier carrier;
};
size_t node_tracked_count(const struct node *node);
struct node_tracked node_look_at_tracked(const struct node *node, size_t index);

/* Of all sockets, of the kernel, of the link. */
struct node_counters {
	struct vrrp_addresses_counters addresses;
	struct announce_counters announced;
	uint64_t read, dropped, full, unknown; /* datagrams; see dispatcher_counters */
	uint64_t refused; /* packets to addresses with `accept: false`, since this process began */
	uint64_t thawed;
	uint64_t
		late_ns; /* the latest that the state machines' timer came since this was asked last */
};
struct node_counters node_counters(struct node *node);
