# SPDX-License-Identifier: GPL-2.0-or-later
"""The forwarder, slowly and plainly: what must come out for what came in.

Written from DESIGN.md section 9, the RFCs and what the headers of the data plane promise, not from its sources.
It knows no bursts, no hashes, no wheel: a dictionary of connections, and every packet made anew from its parts.

What is free is left free: which destination a new connection gets (its scheduler's affair), the identification
of an outer IPv4 header, and the source port of GUE. `World.judge()` is therefore told what came out, takes
those from there, holds them to what is promised of them (a destination of the service with a weight; one
source port for each connection), and then compares all bytes.
"""
import collections
import dataclasses
import functools
import ipaddress
import struct

import choice
import tunnels
import wire
from parts import Connection, Destination

# What the fast path does with a frame.
OUT = "out"  # sends it by a port
ARRIVED = "arrived"  # hands it to the attendant as it came: it is no established traffic
ERROR = "error"  # hands it to the attendant as it came, to be answered with an ICMP error
UNRESOLVED = "unresolved"  # the finished IP packet to the attendant: nobody knows the next hop's link address
TOO_LONG = "too-long"  # the same: it must be fragmented first
DROP = "drop"

# Of the first packet of a connection.
TCP_SYN, TCP_ACK, TCP_RST, TCP_FIN = 0x02, 0x10, 0x04, 0x01
SCTP_INIT = 1
SCTP_ENDS = (6, 7, 8, 14)  # ABORT, SHUTDOWN and what follows it


@dataclasses.dataclass
class Wanted:
    """What may happen to a frame. `make(actual)` gives the bytes, but for what is free in them."""

    what: str
    why: str = ""  # of a drop its reason, of an error which and the MTU
    port: int = 0
    make: object = None
    connection: Connection = None
    destination: Destination = None
    fresh: bool = False  # the connection is made by this frame

    def fits(self, got):
        if got.what != self.what or (self.what == ERROR and got.why != self.why):
            return False
        return not self.make or (got.port == self.port and got.data == self.make(got.data))

    def reason(self):
        """What a drop is counted as; "bad" for what cannot be parsed."""
        return {"time-exceeded": "ttl"}.get(self.why, self.why.split()[0])


@dataclasses.dataclass
class Got:
    """What did happen."""

    what: str
    why: str = ""
    port: int = 0
    data: bytes = b""


class World:
    def __init__(self, ports, neighbours, routes, services, clamp):
        self.ports, self.neighbours, self.routes = ports, neighbours, routes
        self.services = {(s.protocol, s.address, s.port): s for s in services}
        self.clamp = clamp  # whether MSS options are lowered
        self.came_by = None  # the port of the frame that is judged
        self.now = 0  # in milliseconds
        self.turn = 0
        self.turn_frames = collections.Counter()  # of each service, at most
        self.requests = {}  # flow as the client sends it -> Connection
        self.replies = {}  # flow as the server sends it -> Connection, of nat
        self.ending = {}  # flow -> Connection, of both, that ended in this turn, and may still be met in it
        self.unsure = []  # connections that may still be there, but will not be met again
        self.alone = {}  # flow -> Connection that is none, of services with one_packet
        self.choice = choice.Choice(self)

    def judge(self, number, frame, got):
        """Whether what was got is right; and what was wanted: a list, any of it would do."""
        wanted = self.receive(number, frame)
        fitting = [one for one in wanted if one.fits(got)]
        if fitting and fitting[0].connection:
            self.learn([one for one in fitting if one.connection], got)
        elif fitting and wanted[0].connection and fitting[0].what == DROP:
            # It was to begin anew, and nobody took it.
            self.end(wanted[0].connection)
        return bool(fitting), fitting or wanted

    def learn(self, fitting, got):
        connection, fresh = fitting[-1].connection, fitting[-1].fresh
        certain = fitting[0].connection is connection
        if not certain:
            # It may be the old one, or one that has taken its place.
            self.end(fitting[0].connection)
        destination = fitting[0].destination
        if destination:
            connection.candidates = list({id(one.destination): one.destination for one in fitting}.values())
        if fresh:
            self.enter(connection, certain)
        if len(connection.candidates) == 1 and connection.candidates[0].method == "nat":
            self.expect_replies(connection)
        if fitting[0].make and destination and destination.tunnel == "gue":
            ip = got.data if got.what != OUT else got.data[18 if self.ports[got.port].vlan else 14 :]
            connection.outer_port = tunnels.source_port_of(ip)

    def enter(self, connection, certain):
        if connection.service.one_packet:
            self.alone[connection.request_flow] = connection
        else:
            self.keep_before(connection)
            self.requests[connection.request_flow] = connection
        self.choice.taken(connection, certain)

    def expect_replies(self, connection):
        service, destination = connection.service, connection.candidates[0]
        if not service.one_packet:
            self.replies[service.protocol, destination.address, destination.port, connection.client,
                         connection.client_port] = connection

    def keep_before(self, connection):
        connection.before = self.requests.get(connection.request_flow)
        if connection.before:
            self.end(connection.before)

    def begin_turn(self, milliseconds, services):
        """Frames of these services will come, at most."""
        self.now += milliseconds
        self.turn += 1
        self.turn_frames = collections.Counter(services)

    def end_turn(self):
        self.ending = {}
        for connection in self.requests.values():
            connection.before = None
        self.choice.end_turn()

    def pause(self, seconds):
        """Nothing comes in for so long. Gives the connections that are over then for certain."""
        self.now += seconds * 1000
        over = []
        for connection in [*self.requests.values(), *self.unsure]:
            least, most = choice.LIFE[connection.service.protocol]
            idle = self.now - connection.last
            if idle > (most + choice.LONGER) * 1000:
                over.append(connection)
            elif idle > (least - choice.SPARE) * 1000 and connection not in self.unsure:
                self.unsure.append(connection)
        for connection in over + self.unsure:
            self.forget(connection)
        self.unsure = [one for one in self.unsure if one not in over]
        self.end_turn()
        return over

    def delete(self, service, destination):
        """Its connections are over, which their next packet is told. Of one that may have had it nothing is
        known."""
        service.destinations.remove(destination)
        for connection in list(self.requests.values()):
            if connection.candidates == [destination]:
                connection.candidates = []
            elif destination in connection.candidates:
                self.forget(connection)
                self.unsure.append(connection)

    def end(self, connection):
        for table in (self.requests, self.replies):
            self.ending.update((flow, one) for flow, one in table.items() if one is connection)
        self.forget(connection)

    def forget(self, connection):
        for table in (self.requests, self.replies):
            for flow in [flow for flow, one in table.items() if one is connection]:
                del table[flow]

    # What happens to a frame.

    def receive(self, number, frame):
        """A list of what may happen."""
        port = self.came_by = self.ports[number]
        try:
            packet = wire.parse(frame, port.vlan)
        except wire.Bad as bad:
            return [Wanted(DROP, f"bad {bad}")]
        ours = frame[:6] == port.mac
        if ours and packet.kind == "transport":
            return self.transport(packet)
        if ours and packet.kind == "error":
            return self.error(packet)
        return [Wanted(ARRIVED, packet.kind)]

    def transport(self, packet):
        connection = self.requests.get(packet.flow) or self.replies.get(packet.flow)
        if connection and not connection.candidates:
            self.forget(connection)
            if not opens(packet) or packet.source != connection.client:
                return [Wanted(DROP, "gone")]
        connection = self.requests.get(packet.flow)
        if connection:
            self.choice.touch(connection)
            wanted = self.request(packet, connection)
            if connection.closing and opens(packet):
                wanted += self.begin(packet, connection.service, connection)
            connection.closing |= closes(packet)
            if connection.before and connection.before.candidates:
                # In one burst, what goes on may overtake the SYN that begins anew. No host sends both so close.
                wanted += [dataclasses.replace(one, connection=None) for one in self.request(packet, connection.before)]
            return wanted
        connection = self.replies.get(packet.flow)
        if connection:
            self.choice.touch(connection)
            connection.closing |= closes(packet)
            return [self.reply(packet, connection)]
        return self.meet(packet) + self.overtaking(packet)

    def meet(self, packet):
        service = self.services.get((packet.protocol, packet.destination, packet.ports[1]))
        if not service:
            return [Wanted(ARRIVED, "no service")]
        if not opens(packet):
            return [Wanted(DROP, "not-opening")]
        return self.begin(packet, service)

    def overtaking(self, packet):
        """What may happen to one that comes before the end of its connection after all."""
        connection = self.ending.get(packet.flow)
        if not connection:
            return []
        request = packet.flow == connection.request_flow
        wanted = self.request(packet, connection) if request else [self.reply(packet, connection)]
        return [dataclasses.replace(one, connection=None) for one in wanted]

    def begin(self, packet, service, instead_of=None):
        """A new connection; or a datagram that is scheduled by itself, and has none."""
        offer, none = self.choice.offer(service, packet.source, instead_of), Wanted(DROP, "no-destination")
        connection = Connection(service, offer.destinations, packet.source, packet.ports[0], offer, self.turn, self.now)
        if packet.flow in self.alone:
            connection.outer_port = self.alone[packet.flow].outer_port
            offer.before = self.alone[packet.flow].candidates
        refused = [none] if offer.refused or not offer.destinations else []
        return refused + self.request(packet, connection, fresh=True)

    def request(self, packet, connection, fresh=False):
        wanted = []
        for destination in connection.candidates:
            one = self.forward(packet, connection, destination, self.changed_request(packet, destination))
            one.fresh = fresh
            wanted.append(one)
        return wanted

    def changed_request(self, packet, destination):
        change = wire.Change(packet)
        if destination.method == "nat":
            change.address("destination", destination.address)
            change.port("destination", destination.port)
        return change

    def reply(self, packet, connection):
        change = wire.Change(packet)
        change.address("source", connection.service.address)
        change.port("source", connection.service.port)
        return self.send(packet, connection, None, change, packet.destination)

    def forward(self, packet, connection, destination, change):
        return self.send(packet, connection, destination, change, destination.address)

    def send(self, packet, connection, destination, change, to):
        """The changed packet on its way to an address, in the tunnel that the destination has."""
        named = {"connection": connection, "destination": destination}
        refuse = functools.partial(Wanted, DROP if packet.kind == "error" else ERROR, **named)
        if packet.ttl <= 1:
            return refuse("time-exceeded")
        change.decrement_ttl()
        number, mac, local = self.next_hop(to)
        if number is None:
            return refuse("no-route")
        port = self.ports[number]
        tunnel = tunnels.overhead(destination, packet) if destination and destination.tunnel else 0
        if self.clamp and begins(packet):
            # What comes back goes out where this came in.
            change.lower_mss(min(port.mtu - tunnel, self.came_by.mtu))
        data = change.bytes()
        too_long = len(data) + tunnel > port.mtu
        # An error is short (RFC 1812 section 4.3.2.3): one that is not is not worth fragments.
        if too_long and (packet.dont_fragment or packet.kind == "error"):
            return refuse(f"too-big {port.mtu - tunnel}")

        def make(actual):
            link = link_header(port, mac, data) if finished else b""
            if not tunnel:
                return link + data
            free = tunnels.free_parts(actual[len(link) :], connection)
            outer = tunnels.encapsulate(data, packet, destination, local, free)
            return (link_header(port, mac, outer) if finished else b"") + outer

        finished = mac is not None and not too_long
        what = OUT if finished else TOO_LONG if too_long else UNRESOLVED
        return Wanted(what, "", number, make, **named)

    # ICMP errors about packets of connections.

    def error(self, packet):
        try:
            inner = wire.inner_of(packet)
        except wire.Bad as bad:
            return [Wanted(ARRIVED, f"inner {bad}")]
        if packet.ttl <= 1:
            return [Wanted(ARRIVED, "ttl")]
        if inner.kind != "transport":
            return self.error_in_tunnel(packet, inner)
        # As the answer to the packet inside would be.
        flow = (inner.protocol, inner.destination, inner.ports[1], inner.source, inner.ports[0])
        connection = self.requests.get(flow) or self.replies.get(flow)
        if connection and not connection.candidates:
            return [Wanted(ARRIVED, "gone")]
        connection = self.requests.get(flow)
        if connection:
            candidates = connection.candidates + (connection.before.candidates if connection.before else [])
            wanted = [self.error_to_server(packet, inner, connection, one) for one in candidates]
            return wanted if not connection.before else [dataclasses.replace(one, connection=None) for one in wanted]
        connection = self.replies.get(flow)
        if connection:
            return [self.error_to_client(packet, inner, connection)]
        return self.error_in_tunnel(packet, inner) + self.error_overtaking(packet, inner, flow)

    def error_overtaking(self, packet, inner, flow):
        connection = self.ending.get(flow)
        if not connection:
            return []
        if flow == connection.request_flow:
            wanted = [self.error_to_server(packet, inner, connection, one) for one in connection.candidates]
        else:
            wanted = [self.error_to_client(packet, inner, connection)]
        return [dataclasses.replace(one, connection=None) for one in wanted]

    def error_to_server(self, packet, inner, connection, destination):
        change = wire.Change(packet)
        if destination.method == "nat":
            change.address("destination", destination.address)
            within = wire.Change(inner)
            within.address("source", destination.address)
            within.port("source", destination.port)
            change.inner(within)
        return self.forward(packet, connection, destination, change)

    def error_to_client(self, packet, inner, connection):
        change, service = wire.Change(packet), connection.service
        change.address("source", service.address)
        within = wire.Change(inner)
        within.address("destination", service.address)
        within.port("destination", service.port)
        change.inner(within)
        return self.send(packet, connection, None, change, packet.destination)

    def error_in_tunnel(self, packet, inner):
        """RFC 2003 section 4, RFC 2473 section 8: told to the client, of his own packet, as if the service had
        said so."""
        try:
            within = wire.tunnelled_in(inner)
        except wire.Bad as bad:
            return [Wanted(ARRIVED, f"tunnel {bad}")]
        known, nobody = [self.requests.get(within.flow), self.ending.get(within.flow)], Wanted(ARRIVED, "no connection")
        candidates = [destination for connection in known if connection for destination in connection.candidates]
        ends = [one for one in candidates if one.address == inner.destination and one.tunnel
                and (one.tunnel != "gue" or inner.protocol != wire.UDP or inner.ports[1] == one.tunnel_port)]
        told = tunnels.told_of_tunnel(packet, within, ends[0]) if ends else None
        if not told:
            return [nobody]
        number, mac, _ = self.next_hop(within.source)
        if number is None:
            return [Wanted(DROP, "no-route")]

        def make(actual):
            port = self.ports[number]
            link = link_header(port, mac, within.ip) if mac else b""
            return link + tunnels.icmp_error(within, told, actual[len(link) :])

        certain = known[0] and all(one is ends[0] for one in candidates)
        return [Wanted(OUT if mac else UNRESOLVED, "", number, make)] + ([] if certain else [nobody])

    # The way to an address.

    def next_hop(self, to):
        """Port (None: no route), link address (None: not known), and the own address that reaches it."""
        address, best = ipaddress.ip_address(to), None
        ways = [(own.network, number, None) for number, port in enumerate(self.ports) for own in port.addresses]
        for network, number, via in ways + self.routes:
            if network.version == address.version and address in network:
                if not best or network.prefixlen > best[0].prefixlen:
                    best = (network, number, via)
        if not best:
            return None, None, None
        _, number, via = best
        hop = via or address
        local = [own for own in self.ports[number].addresses if hop in own.network]
        return number, self.neighbours.get((number, hop.packed)), local[0].ip.packed


def opens(packet):
    """Whether a packet may begin a connection: SYN alone, INIT, any datagram."""
    if packet.protocol == wire.TCP:
        flags = packet.segment[13] & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)
        return flags == TCP_SYN
    if packet.protocol == wire.SCTP:
        return len(packet.segment) > 12 and packet.segment[12] == SCTP_INIT
    return True


def begins(packet):
    """Whether it is of a TCP handshake: SYN, or SYN and ACK."""
    if packet.kind != "transport" or packet.protocol != wire.TCP:
        return False
    return packet.segment[13] & (TCP_SYN | TCP_RST | TCP_FIN) == TCP_SYN


def closes(packet):
    """Whether it says that its connection ends, now or soon."""
    if packet.protocol == wire.TCP:
        return bool(packet.segment[13] & (TCP_FIN | TCP_RST))
    return packet.protocol == wire.SCTP and packet.segment[12] in SCTP_ENDS


def link_header(port, mac, ip):
    kind = wire.ETHER_IP4 if ip[0] >> 4 == 4 else wire.ETHER_IP6
    tag = struct.pack("!HH", wire.ETHER_VLAN, port.vlan) if port.vlan else b""
    return mac + port.mac + tag + kind.to_bytes(2, "big")
