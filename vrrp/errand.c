// SPDX-License-Identifier: GPL-2.0-or-later
/* Errands as messages: written on this side, done on the other, in functions that begin with errand_do_.
 *
 * Of struct vrrp_errands the hand has a copy. `does` is its own part of it, of which this side uses nothing; it is made in the hand,
 * after the one of an earlier process has ended, which may have been writing the same file.
 *
 * A list of addresses goes in pieces, and becomes one transaction with the last. */
#include "vrrp/errand.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/memory.h"
#include "vrrp/accept.h"
#include "vrrp/netlink.h"
#include "vrrp/object.h"

#define ERRAND_WORDS_SIZE 256u
/* A piece and its head; short enough that the kernel has room for many. */
#define ERRAND_PIECE 150u

enum errand_kind {
	ERRAND_HOLD,
	ERRAND_RELEASE,
	ERRAND_RENAMED,
	ERRAND_SETTLE,
	ERRAND_PUT_BACK,
	ERRAND_WRITE,
	ERRAND_ALIAS,
	ERRAND_REFUSE,
	ERRAND_LOOK,
	ERRAND_COUNT,
	ERRAND_KINDS,
};

struct errand_hold {
	uint64_t whose;
	uint32_t kind;
	struct vrrp_errand_sysctl sysctl;
};

struct errand_renamed {
	char before[IFNAMSIZ], now[IFNAMSIZ];
};

struct errand_write {
	uint32_t count;
	struct vrrp_errand_sysctl sysctls[VRRP_ERRAND_SYSCTLS_MOST];
};

struct errand_alias {
	int ifindex;
	uint16_t family;
	uint8_t vrid;
};

struct errand_piece {
	uint32_t count;
	bool first, last;
	struct vrrp_unaccepted items[ERRAND_PIECE];
};

/* As much of it is sent as its kind has. */
struct errand {
	uint32_t kind;
	union {
		struct errand_hold hold; /* of RELEASE the name alone */
		struct errand_renamed renamed;
		struct errand_write write;
		struct errand_alias alias;
		struct errand_piece piece;
		bool doubt;
	};
};
static_assert(sizeof(struct errand) <= VRRP_HAND_GIVEN_MOST, "goes in one piece");

struct errand_answer {
	uint32_t kind;
	int32_t code;
	uint64_t whose, dropped;
	uint32_t port;
	bool back;
	char name[VRRP_SYSCTL_NAME_SIZE], words[ERRAND_WORDS_SIZE];
};
static_assert(sizeof(struct errand_answer) <= VRRP_HAND_ANSWER_MOST, "goes in one piece");

struct errand_does {
	struct vrrp_sysctls *sysctls;
	struct vrrp_accept *accept;
	struct vrrp_accept_list list; /* that comes */
	uint64_t dropped, counted;    /* in all; by the table that is there */
};

struct vrrp_errands {
	struct vrrp_errands_options options;
	char *path;
	struct vrrp_hand *hand;
	struct vrrp_hand_worker worker;
	struct errand_does does;
};

/* The other side. */

static void errand_words(struct errand_answer *answer, int code, const struct error *error)
{
	answer->code = code;
	snprintf(answer->words, sizeof(answer->words), "%s",
		code < 0 ? error_text(error, code) : "");
}

/* An interface that is no more needs nothing. */
static bool errand_do_hold(
	struct errand_does *does, const struct errand *errand, struct errand_answer *answer)
{
	const struct errand_hold *hold = &errand->hold;
	_cleanup_error_ struct error error = {};
	int r = vrrp_sysctls_hold(does->sysctls, hold->sysctl.name,
		(enum vrrp_sysctl_kind)hold->kind, hold->sysctl.value, &error);

	if (r >= 0 || r == -ENOENT || !error.text)
		return false;
	answer->whose = hold->whose;
	snprintf(answer->name, sizeof(answer->name), "%s", hold->sysctl.name);
	errand_words(answer, r, &error);
	return true;
}

static bool errand_do_release(struct errand_does *does, const struct errand *errand,
	struct errand_answer *answer _unused_)
{
	vrrp_sysctls_release(does->sysctls, errand->hold.sysctl.name);
	return false;
}

static bool errand_do_renamed(struct errand_does *does, const struct errand *errand,
	struct errand_answer *answer _unused_)
{
	vrrp_sysctls_renamed(does->sysctls, errand->renamed.before, errand->renamed.now);
	return false;
}

static bool errand_do_settle(struct errand_does *does, const struct errand *errand _unused_,
	struct errand_answer *answer _unused_)
{
	vrrp_sysctls_settle(does->sysctls);
	return false;
}

static bool errand_do_put_back(struct errand_does *does, const struct errand *errand _unused_,
	struct errand_answer *answer _unused_)
{
	vrrp_sysctls_put_back(does->sysctls);
	return false;
}

/* Some want the kernel's lock also where nothing changes, and spin for it. */
static void errand_make(const struct vrrp_errand_sysctl *sysctl)
{
	int now;

	if (vrrp_sysctl_read(sysctl->name, &now) < 0 || now != sysctl->value)
		(void)vrrp_sysctl_write(sysctl->name, sysctl->value);
}

/* A kernel without IPv6, or too old for one of these, has not got it, and does not need it. */
static bool errand_do_write(struct errand_does *does _unused_, const struct errand *errand,
	struct errand_answer *answer _unused_)
{
	const struct errand_write *write = &errand->write;

	for (size_t i = 0; i < MIN(write->count, VRRP_ERRAND_SYSCTLS_MOST); i++)
		errand_make(&write->sysctls[i]);
	return false;
}

static bool errand_do_alias(struct errand_does *does _unused_, const struct errand *errand,
	struct errand_answer *answer _unused_)
{
	const struct errand_alias *alias = &errand->alias;
	struct nl_msg *message =
		vrrp_object_encode_alias(alias->ifindex, alias->family, alias->vrid);

	if (message)
		(void)vrrp_netlink_wait(message);
	nlmsg_free(message);
	return false;
}

/* The kernel counts from when the table was made. */
static int errand_count(struct errand_does *does)
{
	uint64_t counted;
	int r = vrrp_accept_dropped(does->accept, &counted);

	if (r < 0)
		return r;
	does->dropped += counted < does->counted ? counted : counted - does->counted;
	does->counted = counted;
	return 0;
}

static bool errand_answer_refusal(
	const struct errand_does *does, struct errand_answer *answer, int code, struct error *error)
{
	errand_words(answer, code, error);
	answer->port = vrrp_accept_port(does->accept);
	answer->dropped = does->dropped;
	return true;
}

static bool errand_do_refuse(
	struct errand_does *does, const struct errand *errand, struct errand_answer *answer)
{
	const struct errand_piece *piece = &errand->piece;
	_cleanup_error_ struct error error = {};

	if (piece->first)
		vrrp_accept_list_clear(&does->list);
	for (size_t i = 0; i < MIN(piece->count, ERRAND_PIECE); i++)
		vector_push(&does->list, piece->items[i]);
	if (!piece->last)
		return false;
	/* The table may be made anew, or go. */
	(void)errand_count(does);
	if (!does->list.count)
		does->counted = 0;
	int r = vrrp_accept_set(does->accept, does->list.items, does->list.count, &error);
	vrrp_accept_list_clear(&does->list);
	return errand_answer_refusal(does, answer, r, &error);
}

static bool errand_do_look(
	struct errand_does *does, const struct errand *errand, struct errand_answer *answer)
{
	_cleanup_error_ struct error error = {};

	if (errand->doubt)
		vrrp_accept_doubt(does->accept);
	int r = vrrp_accept_check(does->accept, &error);
	answer->back = r > 0;
	if (r > 0)
		does->counted = 0;
	return errand_answer_refusal(does, answer, MIN(r, 0), &error);
}

static bool errand_do_count(struct errand_does *does, const struct errand *errand _unused_,
	struct errand_answer *answer)
{
	return errand_answer_refusal(does, answer, errand_count(does), NULL);
}

/* Each with the bytes that it has at least; `does` tells whether there is something to be brought. */
static const struct {
	size_t size;
	bool (*does)(struct errand_does *does, const struct errand *errand,
		struct errand_answer *answer);
} errand_kinds[ERRAND_KINDS] = {
	[ERRAND_HOLD] = {sizeof(struct errand_hold), errand_do_hold},
	[ERRAND_RELEASE] = {sizeof(struct errand_hold), errand_do_release},
	[ERRAND_RENAMED] = {sizeof(struct errand_renamed), errand_do_renamed},
	[ERRAND_SETTLE] = {0, errand_do_settle},
	[ERRAND_PUT_BACK] = {0, errand_do_put_back},
	[ERRAND_WRITE] = {offsetof(struct errand_write, sysctls), errand_do_write},
	[ERRAND_ALIAS] = {sizeof(struct errand_alias), errand_do_alias},
	[ERRAND_REFUSE] = {offsetof(struct errand_piece, items), errand_do_refuse},
	[ERRAND_LOOK] = {sizeof(bool), errand_do_look},
	[ERRAND_COUNT] = {0, errand_do_count},
};

static void errand_begin(void *data)
{
	struct vrrp_errands *errands = data;

	errands->does.sysctls = vrrp_sysctls_new(errands->path);
	errands->does.accept = vrrp_accept_new();
}

static size_t errand_work(
	void *data, const void *asked, size_t size, char answer[static VRRP_HAND_ANSWER_MOST])
{
	struct vrrp_errands *errands = data;
	struct errand errand = {};
	struct errand_answer told = {};

	memcpy(&errand, asked, MIN(size, sizeof(errand)));
	if (errand.kind >= ERRAND_KINDS || size > sizeof(errand) ||
		size < offsetof(struct errand, hold) + errand_kinds[errand.kind].size)
		return 0;
	told.kind = errand.kind;
	if (!errand_kinds[errand.kind].does(&errands->does, &errand, &told))
		return 0;
	memcpy(answer, &told, sizeof(told));
	return sizeof(told);
}

/* This side. */

static void errand_answered(void *data, const void *bytes, size_t size)
{
	static const enum vrrp_errand_refusal refusals[ERRAND_KINDS] = {
		[ERRAND_REFUSE] = VRRP_ERRAND_REFUSE,
		[ERRAND_LOOK] = VRRP_ERRAND_LOOK,
		[ERRAND_COUNT] = VRRP_ERRAND_COUNT,
	};
	const struct vrrp_errands_options *options = &((struct vrrp_errands *)data)->options;
	const struct errand_answer *answer = bytes;

	if (size != sizeof(*answer) || answer->kind >= ERRAND_KINDS)
		return;
	if (answer->kind == ERRAND_HOLD) {
		if (options->unheld)
			options->unheld(options->data, answer->whose, answer->name, answer->words);
		return;
	}
	const struct vrrp_errand_refused refused = {.of = refusals[answer->kind],
		.code = answer->code,
		.words = answer->words,
		.back = answer->back,
		.port = answer->port,
		.dropped = answer->dropped};
	if (options->refused)
		options->refused(options->data, &refused);
}

/* One that cannot be given finds a hand that has ended, and with it this process ends. */
static void errand_ask(struct vrrp_errands *errands, const struct errand *errand, size_t size)
{
	if (errands->hand)
		(void)vrrp_hand_ask(errands->hand, errand, offsetof(struct errand, hold) + size);
}

static void errand_set_name(struct vrrp_errand_sysctl *sysctl, const char *name)
{
	snprintf(sysctl->name, sizeof(sysctl->name), "%s", name);
}

void vrrp_errands_hold(struct vrrp_errands *errands, uint64_t whose, const char *name,
	enum vrrp_sysctl_kind kind, int value)
{
	struct errand errand = {
		.kind = ERRAND_HOLD, .hold = {.whose = whose, .kind = kind, .sysctl.value = value}};

	errand_set_name(&errand.hold.sysctl, name);
	errand_ask(errands, &errand, sizeof(errand.hold));
}

void vrrp_errands_release(struct vrrp_errands *errands, const char *name)
{
	struct errand errand = {.kind = ERRAND_RELEASE};

	errand_set_name(&errand.hold.sysctl, name);
	errand_ask(errands, &errand, sizeof(errand.hold));
}

void vrrp_errands_renamed(struct vrrp_errands *errands, const char *before, const char *now)
{
	struct errand errand = {.kind = ERRAND_RENAMED};

	snprintf(errand.renamed.before, sizeof(errand.renamed.before), "%s", before);
	snprintf(errand.renamed.now, sizeof(errand.renamed.now), "%s", now);
	errand_ask(errands, &errand, sizeof(errand.renamed));
}

void vrrp_errands_settle(struct vrrp_errands *errands)
{
	errand_ask(errands, &(const struct errand){.kind = ERRAND_SETTLE}, 0);
}

void vrrp_errands_put_back(struct vrrp_errands *errands)
{
	errand_ask(errands, &(const struct errand){.kind = ERRAND_PUT_BACK}, 0);
}

void vrrp_errands_write(
	struct vrrp_errands *errands, const struct vrrp_errand_sysctl *sysctls, size_t count)
{
	struct errand errand = {.kind = ERRAND_WRITE};

	count = MIN(count, (size_t)VRRP_ERRAND_SYSCTLS_MOST);
	errand.write.count = (uint32_t)count;
	memcpy(errand.write.sysctls, sysctls, count * sizeof(*sysctls));
	errand_ask(errands, &errand,
		offsetof(struct errand_write, sysctls) + count * sizeof(*sysctls));
}

void vrrp_errands_alias(struct vrrp_errands *errands, int ifindex, uint16_t family, uint8_t vrid)
{
	const struct errand errand = {.kind = ERRAND_ALIAS,
		.alias = {.ifindex = ifindex, .family = family, .vrid = vrid}};

	errand_ask(errands, &errand, sizeof(errand.alias));
}

void vrrp_errands_refuse(struct vrrp_errands *errands, const struct vrrp_accept_list *list)
{
	size_t done = 0;

	do {
		size_t count = MIN(list->count - done, (size_t)ERRAND_PIECE);
		struct errand errand = {.kind = ERRAND_REFUSE,
			.piece = {.count = (uint32_t)count,
				.first = done == 0,
				.last = done + count == list->count}};

		if (count)
			memcpy(errand.piece.items, list->items + done,
				count * sizeof(*list->items));
		errand_ask(errands, &errand,
			offsetof(struct errand_piece, items) + count * sizeof(*list->items));
		done += count;
	} while (done < list->count);
}

void vrrp_errands_look(struct vrrp_errands *errands, bool doubt)
{
	errand_ask(errands, &(const struct errand){.kind = ERRAND_LOOK, .doubt = doubt},
		sizeof(doubt));
}

void vrrp_errands_count(struct vrrp_errands *errands)
{
	errand_ask(errands, &(const struct errand){.kind = ERRAND_COUNT}, 0);
}

const struct vrrp_hand_worker *vrrp_errands_worker(const struct vrrp_errands *errands)
{
	return &errands->worker;
}

void vrrp_errands_use(struct vrrp_errands *errands, struct vrrp_hand *hand)
{
	errands->hand = hand;
}

struct vrrp_errands *vrrp_errands_new(const struct vrrp_errands_options *options)
{
	struct vrrp_errands *errands = memory_new(sizeof(*errands));

	errands->options = *options;
	errands->path = memory_copy_string(options->sysctls);
	errands->worker = (struct vrrp_hand_worker){.begin = errand_begin,
		.work = errand_work,
		.answered = errand_answered,
		.data = errands};
	return errands;
}

struct vrrp_errands *vrrp_errands_free(struct vrrp_errands *errands)
{
	if (!errands)
		return NULL;
	free(errands->path);
	free(errands);
	return NULL;
}
