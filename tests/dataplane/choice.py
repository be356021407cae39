# SPDX-License-Identifier: GPL-2.0-or-later
"""Which destinations a new connection may get: by weight, thresholds and persistence, as poise.yaml(5) has them.

	weight 0	gets no new connections; those that it has go on
	upper, lower	full from the upper threshold on until below the lower one, or below three quarters of the
			upper where there is none
	persistence	the clients of one prefix go where the last of them went, for a while after the last
			connection. A destination that is gone, or has weight 0, keeps nobody; one that is full does

Which of those that may take it the scheduler prefers is its own affair, and free. But it must not always prefer
the same one: `Choice.spread` counts how often a free choice fell elsewhere than the one before, for who looks at
many of them.

Some things nobody can know from outside: in which order workers took the packets of one turn, and whether what
has not been used for a while is still there. Then more than one answer is right.
"""
import collections
import dataclasses

import wire

HASHING = ("sh", "mh", "dh")
IN_TURN = ("rr", "wrr")

# From the last packet on, in seconds: a connection is there so long at least, and at most, by the defaults of
# dpdk.timeouts.
LIFE = {wire.TCP: (10, 900), wire.UDP: (300, 300), wire.SCTP: (61, 900)}
# What is over may be there for so much longer (poise-dataplane.8), in seconds.
LONGER = 34
SPARE = 1  # of what is measured in seconds


@dataclasses.dataclass
class Template:
    """Where the clients of one prefix go."""

    candidates: list
    begun: int  # when its last connection began
    touched: int  # when a packet of its clients was last seen
    turn: int  # in which it was made


@dataclasses.dataclass
class Offer:
    """What a new connection may get."""

    destinations: list
    refused: bool  # or nothing
    kind: str = ""  # why: by a "template", or "free", the scheduler's choice, or "expired", the same after a
    # template is over; nothing where one of them was it
    before: list = dataclasses.field(default_factory=list)  # what the template said that is over; where the
    # datagram before this one went

    def is_scheduled(self):
        return self.kind in ("free", "expired")


class Choice:
    def __init__(self, world):
        self.world = world
        self.templates = {}  # (service, prefix of clients) -> Template
        self.spread = collections.Counter()  # (kind, whether it fell elsewhere)

    def offer(self, service, client, without=None):
        """For a new connection of this client, which may take the place of another one (`without`)."""
        offer = self.by_scheduler(service, without)
        template = self.templates.get(self.key(service, client))
        if not template:
            return offer
        if self.is_over(service, template):
            del self.templates[self.key(service, client)]
            return dataclasses.replace(offer, kind="expired", before=template.candidates)
        kept = [one for one in template.candidates if one in service.destinations and one.weight]
        if len(kept) == len(template.candidates) and self.holds(service, client, template):
            # What it was made for in this turn may have come later than who is to be refused.
            return Offer(kept, offer.refused and template.turn == self.world.turn, "template")
        return Offer(kept + [one for one in offer.destinations if one not in kept], offer.refused)

    def by_scheduler(self, service, without):
        may, full = [], False
        for destination in service.destinations:
            if destination.weight:
                is_full = self.fullness(destination, self.count(service, destination, without))
                full |= True in is_full
                may += [destination] if False in is_full else []
        some_must_not = full or any(not one.weight for one in service.destinations)
        if service.scheduler in HASHING:
            # Those that hash refuse the clients of a destination that gets no more (DESIGN, "Drain").
            return Offer(may, some_must_not or not may, "free")
        certain = [one for one in may if True not in self.fullness(one, self.count(service, one, without))]
        return Offer(may, not certain, "free")

    def taken(self, connection, certain):
        """A connection was made, or nearly so: it may have been the one before it that went on."""
        service, offer, template = connection.service, connection.offer, self.template_of(connection)
        self.count_spread(connection, certain)
        for destination in connection.candidates:
            alone = certain and offer.is_scheduled() and len(connection.candidates) == 1
            was = {False} if alone else destination.full | {False}
            destination.full = self.fullness(destination, self.count(service, destination), was)
        if not service.persistence:
            return
        now, turn = self.world.now, self.world.turn
        if certain:
            since = template.turn if offer.kind == "template" else turn
            template = Template(connection.candidates, now, now, since)
        else:
            before = template.candidates if template else []
            both = before + [one for one in connection.candidates if one not in before]
            template = Template(both, template.begun if template else -(10**9), now, turn)
        self.templates[self.key(service, connection.client)] = template

    def touch(self, connection):
        """A packet of it was seen."""
        connection.last = self.world.now
        template = self.template_of(connection)
        if template:
            template.touched = self.world.now

    def end_turn(self):
        """Nothing is under way: what is full can be counted, if anybody looks."""
        for service in self.world.services.values():
            for destination in service.destinations:
                if destination.upper:
                    full = self.fullness(destination, self.count(service, destination, settled=True))
                    # Who comes by a template does not look.
                    destination.full = full | destination.full if service.persistence else full

    # Thresholds.

    def count(self, service, destination, without=None, settled=False):
        """How many connections it has: at least, and at most."""
        least = most = 0
        for connection in self.world.requests.values():
            if connection is not without and destination in connection.candidates:
                most += 1
                least += len(connection.candidates) == 1 and (settled or connection.turn != self.world.turn)
        most += sum(destination in connection.candidates for connection in self.world.unsure)
        if not settled:
            others = max(0, self.world.turn_frames[service] - 1)
            most += others
            if any(one.closing for one in self.world.requests.values() if one.service is service):
                least = max(0, least - others)
        return least, most

    @staticmethod
    def fullness(destination, counts, was=None):
        """A set of what may be so."""
        if not destination.upper:
            return {False}

        def is_full(count, before):
            below = count < destination.lower if destination.lower else count * 4 < destination.upper * 3
            return count >= destination.upper or (before and not below)

        return {is_full(count, before) for count in counts for before in was or destination.full}

    # Persistence.

    def key(self, service, client):
        bits = len(client) * 8
        return service, int.from_bytes(client, "big") >> (bits - service.prefix)

    def template_of(self, connection):
        return self.templates.get(self.key(connection.service, connection.client))

    def is_over(self, service, template):
        """For certain: nothing of its clients can have been there for a while."""
        alive = max(service.persistence, LIFE[service.protocol][1] + LONGER) + LONGER + SPARE
        return self.world.now - template.touched > alive * 1000

    def holds(self, service, client, template):
        """For certain: it has not been long, or one of its connections lives."""
        if self.world.now - template.begun < (service.persistence - SPARE) * 1000:
            return True
        key = self.key(service, client)
        return any(one.service is service and one.candidates == template.candidates and len(one.candidates) == 1
                   and self.key(service, one.client) == key for one in self.world.requests.values())

    # What schedulers are held to.

    def count_spread(self, connection, certain):
        service, offer = connection.service, connection.offer
        if not certain or len(connection.candidates) != 1:
            service.chosen = None
            return
        chosen, before = connection.candidates[0], service.chosen
        if not offer.is_scheduled():
            return
        service.chosen = chosen
        if len(offer.destinations) == 1 or service.scheduler == "dh":
            return
        if service.one_packet:
            # Without connections all have the least of them, and who counts them takes the first.
            kind = "one-packet" if service.scheduler in IN_TURN else ""
        elif offer.kind == "expired":
            kind = "timeout" if service.scheduler not in HASHING else ""
        else:
            kind = "prefix" if service.persistence else ""
        before = [before] if kind == "prefix" else offer.before
        if kind and len(before) == 1 and before[0] in offer.destinations:
            self.spread[kind, chosen is not before[0]] += 1
