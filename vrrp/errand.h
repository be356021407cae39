// SPDX-License-Identifier: GPL-2.0-or-later
/* What the hand (hand.h) does for the virtual routers besides carrying: the sysctls of interfaces (sysctl.h), and the table that
 * refuses (accept.h). Some sysctls of IPv6 want the kernel's one lock of the network, and spin for it; a transaction of
 * nf_tables takes milliseconds, and waits for those of others.
 *
 * Nothing here waits. All of it is carried out in the order in which it is asked for, together with what is given to rtnetlink:
 * whoever sets a sysctl, or refuses an address, and then asks for an interface to be up, or for the address, has them in that
 * order in the kernel. What becomes of it is told later. */
#pragma once

#include "vrrp/accept_list.h"
#include "vrrp/hand.h"
#include "vrrp/sysctl.h"

struct vrrp_errands;

/* What was to be done with the table that refuses. */
enum vrrp_errand_refusal {
	VRRP_ERRAND_REFUSE,
	VRRP_ERRAND_LOOK,
	VRRP_ERRAND_COUNT,
};

struct vrrp_errand_refused {
	enum vrrp_errand_refusal of;
	int code;          /* 0 or -errno; with COUNT: there is nothing to be counted */
	const char *words; /* of the code, for a person. Borrowed */
	bool back;         /* with LOOK: it was not there, and was put back */
	uint32_t port;     /* vrrp_accept_port() */
	uint64_t dropped;  /* packets, by all tables there were since the hand began */
};

struct vrrp_errands_options {
	/* Where to keep what sysctls were; see vrrp_sysctls_new(). Copied. */
	const char *sysctls;
	/* What `whose` holds could not be set; once for each other reason. The hold stands. Borrowed. */
	void (*unheld)(void *data, uint64_t whose, const char *name, const char *words);
	/* One for each of vrrp_errands_refuse(), look() and count(), in their order. */
	void (*refused)(void *data, const struct vrrp_errand_refused *refused);
	void *data;
};

/* All that is not the hand's. */
struct vrrp_errands *vrrp_errands_new(const struct vrrp_errands_options *options);
/* After the hand. NULL is allowed; returns NULL. */
struct vrrp_errands *vrrp_errands_free(struct vrrp_errands *errands);

/* For the hand that is to be made. Borrowed. */
const struct vrrp_hand_worker *vrrp_errands_worker(const struct vrrp_errands *errands);
/* This is the hand: before anything is asked for. NULL: it is gone, and what is asked for is forgotten. */
void vrrp_errands_use(struct vrrp_errands *errands, struct vrrp_hand *hand);

/* As the functions of sysctl.h are. `whose` is the caller's, for `unheld`. */
void vrrp_errands_hold(struct vrrp_errands *errands, uint64_t whose, const char *name,
	enum vrrp_sysctl_kind kind, int value);
/* Names of interfaces. */
void vrrp_errands_renamed(struct vrrp_errands *errands, const char *before, const char *now);
void vrrp_errands_release(struct vrrp_errands *errands, const char *name);
void vrrp_errands_settle(struct vrrp_errands *errands);
/* All that is held is put back: the last errand, for who ends in order. After a crash the next process does it. */
void vrrp_errands_put_back(struct vrrp_errands *errands);

/* Sets these for good, in this order: of an interface of our own. Those that are not there are left out. */
#define VRRP_ERRAND_SYSCTLS_MOST 16u
struct vrrp_errand_sysctl {
	char name[VRRP_SYSCTL_NAME_SIZE];
	int value;
};
void vrrp_errands_write(
	struct vrrp_errands *errands, const struct vrrp_errand_sysctl *sysctls, size_t count);

/* Gives the macvlan of that router its alias (object.h). One that cannot have it is known without it. */
void vrrp_errands_alias(struct vrrp_errands *errands, int ifindex, uint16_t family, uint8_t vrid);

/* From now on exactly these are not accepted: vrrp_accept_set(). */
void vrrp_errands_refuse(struct vrrp_errands *errands, const struct vrrp_accept_list *list);
/* Is the table still there? vrrp_accept_check(). `doubt`: others have changed it. */
void vrrp_errands_look(struct vrrp_errands *errands, bool doubt);
/* What was dropped. */
void vrrp_errands_count(struct vrrp_errands *errands);
