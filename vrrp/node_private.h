// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the node share, and nobody else sees:
 *
 *	node.c		its place in the loop, from its start to its end
 *	node_list.c	who is in it
 *	node_router.c	one router, as the files and its interface make it; node_objects.c what it wants in the kernel
 *	node_track.c	what it tracks
 *	node_act.c	what the state machine wants done; node_accept.c what is not accepted
 *	node_kernel.c	what the kernel tells
 *	node_hear.c	what others say
 *	node_complain.c	what is wrong though it runs
 *	node_view.c	what is shown, and why */
#pragma once

#include <sys/queue.h>

#include "base/log.h"
#include "vrrp/errand.h"
#include "vrrp/lease.h"
#include "vrrp/link.h"
#include "vrrp/local.h"
#include "vrrp/macvlan.h"
#include "vrrp/node.h"

/* In which packets say intervals. */
#define NODE_CENTISECOND_NS 10000000ull

/* A virtual address of a router: in the kernel, on the link, in the lease. */
struct node_address {
	struct vrrp_object object;
	struct announcement announcement;
	bool foreign; /* it was there before, and serves as well */
	uint32_t cell;
};

/* Of the lease; let go when the kernel has said that the address is gone. */
struct node_cell {
	uint32_t cell;
};

struct node_cells {
	VECTOR_OF(struct node_cell);
};

struct node_objects {
	VECTOR_OF(struct vrrp_object);
};

struct node_peers {
	VECTOR_OF(struct address);
};

#define NODE_NOWHERE SIZE_MAX

/* No word of a file begins with it. */
#define NODE_GROUP_OF_MAPPING '\x01'

/* Who is there, and what becomes of it. */
enum node_place {
	NODE_PLACE_SET,     /* in the list */
	NODE_PLACE_LEAVING, /* its addresses are on their way out */
	NODE_PLACE_BARE,    /* they are gone: its macvlan goes */
};

/* What is wrong with one that runs. */
enum node_complaint {
	NODE_COMPLAINT_NONE,
	NODE_COMPLAINT_RIVAL,    /* another one is active as well */
	NODE_COMPLAINT_DOUBLE,   /* likewise, from this machine's address */
	NODE_COMPLAINT_REJECTED, /* what a peer says is not accepted, all the time */
	NODE_COMPLAINT_DEFIED,   /* one was active when it took over, and perhaps is still */
	NODE_COMPLAINT_PLACE,    /* the interface of something is not there, or down */
	NODE_COMPLAINT_REFUSED,  /* the kernel does not take something, or it is taken away */
	NODE_COMPLAINT_STRAY,    /* a virtual address is there, and it is backup */
	NODE_COMPLAINT_MIXED,    /* peers send checksums of both forms */
};

/* Who was heard last with a form of the checksum. */
struct node_form {
	struct address source; /* AF_UNSPEC: nobody */
	uint64_t at, interval; /* ns */
};

/* Who was still active when this one took over, and may be for ever, without a word: keepalived says nothing any more once it hears
 * what it does not take. */
struct node_defied {
	struct address source;   /* AF_UNSPEC: nobody */
	enum vrrp_reject reject; /* NONE: it was heard, with other addresses than are declared */
};

struct node_router {
	struct heap_entry wait; /* the first member: of node.waits */
	struct node *node;
	uint64_t number; /* in the news of address.h and macvlan.h */
	enum node_place place;
	struct keeper_key key;
	const struct config_router *config; /* of node.config; NULL when it leaves */
	size_t mapping;                     /* likewise; NODE_NOWHERE: it is about to leave */
	char *name;
	char *object; /* "web VRID 51": whose a line of the log is */
	char *group; /* NULL: it moves alone; NODE_GROUP_OF_MAPPING and a name: with its other family */
	struct keeper_item *item; /* NULL: the keeper does not have it (yet) */
	bool begun;               /* it was started */
	struct vrrp_lease left;   /* by an earlier process */

	/* What it wants in the kernel while it is active, in this order; and the addresses of it, by vrrp_object_compare(). */
	struct node_objects objects;
	struct node_address *addresses;
	size_t address_count;
	uint64_t version;   /* of these; another with each other list */
	bool refuses;       /* what comes to its addresses: `accept: false` */
	bool wants_macvlan; /* it was asked for, and is made */
	uint64_t asked;     /* when */
	char lent
		[VRRP_SYSCTL_NAME_SIZE]; /* of its interface, so that their owner is heard; "": none */
	bool held;                       /* they are wanted now */
	bool busy;                       /* the kernel has not done all that it was asked for */
	bool announcing;
	bool elsewhere;            /* some object is on another interface, or it tracks one */
	struct node_cells retired; /* of addresses that are no longer wanted */
	uint32_t cell;             /* of the router */

	/* Hearing and speaking. */
	struct hearing_router hearing;
	struct vrrp_place listens;
	struct node_peers peers, expected; /* sorted */
	struct node_peers advertised;      /* in the order of the packet */
	struct vrrp_socket mute;           /* of its macvlan; fd -1: none */
	enum vrrp_checksum form;
	struct node_form forms[VRRP_CHECKSUM_RFC5798 + 1]; /* by checksum */
	struct address differing; /* who advertises other addresses; AF_UNSPEC: nobody */
	struct node_defied defied;
	uint64_t sent, unsent;
	int send_error, join_error, macvlan_error;
	struct vrrp_packet_view peer;

	struct hearing_series rival;    /* advertisements that it ignored while it was active */
	uint8_t rival_priority;         /* of the last one */
	uint64_t rival_interval;        /* likewise, ns */
	enum node_complaint complained; /* that the log was told of */

	struct node_facts facts;
	uint8_t shaped_priority; /* when it was shaped last */
	bool able;
	uint64_t restored;           /* its virtual MAC, by us; when, the last time */
	enum vrrp_state from, moved; /* the last change of state */
	char why[NODE_WHY_SIZE];
	size_t why_of; /* the mapping that has what it tells of; NODE_NOWHERE: it is another list's */
	uint64_t transitions;
	struct log_site moves; /* of its own: a thousand may move at once */
};

struct node_router_place {
	struct node_router *router;
};

struct node_router_places {
	VECTOR_OF(struct node_router_place);
};

/* What made the state machines move, for `why`. */
struct node_cause {
	const struct node_router *router;
	enum vrrp_event_type type;
	struct vrrp_advertisement advertisement;
};

/* A mapping's routers, one or two. */
struct node_mapping {
	struct node_router *routers[2];
};

struct vrrp_accept_watch;

/* Of all routers together; see accept.h. */
struct node_accept {
	struct vrrp_accept_watch *watch; /* NULL: nothing to hear of, or it cannot be heard, for */
	int deaf;
	struct loop_source *timer;
	struct vrrp_accept_list list; /* that was given last */
	bool given;                   /* some list was */
	bool stale;                   /* it is another, perhaps */
	size_t setting;               /* lists under way */
	bool counting;                /* likewise */
	bool doubt;                   /* others have changed the table */
	uint32_t port;                /* by which it is changed; 0: not known yet */
	int code;                     /* what came of it, the last time; with */
	char *words;                  /* NULL: it is carried out */
	uint64_t pause;
	uint64_t back_at,
		gap; /* when others had taken it away, and it was put back; how long to wait after */
	uint64_t refused; /* packets, as was told last */
};

/* A virtual MAC that is being put back. */
struct node_restore {
	struct node *node;
	uint64_t number; /* of the router, which may be gone by then */
	TAILQ_ENTRY(node_restore) all;
};

struct node_told_facts {
	struct node_facts facts;
};

struct node_tracked_list {
	VECTOR_OF(struct node_tracked);
};

struct node {
	struct node_options options;
	struct keeper *keeper;
	struct vrrp_netlink *netlink;
	struct vrrp_errands *errands;
	struct vrrp_links *links;
	struct vrrp_locals *locals;
	struct vrrp_addresses *addresses;
	struct vrrp_macvlans *macvlans;
	struct dispatcher *dispatcher;
	struct announce *announce;
	struct node_accept accept;
	struct lease *lease;
	struct lease_snapshot left;
	struct config config; /* in force */
	struct {
		VECTOR_OF(struct node_mapping);
	} mappings;                       /* of its routers, in its order */
	struct node_tracked_list tracked; /* the interfaces that these track, by name, each once */
	struct config coming;             /* set before the interfaces were known; and with it: */
	struct {
		VECTOR_OF(struct node_told_facts);
	} facts;
	struct {
		VECTOR_OF(struct node_hint);
	} hints;
	bool read, waiting; /* the interfaces are known; `coming` is to be set then */
	bool ready, settled, stopping, ending, told;
	bool guest, sweeping;               /* nothing may be settled; for once it may */
	struct node_router_places routers;  /* in the list, by key */
	struct node_router_places numbered; /* all of them, by number */
	uint64_t number, began;
	struct loop_source *timer, *starts, *wait, *retry, *work, *lapse;
	uint64_t due;
	bool deferred;
	bool changed; /* parameters or addresses of somebody are others: the keeper must be told */
	bool leaving; /* somebody may be gone now */
	bool altered; /* the MAC of some interface is another */
	bool moving;  /* addresses of the machine came or went: perhaps somebody's unicast source */
	bool strayed; /* an interface is another, on which some may have objects that are not of it */
	struct heap waits;
	struct node_cause cause;
	TAILQ_HEAD(, node_restore) restores;
	uint64_t thawed, late_ns;
	struct log_site unknown[HEARING_VRIDS]; /* of VRIDs that nobody here has */
};

/* node.c */
void node_set_timer(struct node *node); /* after whatever was told to the keeper */
void node_clear_cause(struct node *node);
void node_tell_router(struct node_router *router, const struct vrrp_event *event, uint64_t now);
void node_look_at(struct node_router *router); /* whether it can run */
/* Those whose `start-timeout` is over, or that may resume; all of them when the table is filled. */
void node_begin_due(struct node *node);

/* node_list.c */
struct node_router *node_by_number(const struct node *node, uint64_t number); /* NULL: gone */
void node_unnumber(struct node *node, const struct node_router *router);
/* The place of the first router of an interface; others follow it. */
size_t node_first_on(const struct node *node, const char *interface);
/* Those of whom `is` says so, for the log: "web VRID 51", "web VRID 51 and 3 others"; NULL: nobody. To be given to free(). */
char *node_whose(const struct node *node,
	bool (*is)(const struct node_router *router, const void *data), const void *data);
void node_tell_keeper(struct node *node); /* all of them, as they are */
/* All is wanted by now that is to stay of what an earlier process left. */
void node_settle(struct node *node);
void node_on_gone(void *owner, struct keeper_item *item);
void node_on_read(void *data);
void node_on_lapse(void *data);

/* node_kernel.c */
void node_again(struct node_router *router); /* its surroundings are others, perhaps */
void node_find_strayed(struct node *node);   /* of those that depend on other interfaces */
void node_find_sources(struct node *node);   /* of those that speak unicast */
void node_on_locals(void *data);
void node_restore_macs(struct node *node); /* of macvlans that somebody gave another */
void node_forget_restores(struct node *node);
void node_on_news(void *data, const struct vrrp_addresses_news *news);
void node_on_macvlan(void *data, uint64_t number, int ifindex);
void node_on_unheld(void *data, uint64_t whose, const char *name, const char *words);
void node_on_link(void *data, const struct vrrp_link *link, unsigned int changes);
void node_on_renamed(void *data, const char *before, const char *now);
bool node_is_virtual(void *data, int ifindex, const struct address *address);

/* node_hear.c */
void node_on_heard(void *owner, struct hearing_router *hearing, const struct vrrp_packet *packet,
	const struct vrrp_datagram *datagram);
void node_on_refused(void *owner, const struct dispatcher_refusal *refusal);
void node_on_failed(void *owner, const struct vrrp_place *place, int error);
void node_on_retry(void *data);

/* node_objects.c */
int node_router_home(const struct node_router *router); /* interface; 0: not there (yet) */
bool node_router_is_virtual(const struct node_router *router);
/* The first link-local address of the file; NULL: none. And the one instead. */
const struct config_virtual_address *node_router_first(const struct node_router *router);
struct address node_router_link_local(const struct node_router *router);
bool node_router_shape_objects(struct node_router *router); /* true: they are others */

/* node_router.c: what a router is, of the file and of the interfaces. */
struct node_router *node_router_new(struct node *node, const struct keeper_key *key);
void node_router_free(struct node_router *router);
/* The sysctl of its interface that it was lent, if any; it is taken again with the next shape. */
void node_router_restore(struct node_router *router);
void node_router_rename(struct node_router *router, const char *name);
/* All that follows from the configuration and the interfaces is made anew; true when the keeper must be told. */
bool node_router_shape(struct node_router *router);
struct vrrp_parameters node_router_parameters(const struct node_router *router);
/* It listens, or says why not. */
void node_router_join(struct node_router *router);
/* Whether it could run now. */
bool node_router_is_able(const struct node_router *router);
bool node_router_is_faulty(const struct node_router *router); /* by what it tracks */
/* The machine has the address that the file lets it speak from; of multicast: always. */
bool node_router_is_sourced(const struct node_router *router);
const struct vrrp_link *node_router_link(const struct node_router *router);
struct node_address *node_router_address(
	struct node_router *router, const struct vrrp_object *object);
void node_router_mac(const struct node_router *router, int ifindex, uint8_t mac[static 6]);

/* node_act.c: what is done. */
void node_act(void *owner, struct keeper_item *item, const struct vrrp_action *action);
bool node_is_allowed(void *data, const struct announcement *announcement, uint64_t now);
void node_hold(struct node_router *router);   /* its addresses, now */
void node_let_go(struct node_router *router); /* all of them */
void node_announce(struct node_router *router);
void node_announce_one(struct node_router *router, struct node_address *address);
void node_hush(struct node_router *router);   /* announces nothing any more */
void node_forget(struct node_router *router); /* cells of addresses that are gone */

/* node_accept.c */
void node_accept_shaped(struct node_router *router, bool changed); /* its addresses, perhaps */
/* Exactly what is to be, before whatever is asked for next. */
void node_refuse(struct node *node);
void node_on_refusal(void *data, const struct vrrp_errand_refused *refused);
void node_on_accept(void *data);
uint64_t node_refused(struct node *node); /* packets, as of when this was asked before */

/* node_complain.c */
enum node_complaint node_complain(
	const struct node_router *router, char words[static NODE_WHY_SIZE]);
void node_log_complaint(struct node_router *router); /* once, and every second asked for */
uint64_t node_patience(uint64_t interval); /* between advertisements that are one series */
/* Whether advertisements are being rejected without which it would not be silent. */
bool node_is_shut(const struct node_router *router);
/* Whether several peers that are heard send checksums of several forms. */
bool node_is_mixed(const struct node_router *router);
void node_note_defied(struct node_router *router); /* it takes over */

/* node_track.c: interfaces that are tracked. */
/* With what others say. */
struct node_facts node_router_tracked(const struct node_router *router);
/* The first of its faults. */
const char *node_tracked_trouble(
	const struct node_router *router, char words[static NODE_WHY_SIZE]);
void node_find_tracked(struct node *node); /* the list is another */

/* node_view.c */
void node_explain(struct node_router *router, const struct vrrp_action *action);
void node_view_of(const struct node_router *router, struct node_view *ret);
