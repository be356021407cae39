// SPDX-License-Identifier: GPL-2.0-or-later
/* Routers stand in an array by VRID, 2 KiB for each socket: one look finds the one that a datagram
 * is for, and the VRID is all that is to be known for it, since interface, family and (of unicast)
 * address are the socket's.
 *
 * The VRID is read before anything is checked, because how strict the checks are is the router's to
 * say. So a broken datagram is counted with the router whose VRID it bears, rightly or not. One
 * whose VRID nobody has goes through the same checks, as lenient as any router may be: its count
 * says what is wrong with it first, and that it is nobody's only when it is sound. */
#include "vrrp/hearing.h"

#include <errno.h>

#define HEARING_TTL 255 /* RFC 9568 §5.1.1.3 */

int hearing_add(struct hearing *hearing, struct hearing_router *router)
{
	uint8_t vrid = router->expected.vrid;

	if (!vrid)
		return -EINVAL;
	if (hearing->routers[vrid])
		return -EEXIST;
	hearing->routers[vrid] = router;
	hearing->count++;
	router->hearing = hearing;
	told_forget(&hearing->told, vrid);
	return 0;
}

void hearing_remove(struct hearing_router *router)
{
	struct hearing *hearing = router->hearing;

	if (!hearing)
		return;
	hearing->routers[router->expected.vrid] = NULL;
	hearing->count--;
	router->hearing = NULL;
}

void hearing_changed(struct hearing_router *router)
{
	router->rejected = (struct hearing_series){};
	router->doubled = (struct hearing_series){};
	if (router->hearing)
		told_forget(&router->hearing->told, router->expected.vrid);
}

void hearing_series_note(
	struct hearing_series *series, const struct hearing_series *last, uint64_t patience)
{
	bool goes_on = series->at && last->at - series->at <= patience;
	uint64_t since = goes_on ? series->since : last->at, count = goes_on ? series->count : 0;

	*series = *last;
	series->since = since;
	series->count = count + 1;
}

void hearing_tell_unknown(struct hearing *hearing, bool tell)
{
	if (tell && !hearing->tell_unknown)
		hearing->told_unknown = (struct told){};
	hearing->tell_unknown = tell;
}

/* The cause of what came back is no reason of the codec's. Of a VRID that nobody has it is told once, whatever is wrong with it
 * besides. */
static void hearing_tell(struct hearing *hearing, const struct vrrp_datagram *datagram,
	uint64_t now, struct hearing_verdict *verdict)
{
	bool known = verdict->router != NULL;
	const struct told_key key = {.peer = datagram->source,
		.vrid = verdict->vrid,
		.cause = (uint8_t)(known ? verdict->reject : VRRP_REJECT_VRID)};

	if (!known && !hearing->tell_unknown)
		return;
	enum told_answer answer =
		told_ask(known ? &hearing->told : &hearing->told_unknown, &key, now);
	verdict->tell = answer == TOLD_NEW || answer == TOLD_LAST;
	verdict->last = answer == TOLD_LAST;
}

static void hearing_judge_unknown(struct hearing *hearing, const struct vrrp_datagram *datagram,
	struct hearing_verdict *verdict, struct vrrp_packet *ret)
{
	const struct vrrp_expected nobody = {
		.ttl_least = hearing->unicast ? 0 : HEARING_TTL, .ttl_most = HEARING_TTL};

	verdict->result = HEARING_REJECTED;
	verdict->reject = vrrp_packet_decode(datagram, &nobody, ret);
	hearing->unknown[verdict->reject]++;
}

/* What a network sends back has the priority that was sent. */
static void hearing_note_double(
	struct hearing_router *router, const struct vrrp_datagram *datagram, uint64_t now)
{
	uint8_t priority = vrrp_packet_priority(datagram->data, datagram->size);

	if (priority == VRRP_PRIORITY_STOP || priority == router->sends)
		return;
	hearing_series_note(&router->doubled,
		&(struct hearing_series){
			.at = now, .source = datagram->source, .priority = priority},
		router->patience);
}

static void hearing_judge_known(struct hearing_router *router, const struct vrrp_datagram *datagram,
	uint64_t now, struct hearing_verdict *verdict, struct vrrp_packet *ret)
{
	struct hearing_counters *counters = &router->counters;

	if (router->source.family != AF_UNSPEC &&
		address_equal(&datagram->source, &router->source)) {
		verdict->result = HEARING_OWN;
		counters->own++;
		hearing_note_double(router, datagram, now);
		return;
	}
	verdict->reject = vrrp_packet_decode(datagram, &router->expected, ret);
	if (verdict->reject == VRRP_REJECT_NONE) {
		verdict->result = HEARING_HEARD;
		counters->heard++;
		return;
	}
	verdict->result = HEARING_REJECTED;
	counters->rejected[verdict->reject]++;
	hearing_series_note(&router->rejected,
		&(struct hearing_series){.at = now,
			.source = datagram->source,
			.priority = vrrp_packet_priority(datagram->data, datagram->size),
			.reject = verdict->reject},
		router->patience);
}

struct hearing_verdict hearing_judge(struct hearing *hearing, const struct vrrp_datagram *datagram,
	uint64_t now, struct vrrp_packet *ret)
{
	struct hearing_verdict verdict = {.vrid = vrrp_packet_vrid(datagram->data, datagram->size)};

	verdict.router = hearing->routers[verdict.vrid];
	if (verdict.router)
		hearing_judge_known(verdict.router, datagram, now, &verdict, ret);
	else
		hearing_judge_unknown(hearing, datagram, &verdict, ret);
	if (verdict.result != HEARING_HEARD)
		hearing_tell(hearing, datagram, now, &verdict);
	return verdict;
}
