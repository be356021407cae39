# SPDX-License-Identifier: GPL-2.0-or-later
"""The forwarder, slowly and plainly: what must come out for what came in.

Written from DESIGN.md section 9, the RFCs and what the headers of the data plane promise, not from its sources.
It knows no bursts, no hashes, no wheel: a dictionary of connections, and every packet made anew from its parts.

What is free is left free: which destination a new connection gets (its scheduler's affair), the identification
of an outer IPv4 header, and the source port of GUE. `World.judge()` is therefore told what came out, takes
those from there, holds them to what is promised of them (a destination of the service with a weight; one
source port for each connection), and then compares all bytes.
"""
import dataclasses
import functools
import ipaddress
import struct

from scapy.layers.inet import IP, UDP as ScapyUDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE

import wire

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
HASHING = ("sh", "mh", "dh")
SCTP_ENDS = (6, 7, 8, 14)  # ABORT, SHUTDOWN and what follows it


@dataclasses.dataclass
class Port:
    mac: bytes
    vlan: int = 0
    mtu: int = 1500
    addresses: list = dataclasses.field(default_factory=list)  # of ipaddress.ip_interface


@dataclasses.dataclass
class Destination:
    address: bytes
    port: int
    weight: int
    method: str  # nat, direct, tunnel
    tunnel: str = ""  # ipip, gre, gue
    tunnel_port: int = 0
    checksum: str = "none"

    def family(self):
        return 4 if len(self.address) == 4 else 6


@dataclasses.dataclass
class Service:
    protocol: int
    address: bytes
    port: int
    scheduler: str
    destinations: list


@dataclasses.dataclass
class Connection:
    service: Service
    candidates: list  # destinations that it may have; one, as soon as a packet has told
    client: bytes
    client_port: int
    outer_port: int = None  # GUE's source port, once it was seen
    before: object = None  # the connection whose place it took, until the turn is over
    closing: bool = False  # one side has said that it ends: who opens it again may get another destination


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
    def __init__(self, ports, neighbours, routes, services):
        self.ports, self.neighbours, self.routes = ports, neighbours, routes
        self.services = {(s.protocol, s.address, s.port): s for s in services}
        self.requests = {}  # flow as the client sends it -> Connection
        self.replies = {}  # flow as the server sends it -> Connection, of nat
        self.ending = {}  # the same of those that others took the place of in this turn

    def judge(self, number, frame, got):
        """Whether what was got is right; and what was wanted: a list, any of it would do."""
        wanted = self.receive(number, frame)
        fitting = [one for one in wanted if one.fits(got)]
        if fitting and fitting[0].connection:
            self.learn([one for one in fitting if one.connection], got)
        elif fitting and wanted[0].connection and fitting[0].what == DROP:
            # It was to begin anew, and nobody took it.
            self.forget(wanted[0].connection)
        return bool(fitting), fitting or wanted

    def learn(self, fitting, got):
        connection = fitting[-1].connection
        if fitting[0].connection is not connection:
            # It may be the old one, or one that has taken its place.
            self.forget(fitting[0].connection)
        self.keep_before(connection, fitting[-1].fresh)
        service, client = connection.service, (connection.client, connection.client_port)
        if fitting[0].destination:
            connection.candidates = list({id(one.destination): one.destination for one in fitting}.values())
        if fitting[-1].fresh:
            self.requests[(service.protocol, *client, service.address, service.port)] = connection
        destination = connection.candidates[0]
        if len(connection.candidates) == 1 and destination.method == "nat":
            self.replies[(service.protocol, destination.address, destination.port, *client)] = connection
        if fitting[0].make and destination.tunnel == "gue":
            ip = got.data if got.what != OUT else got.data[18 if self.ports[got.port].vlan else 14 :]
            connection.outer_port = source_port_of(ip)

    def keep_before(self, connection, fresh):
        flow = (connection.service.protocol, connection.client, connection.client_port, connection.service.address,
                connection.service.port)
        if fresh and flow in self.requests:
            connection.before = self.requests[flow]
            self.ending.update((way, one) for way, one in self.replies.items() if one is connection.before)
            self.forget(connection.before)

    def end_turn(self):
        self.ending = {}
        for connection in self.requests.values():
            connection.before = None

    def delete(self, service, destination):
        """Its connections are over, which their next packet is told. Of one that may have had it nothing is
        known."""
        service.destinations.remove(destination)
        for connection in list(self.requests.values()):
            if connection.candidates == [destination]:
                connection.candidates = []
            elif destination in connection.candidates:
                self.forget(connection)

    def forget(self, connection):
        for table in (self.requests, self.replies):
            for flow in [flow for flow, one in table.items() if one is connection]:
                del table[flow]

    def age(self, kept=()):
        """So much time has gone by that only connections of the protocols in `kept` are still there for certain."""
        for table in (self.requests, self.replies):
            for flow in [flow for flow in table if flow[0] not in kept]:
                del table[flow]

    # What happens to a frame.

    def receive(self, number, frame):
        """A list of what may happen."""
        port = self.ports[number]
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
            wanted = self.request(packet, connection)
            if connection.closing and opens(packet):
                wanted += self.begin(packet, connection.service)
            connection.closing |= closes(packet)
            if connection.before and connection.before.candidates:
                # In one burst, what goes on may overtake the SYN that begins anew. No host sends both so close.
                wanted += [dataclasses.replace(one, connection=None) for one in self.request(packet, connection.before)]
            return wanted
        connection = self.replies.get(packet.flow)
        if connection:
            connection.closing |= closes(packet)
            return [self.reply(packet, connection)]
        connection = self.ending.get(packet.flow)
        if connection:
            return [Wanted(ARRIVED, "ending"), dataclasses.replace(self.reply(packet, connection), connection=None)]
        service = self.services.get((packet.protocol, packet.destination, packet.ports[1]))
        if not service:
            return [Wanted(ARRIVED, "no service")]
        if not opens(packet):
            return [Wanted(DROP, "not-opening")]
        return self.begin(packet, service)

    def begin(self, packet, service):
        candidates = [one for one in service.destinations if one.weight > 0]
        none = Wanted(DROP, "no-destination")
        if not candidates:
            return [none]
        # Those that hash refuse the clients of a destination that gets no more (DESIGN, "Drain").
        refused = [none] if service.scheduler in HASHING and len(candidates) < len(service.destinations) else []
        connection = Connection(service, candidates, packet.source, packet.ports[0])
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
        data, port = change.bytes(), self.ports[number]
        tunnel = overhead(destination) if destination and destination.method == "tunnel" else 0
        too_long = len(data) + tunnel > port.mtu
        # An error is short (RFC 1812 section 4.3.2.3): one that is not is not worth fragments.
        if too_long and (packet.dont_fragment or packet.kind == "error"):
            return refuse(f"too-big {port.mtu - tunnel}")

        def make(actual):
            link = link_header(port, mac, data) if finished else b""
            if not tunnel:
                return link + data
            free = free_parts(actual[len(link) :], connection)
            outer = encapsulate(data, packet, destination, local, free)
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
        connection = self.ending.get(flow)
        if connection:
            wanted = self.error_to_client(packet, inner, connection)
            return [Wanted(ARRIVED, "ending"), dataclasses.replace(wanted, connection=None)]
        return self.error_in_tunnel(packet, inner)

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
        connection = self.requests.get(within.flow)
        ends = [one for one in connection.candidates if one.address == inner.destination] if connection else []
        told = told_of_tunnel(packet, within, ends[0]) if ends and ends[0].method == "tunnel" else None
        if not told:
            return [Wanted(ARRIVED, "no connection")]
        number, mac, _ = self.next_hop(within.source)
        if number is None:
            return [Wanted(DROP, "no-route")]

        def make(actual):
            port = self.ports[number]
            link = link_header(port, mac, within.ip) if mac else b""
            return link + icmp_error(within, told, actual[len(link) :])

        return [Wanted(OUT if mac else UNRESOLVED, "", number, make)]

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


def closes(packet):
    """Whether it says that its connection ends, now or soon."""
    if packet.protocol == wire.TCP:
        return bool(packet.segment[13] & (TCP_FIN | TCP_RST))
    return packet.protocol == wire.SCTP and packet.segment[12] in SCTP_ENDS


def link_header(port, mac, ip):
    kind = wire.ETHER_IP4 if ip[0] >> 4 == 4 else wire.ETHER_IP6
    tag = struct.pack("!HH", wire.ETHER_VLAN, port.vlan) if port.vlan else b""
    return mac + port.mac + tag + kind.to_bytes(2, "big")


# Errors that are made here.


def told_of_tunnel(packet, within, destination):
    """Type, code and the second word of the error for the client; None: nobody is told."""
    v4, told4 = packet.family == 4, within.family == 4
    kind, code = packet.segment[0], packet.segment[1]
    if kind == (3 if v4 else 2) and (code == 4 or not v4):
        mtu = wire.number(packet.segment, 6) if v4 else wire.number(packet.segment, 4, 4)
        mtu = max(min(mtu, 0xFFFF) - overhead(destination), 68 if told4 else 1280)
        return (3, 4, mtu) if told4 else (2, 0, mtu)
    if kind == (3 if v4 else 1):
        nowhere = code == 0
        return (3, 0 if nowhere else 1, 0) if told4 else (1, 0 if nowhere else 3, 0)
    if kind == (11 if v4 else 3):
        # A loop within the tunnel is no affair of the client's TTL.
        return (3, 1, 0) if told4 else (1, 3, 0)
    return None


def icmp_error(about, told, actual):
    """From the packet's destination to its source, with as much of it as there is room for. What is free of
    the header (TTL, class, identification) is the actual one's."""
    kind, code, word = told
    error = bytes([kind, code, 0, 0]) + word.to_bytes(4, "big")
    if about.family == 4:
        error += about.ip[: 576 - 28]
        header = IP(src=about.destination_text(), dst=about.source_text(), proto=wire.ICMP)
        if len(actual) >= 20:
            header.tos, header.id, header.ttl = actual[1], wire.number(actual, 4), max(actual[8], 32)
            header.flags = "DF" if actual[6] & 0x40 else 0
        value = wire.internet_checksum(error)
    else:
        error += about.ip[: 1280 - 48]
        header = IPv6(src=about.destination_text(), dst=about.source_text(), nh=wire.ICMP6)
        if len(actual) >= 40:
            header.tc, header.hlim = wire.number(actual, 0) >> 4 & 0xFF, max(actual[7], 32)
        value = wire.transport_checksum(about.destination, about.source, wire.ICMP6, error)
    return bytes(header / (error[:2] + value.to_bytes(2, "big") + error[4:]))


# Tunnels.


@dataclasses.dataclass
class Free:
    """What an outer header may have as it likes."""

    identification: int
    source_port: int


def source_port_of(ip):
    return wire.number(ip, 20 if ip[0] >> 4 == 4 else 40)


def free_parts(actual, connection):
    if len(actual) < 48:
        return Free(0, 0xC000)
    # RFC 6335's dynamic ports, the same for all packets of a connection: that is what GUE's is for.
    source_port = connection.outer_port if connection.outer_port is not None else source_port_of(actual)
    return Free(wire.number(actual, 4), max(source_port, 0xC000))


def overhead(destination):
    """Bytes before a packet, at most."""
    outer = 20 if destination.family() == 4 else 40
    if destination.tunnel == "gre":
        return outer + (8 if destination.checksum == "full" else 4)
    if destination.tunnel == "gue":
        return outer + 8 + (12 if destination.checksum == "remote" else 4)
    return outer


def encapsulate(data, packet, destination, local, free):
    traffic = data[1] if packet.family == 4 else wire.number(data, 0) >> 4 & 0xFF
    inner_protocol = 4 if packet.family == 4 else 41
    body = {"ipip": ipip, "gre": gre, "gue": gue}[destination.tunnel]
    protocol, layers = body(data, packet, destination, inner_protocol, free)
    ends = {"src": str(ipaddress.ip_address(local)), "dst": str(ipaddress.ip_address(destination.address))}
    if destination.family() == 4:
        flags = "DF" if packet.dont_fragment else 0
        outer = IP(**ends, tos=traffic, id=free.identification, flags=flags, ttl=64, proto=protocol)
    else:
        outer = IPv6(**ends, tc=traffic, hlim=64, nh=protocol)
    return bytes(outer / layers)


def ipip(data, _packet, _destination, inner_protocol, _free):
    """RFC 2003, RFC 2473, RFC 4213."""
    return inner_protocol, data


def gre(data, packet, destination, _inner_protocol, _free):
    """RFC 2784."""
    kind = wire.ETHER_IP4 if packet.family == 4 else wire.ETHER_IP6
    return 47, GRE(proto=kind, chksum_present=int(destination.checksum == "full")) / data


def gue(data, packet, destination, inner_protocol, free):
    """draft-ietf-intarea-gue, with linux/gue.h's private flag for the remote checksum."""
    fields = b""
    flags = 0
    if destination.checksum == "remote" and remote_place(packet) is not None:
        flags, fields = 1, gue_remote_fields(packet)
        data = with_remote_seed(data, packet)
    header = bytes([len(fields) // 4, inner_protocol]) + flags.to_bytes(2, "big") + fields
    datagram = ScapyUDP(sport=free.source_port, dport=destination.tunnel_port)
    if destination.checksum == "none":
        datagram.chksum = 0
    return 17, datagram / (header + data)


def remote_place(packet):
    """Where in the packet the checksum stands that the other end can make; None where that would not be what
    it is now: it is wrong, or there is none (UDP's 0, and what is 0 when it is made anew)."""
    if packet.kind != "transport" or packet.protocol == wire.SCTP:
        return None
    place = packet.l4 + wire.CHECKSUM_PLACE[packet.protocol]
    field = wire.number(packet.ip, place)
    right = wire.transport_checksum(packet.source, packet.destination, packet.protocol, packet.segment)
    if field % 0xFFFF != right or (packet.protocol == wire.UDP and field % 0xFFFF == 0):
        return None
    return place


def gue_remote_fields(packet):
    """The private flags, then where the sum begins and where it is put."""
    return struct.pack("!IHH", 1 << 31, packet.l4, remote_place(packet))


def with_remote_seed(data, packet):
    """The other end puts the complement of the sum from the transport's header to the end: it needs the
    pseudo-header's."""
    pseudo = wire.pseudo_header(packet.source, packet.destination, packet.protocol, len(packet.segment))
    data = bytearray(data)
    wire.put(data, remote_place(packet), 0xFFFF - wire.internet_checksum(pseudo))
    return bytes(data)
