# SPDX-License-Identifier: GPL-2.0-or-later
"""Random worlds, and random frames that make sense in them: most belong to conversations, some are hostile,
some are noise.

A world has one service of each WAY (a method, a tunnel, the families of service and destination). Frames are
made for a way; what the model has learnt of its connections tells where answers come from.
"""
import ipaddress
import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.l2 import ARP, Ether
from scapy.layers.sctp import SCTP, SCTPChunkData, SCTPChunkInit
from scapy.packet import Raw

import model
import wire

# name: method, tunnel, family of the service, family of the destination.
WAYS = {
    f"{method}{'-' + tunnel if tunnel else ''}-{inner}{'in' + str(outer) if tunnel else ''}": (method, tunnel,
    inner, outer) for method, tunnels in (("nat", ("",)), ("direct", ("",)), ("tunnel", ("ipip", "gre", "gue")))
    for tunnel in tunnels
    for inner in (4, 6)
    for outer in ((4, 6) if tunnel else (inner,))
}
CHECKSUMS = {"": ("none",), "ipip": ("none",), "gre": ("none", "full"), "gue": ("none", "full", "remote")}
SCHEDULERS = ("rr", "wrr", "wlc", "lc", "sh", "mh", "sed", "nq", "dh")
CLIENTS = 0  # the port that they are behind; servers are behind another one, or the same

ERRORS4 = [(ICMP, {"type": 3, "code": code}) for code in (0, 1, 3)] + [
    (ICMP, {"type": 3, "code": 4, "nexthopmtu": 1300}), (ICMP, {"type": 11}), (ICMP, {"type": 12, "ptr": 9})]
ERRORS6 = [(ICMPv6DestUnreach, {"code": code}) for code in (0, 1, 3, 4)] + [
    (ICMPv6PacketTooBig, {"mtu": 1300}), (ICMPv6TimeExceeded, {}), (ICMPv6ParamProblem, {"ptr": 6})]

# What may be wrong with a frame, or unusual; None most of the time.
ODDITIES = (
    "ttl", "options", "extensions", "fragment", "checksum", "header-checksum", "truncated", "padding", "flip", "tagged",
    "other-host", "group", "source", "traffic", "no-checksum", "length", "long", "version",
)


def packed(text):
    return ipaddress.ip_address(text).packed


def text(address):
    return str(ipaddress.ip_address(address))


class Generator:
    def __init__(self, random):
        self.random = random
        self.servers = random.choice((1, 1, CLIENTS))
        self.world, self.lines = None, []
        self.services = {}  # way -> Service
        self.gone = []  # connections of the past
        self.begun = None  # the connection that the last frame opens, if it does
        self.make_world()

    # The world, for the model and as the lines of a case.

    def mac(self, last):
        return bytes([2, 0, 0, 0, self.random.randrange(256), last])

    def make_world(self):
        random = self.random
        outside = [ipaddress.ip_interface(a) for a in ("192.0.2.1/24", "2001:db8:c::1/64")]
        inside = [ipaddress.ip_interface(a) for a in ("10.0.0.1/16", "2001:db8:5::1/64")]
        vlan, mtu = random.choice((0, 0, 100, 4094)), random.choice((1500, 1500, 1400, 9000))
        if self.servers == CLIENTS:
            ports = [model.Port(self.mac(1), vlan, mtu, outside + inside)]
        else:
            ports = [model.Port(self.mac(1), 0, 1500, outside), model.Port(self.mac(2), vlan, mtu, inside)]
        routes = [(ipaddress.ip_network(to), port, ipaddress.ip_address(via)) for to, port, via in (
            ("0.0.0.0/0", CLIENTS, "192.0.2.254"), ("::/0", CLIENTS, "2001:db8:c::fe"),
            ("10.9.0.0/16", self.servers, "10.0.255.254"), ("2001:db8:9::/48", self.servers, "2001:db8:5::fe"))]
        neighbours = {
            (CLIENTS, packed("192.0.2.254")): self.mac(3), (CLIENTS, packed("2001:db8:c::fe")): self.mac(3),
            (self.servers, packed("10.0.255.254")): self.mac(4), (self.servers, packed("2001:db8:5::fe")):
            self.mac(4),
        }
        for number in range(20, 30):
            neighbours[CLIENTS, packed(f"192.0.2.{number}")] = self.mac(number)
            neighbours[CLIENTS, packed(f"2001:db8:c::{number}")] = self.mac(number)
        for place, way in enumerate(WAYS):
            self.services[way] = self.make_service(place, way, neighbours)
        self.world = model.World(ports, neighbours, routes, self.services.values())
        self.write_lines()

    def make_service(self, place, way, neighbours):
        random = self.random
        method, tunnel, inner, outer = WAYS[way]
        protocol = random.choice((wire.TCP, wire.TCP, wire.UDP, wire.SCTP))
        address = packed(f"203.0.113.{place + 1}" if inner == 4 else f"2001:db8:aa::{place + 1:x}")
        port = random.choice((80, 443, 53, 65535, 1))
        destinations = []
        for number in range(random.randint(1, 3)):
            far = random.random() < 0.2
            where = packed((f"10.{9 if far else 0}.{place + 1}.{number + 1}") if outer == 4 else
                           (f"2001:db8:{9 if far else 5}::{place + 1:x}:{number + 1:x}"))
            if not far and random.random() < 0.95:
                neighbours[self.servers, where] = self.mac(100 + number)
            destinations.append(model.Destination(
                where, random.choice((port, 8080)) if method == "nat" else port, random.choice((1, 1, 2, 5)), method,
                tunnel, random.choice((6080, 5555)) if tunnel == "gue" else 0, random.choice(CHECKSUMS[tunnel])))
        if random.random() < 0.3:
            random.choice(destinations).weight = 0
        if all(one.weight == 0 for one in destinations):
            destinations[0].weight = 1
        return model.Service(protocol, address, port, random.choice(SCHEDULERS), destinations)

    def write_lines(self):
        lines = self.lines = []
        for port in self.world.ports:
            lines.append(" ".join(["port", port.mac.hex(":"), str(port.vlan), str(port.mtu), *map(str,
            port.addresses)]))
        for (port, address), mac in self.world.neighbours.items():
            lines.append(f"neighbour {port} {text(address)} {mac.hex(':')}")
        for network, port, via in self.world.routes:
            lines.append(f"route {network} {via} {port}")
        for service in self.world.services.values():
            lines.append(f"service {listener(service)} {service.scheduler}")
            for one in sorted(service.destinations, key=lambda one: (one.address, one.port)):
                lines.append(f"destination {endpoint(one)} {one.weight} {one.method} {one.tunnel or '-'} "
                             f"{one.tunnel_port} {one.checksum}")

    def deletion(self):
        """The line that deletes a destination that has connections, if there is one that is not a service's
        last."""
        several = [one for one in self.world.requests.values()
                   if len(one.candidates) == 1 and len(one.service.destinations) > 1]
        if not several:
            return []
        connection = self.random.choice(several)
        destination = connection.candidates[0]
        self.world.delete(connection.service, destination)
        return [f"delete {listener(connection.service)} {endpoint(destination)}"]

    # Frames: (port, bytes).

    def batch(self, count):
        """Frames of a turn: (way, port, bytes). A connection may go on in the turn that it begins in."""
        made = []
        while len(made) < count:
            way = self.random.choice(list(WAYS))
            port, frame = self.frame(way)
            made.append((way, port, frame))
            if self.begun and self.random.random() < 0.3:
                made.append((way, *self.request(self.begun)))
        return made

    def frame(self, way):
        service, self.begun = self.services[way], None
        gone = [one for one in self.gone if one.service is service]
        if gone and self.random.random() < 0.05:
            return self.request(self.random.choice(gone))
        known = [one for one in self.world.requests.values() if one.service is service]
        settled = [one for one in known if len(one.candidates) == 1]
        nat = WAYS[way][0] == "nat"
        chance = self.random.random()
        if not known or chance < 0.2:
            return self.opening(service)
        if chance < 0.5 or not settled:
            return self.request(self.random.choice(known))
        connection = self.random.choice(settled)
        if nat and chance < 0.75:
            return self.reply(connection)
        if chance < 0.85:
            return self.error_of_client(connection)
        if nat and chance < 0.95:
            return self.error_of_server(connection)
        if connection.candidates[0].method == "tunnel" and chance < 0.92:
            return self.error_of_tunnel(connection)
        if chance < 0.95:
            return self.request(connection)
        return self.noise(service)

    def client(self, family):
        number = self.random.randrange(20, 30)
        return packed(self.random.choice((f"192.0.2.{number}", f"198.51.100.{number}") if family == 4 else
                                         (f"2001:db8:c::{number}", f"2001:db8:ffff::{number}")))

    def opening(self, service):
        client, port = self.client(4 if len(service.address) == 4 else 6), self.random.randrange(1, 65536)
        self.begun = model.Connection(service, [], client, port)
        return self.finish(CLIENTS, client, service.address, service.protocol,
                           self.transport(service.protocol, port, service.port, True))

    def request(self, connection):
        service = connection.service
        again = self.random.random() < 0.1
        return self.finish(CLIENTS, connection.client, service.address, service.protocol,
                           self.transport(service.protocol, connection.client_port, service.port, again))

    def reply(self, connection):
        service, server = connection.service, connection.candidates[0]
        return self.finish(self.servers, server.address, connection.client, service.protocol,
                           self.transport(service.protocol, server.port, connection.client_port, False))

    def error_of_client(self, connection):
        """About an answer as it went to the client, by the client or a router before it."""
        service = connection.service
        inner = self.inner(service.address, connection.client, service.protocol,
                           self.transport(service.protocol, service.port, connection.client_port, False))
        source = self.random.choice((connection.client, self.client(4 if len(connection.client) == 4 else 6)))
        return self.finish(CLIENTS, source, service.address, None, self.error(source, inner))

    def error_of_server(self, connection):
        """About a request as it went to the server, by the server or a router before it."""
        service, server = connection.service, connection.candidates[0]
        inner = self.inner(connection.client, server.address, service.protocol,
                           self.transport(service.protocol, connection.client_port, server.port, False))
        router = packed("10.0.255.254" if len(server.address) == 4 else "2001:db8:5::fe")
        source = self.random.choice((server.address, server.address, router))
        return self.finish(self.servers, source, connection.client, None, self.error(source, inner))

    def error_of_tunnel(self, connection):
        """About a request in its tunnel, by the server or a router before it, to the balancer."""
        service, server = connection.service, connection.candidates[0]
        request = ip(connection.client, service.address, service.protocol, self.random.randrange(1, 64)) / self.transport(
            service.protocol, connection.client_port, service.port, False)
        link = bytes(12) + (wire.ETHER_IP4 if len(service.address) == 4 else wire.ETHER_IP6).to_bytes(2, "big")
        packet = wire.parse(link + bytes(request), 0)
        v4 = server.family() == 4
        local = packed("10.0.0.1" if v4 else "2001:db8:5::1")
        outer = model.encapsulate(packet.ip, packet, server, local, model.Free(self.random.getrandbits(16), 50000))
        least = (20 if v4 else 40) + model.overhead(server) + 8
        outer = outer[: self.random.choice((28, least, least + 20, least + 40, least + 500))]
        source = self.random.choice((server.address, packed("10.0.255.254" if v4 else "2001:db8:5::fe")))
        return self.finish(self.servers, source, local, None, self.error(source, outer))

    def noise(self, service):
        """Nobody's: to be handed on, dropped or whatever, but never forwarded."""
        kind = self.random.choice(("stranger", "port", "echo", "arp", "nd", "ether", "protocol"))
        family = 4 if len(service.address) == 4 else 6
        client, link = self.client(family), Ether(src="02:00:00:00:99:99", dst=self.world.ports[CLIENTS].mac.hex(":"))
        if kind == "arp":
            return CLIENTS, bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(pdst="192.0.2.1", psrc="192.0.2.20"))
        if kind == "nd":
            return CLIENTS, bytes(Ether(dst="33:33:ff:00:00:01") /
                                  IPv6(src="2001:db8:c::20", dst="ff02::1:ff00:1", hlim=255) /
                                  ICMPv6ND_NS(tgt="2001:db8:c::1"))
        if kind == "ether":
            link.type = 0x88B5
            return CLIENTS, bytes(link / Raw(self.payload(60)))
        if kind == "stranger":
            return self.finish(CLIENTS, client, packed("203.0.113.200" if family == 4 else "2001:db8:aa::ffff"),
                               service.protocol, self.transport(service.protocol, 1024, service.port, True))
        if kind == "port":
            return self.finish(CLIENTS, client, service.address, service.protocol,
                               self.transport(service.protocol, 1024, service.port ^ 2, True))
        if kind == "echo":
            return self.finish(CLIENTS, client, service.address, None,
                               (ICMP(id=7) if family == 4 else ICMPv6EchoRequest(id=7)) / Raw(self.payload(20)))
        return self.finish(CLIENTS, client, service.address, 50, Raw(self.payload(40)))

    # Their parts.

    def payload(self, most):
        return self.random.randbytes(self.random.randrange(most))

    def transport(self, protocol, source, destination, opening):
        random = self.random
        data = Raw(self.payload(random.choice((1, 20, 100, 600))))
        if protocol == wire.UDP:
            return UDP(sport=source, dport=destination) / data
        if protocol == wire.SCTP:
            header = SCTP(sport=source, dport=destination, tag=random.getrandbits(32))
            if opening:
                return header / SCTPChunkInit(init_tag=random.getrandbits(32))
            return header / SCTPChunkData(data=bytes(data), tsn=random.getrandbits(32))
        flags = "S" if opening else random.choice(("A", "A", "PA", "FA", "R", "RA", "SA", "", "SF"))
        options = [("MSS", random.randrange(500, 9000)), ("WScale", 7)] if "S" in flags else []
        return TCP(sport=source, dport=destination, flags=flags, seq=random.getrandbits(32), ack=random.getrandbits(32),
                   options=options) / data

    def inner(self, source, destination, protocol, transport):
        """The packet that an error is about, as much as the error has of it."""
        packet = bytes(ip(source, destination, protocol, ttl=self.random.randrange(0, 65)) / transport)
        least = (20 if len(source) == 4 else 40) + 8
        return packet[: self.random.choice((least, least + 4, least + 12, least + self.random.randrange(400)))]

    def error(self, source, inner):
        kind, fields = self.random.choice(ERRORS4 if len(source) == 4 else ERRORS6)
        return kind(**fields) / Raw(inner)

    # The whole, with an oddity now and then.

    def finish(self, port, source, destination, protocol, transport):
        random = self.random
        oddity = random.choice(ODDITIES) if random.random() < 0.4 else ""
        header = ip(source, destination, protocol, random.randrange(2, 256))
        self.odd_header(header, oddity)
        between = self.between(header, oddity)
        if oddity == "no-checksum" and UDP in transport:
            transport[UDP].chksum = 0
        packet = header / between / transport if between is not None else header / transport
        if oddity == "long":
            # About as long as the link that it comes by takes.
            room = min(1900, self.world.ports[port].mtu) - len(bytes(packet)) - random.choice((0, 1, 20, 36, 60))
            packet = packet / Raw(random.randbytes(max(0, room)))
        link = self.link(port, len(source), oddity)
        return port, self.spoil(bytearray(link + bytes(packet)), len(link), oddity)

    def link(self, port, size, oddity):
        random, to, tag = self.random, self.world.ports[port].mac, self.world.ports[port].vlan
        if oddity == "other-host":
            to = bytes.fromhex("020000007777")
        elif oddity == "group":
            to = bytes.fromhex(random.choice(("ffffffffffff", "01005e000012")))
        elif oddity == "tagged":
            tag = random.choice((0, 7, 100, 4094))
        priority = random.randrange(8) << 13
        tagged = struct.pack("!HH", wire.ETHER_VLAN, priority | tag) if tag or oddity == "tagged" else b""
        return to + self.mac(99) + tagged + struct.pack("!H", wire.ETHER_IP4 if size == 4 else wire.ETHER_IP6)

    def odd_header(self, header, oddity):
        random = self.random
        if isinstance(header, IP):
            header.flags = random.choice(("DF", "DF", 0))
            header.id = random.getrandbits(16)
        if oddity == "ttl":
            header.fields["ttl" if isinstance(header, IP) else "hlim"] = random.randrange(3)
        elif oddity == "source":
            header.src = random.choice(("127.0.0.1", "224.0.0.5", "255.255.255.255", "0.0.0.0") if isinstance(header, IP)
                                       else ("::1", "ff02::1", "::"))
        elif oddity == "traffic":
            header.fields["tos" if isinstance(header, IP) else "tc"] = random.randrange(256)
        if isinstance(header, IPv6):
            header.fl = random.choice((0, random.getrandbits(20)))
        elif oddity == "options":
            header.options = [IPOption(random.choice((b"\x94\x04\x00\x00", b"\x01" * 8, b"\x07\x07\x04" + bytes(4))))]
        elif oddity == "fragment":
            header.flags, header.frag = random.choice((("MF", 0), ("MF", 5), (0, 5)))

    def between(self, header, oddity):
        """Extension headers."""
        random = self.random
        if isinstance(header, IP) or oddity not in ("extensions", "fragment"):
            return None
        if oddity == "fragment":
            return IPv6ExtHdrFragment(offset=random.choice((0, 5)), m=1, id=random.getrandbits(32))
        chain = IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]) if random.random() < 0.5 else None
        for _ in range(random.choice((0, 1, 2, 3, 7, 8, 9))):
            one = random.choice((IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(random.choice((4, 12, 60))))]),
                                 IPv6ExtHdrRouting(type=4, segleft=0)))
            if random.random() < 0.03:
                one = random.choice((IPv6ExtHdrRouting(type=4, segleft=1), IPv6ExtHdrHopByHop()))
            chain = chain / one if chain else one
        return chain

    def spoil(self, data, l3, oddity):
        random = self.random
        version6 = data[l3] >> 4 == 6
        if oddity == "checksum" and len(data) > l3 + 60:
            at = random.randrange(l3 + (40 if version6 else 20), len(data))
            data[at] ^= 1 << random.randrange(8)
        elif oddity == "header-checksum" and not version6:
            data[l3 + 10] ^= 1 << random.randrange(8)
        elif oddity == "truncated":
            del data[random.randrange(len(data)) :]
        elif oddity == "padding":
            data += random.randbytes(random.randrange(1, 40))
        elif oddity == "flip":
            data[random.randrange(l3, len(data))] ^= 1 << random.randrange(8)
        elif oddity == "version":
            data[l3] = random.getrandbits(8)
        elif oddity == "length":
            at = l3 + (4 if version6 else 2)
            wire.put(data, at, random.choice((0, 19, 20, 40, wire.number(data, at) - 1, wire.number(data, at) + 1)))
            if not version6:
                wire.put(data, l3 + 10, 0)
                wire.put(data, l3 + 10, wire.internet_checksum(data[l3 : l3 + (data[l3] & 15) * 4]))
        return bytes(data)


def listener(service):
    kind = {wire.TCP: "tcp", wire.UDP: "udp", wire.SCTP: "sctp"}[service.protocol]
    return f"{kind}://{endpoint(service)}"


def endpoint(one):
    address = text(one.address)
    return f"[{address}]:{one.port}" if ":" in address else f"{address}:{one.port}"


def ip(source, destination, protocol, ttl):
    if len(source) == 4:
        header = IP(src=text(source), dst=text(destination), ttl=ttl)
        if protocol:
            header.proto = protocol
        return header
    header = IPv6(src=text(source), dst=text(destination), hlim=ttl)
    if protocol and protocol not in (wire.TCP, wire.UDP, wire.SCTP):
        header.nh = protocol
    return header
