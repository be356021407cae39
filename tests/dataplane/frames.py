# SPDX-License-Identifier: GPL-2.0-or-later
"""Random frames that make sense in a world: most belong to conversations, some are hostile, some are noise.

Frames are made for a way; what the model has learnt of its connections tells where answers come from.
"""
import dataclasses
import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
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

import errors
import parts
import tunnels
import wire
from worlds import CLIENTS, WAYS, packed, text

BURST = 32

# What may be wrong with a frame, or unusual; None most of the time.
ODDITIES = (
    "ttl", "options", "extensions", "fragment", "checksum", "header-checksum", "truncated", "padding", "flip", "tagged",
    "other-host", "group", "source", "traffic", "no-checksum", "length", "long", "version",
)


@dataclasses.dataclass
class Frame:
    """One that comes in with a turn."""

    way: str
    port: int
    data: bytes
    kind: str = ""  # "router": an ICMP error of a router's


class Generator:
    def __init__(self, random, setting):
        self.random, self.setting = random, setting
        self.world, self.servers, self.services = setting.world, setting.servers, setting.services
        self.gone = []  # connections of the past
        self.begun = None  # the connection that the last frame opens, if it does
        self.routed = False  # whether the last frame is a router's

    # Frames: (port, bytes).

    def batch(self, count):
        """Frames of a turn. A connection may go on in the turn that it begins in. In the order in which they are
        taken from the ports: BURST from each in turn."""
        made = []
        while len(made) < count:
            way = self.random.choice(list(WAYS))
            self.begun, self.routed = None, False
            made.append(Frame(way, *self.frame(way), "router" if self.routed else ""))
            if self.begun and self.random.random() < 0.3:
                made.append(Frame(way, *self.request(self.begun)))
        by_port = [[one for one in made if one.port == port] for port in range(len(self.world.ports))]
        return [one for first in range(0, len(made), BURST) for some in by_port for one in some[first : first + BURST]]

    def frame(self, way):
        service = self.services[way]
        gone = [one for one in self.gone if one.service is service]
        if gone and self.random.random() < 0.05:
            return self.request(self.random.choice(gone))
        known = [one for one in [*self.world.requests.values(), *self.world.alone.values()] if one.service is service]
        settled = [one for one in known if len(one.candidates) == 1]
        nat = WAYS[way][0] == "nat"
        chance = self.random.random()
        if not known or chance < (0.3 if service.persistence else 0.2):
            return self.opening(service, known + gone)
        if chance < (0.75 if service.one_packet else 0.5) or not settled:
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

    def opening(self, service, earlier):
        """Where clients persist, many come again."""
        client, port = self.client(service.family()), self.random.randrange(1, 65536)
        if service.persistence and earlier and self.random.random() < 0.6:
            client = self.random.choice(earlier).client
        self.begun = parts.Connection(service, [], client, port)
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
        """About an answer as it went to the client, by the client, another one, or a router before it."""
        service = connection.service
        inner = self.inner(service.address, connection.client, service.protocol,
                           self.transport(service.protocol, service.port, connection.client_port, False))
        source = self.random.choice((connection.client, self.client(service.family())))
        return self.error("clients", source, service.address, inner)

    def error_of_server(self, connection):
        """About a request as it went to the server, by the server or a router before it."""
        service, server = connection.service, connection.candidates[0]
        inner = self.inner(connection.client, server.address, service.protocol,
                           self.transport(service.protocol, connection.client_port, server.port, False))
        return self.error("servers", server.address, connection.client, inner)

    def error_of_tunnel(self, connection):
        """About a request in its tunnel, by the server or a router before it, to the balancer."""
        service, server = connection.service, connection.candidates[0]
        header = ip(connection.client, service.address, service.protocol, self.random.randrange(1, 64))
        request = header / self.transport(service.protocol, connection.client_port, service.port, False)
        link = bytes(12) + (wire.ETHER_IP4 if len(service.address) == 4 else wire.ETHER_IP6).to_bytes(2, "big")
        packet = wire.parse(link + bytes(request), 0)
        v4 = server.family() == 4
        local = packed("10.0.0.1" if v4 else "2001:db8:5::1")
        outer = tunnels.encapsulate(packet.ip, packet, server, local, tunnels.Free(self.random.getrandbits(16), 50000))
        least = (20 if v4 else 40) + tunnels.overhead(server) + 8
        outer = outer[: self.random.choice((28, least, least + 20, least + 40, least + 500))]
        return self.error("servers", server.address, local, outer)

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
        return TCP(sport=source, dport=destination, flags=flags, seq=random.getrandbits(32), ack=random.getrandbits(32),
                   options=self.tcp_options("S" in flags)) / data

    def tcp_options(self, opening):
        """The MSS at any place, even or odd; after the end, after what is broken; twice, or with another length."""
        random = self.random
        mss = [("MSS", random.randrange(500, 9000))]
        if not opening:
            return mss if random.random() < 0.05 else []
        before = random.choice((
            [], [], [("NOP", None)], [("WScale", 7)], [("NOP", None), ("SAckOK", b"")], [("EOL", None)], [(77, b"")],
            [(2, b"\x05")], [(77, bytes(5))], mss))
        if random.random() < 0.1:
            return before
        return before + mss + random.choice(([], [("WScale", 7)], [("SAckOK", b"")]))

    def inner(self, source, destination, protocol, transport):
        """The packet that an error is about, as much as the error has of it. A router that has no TTL left for it
        may show one of 0."""
        packet = ip(source, destination, protocol, ttl=self.random.choice((0, 1, self.random.randrange(65))))
        return errors.quoted(self.random, bytes(packet / transport))

    def error(self, side, source, destination, inner):
        """By an end, or by a router on the way to it."""
        family, self.routed = 4 if len(destination) == 4 else 6, self.random.random() < 0.7
        if self.routed:
            source = errors.router(self.random, side, family)
        port = CLIENTS if side == "clients" else self.servers
        return self.finish(port, source, destination, None, errors.error(self.random, family, inner))

    # The whole, with an oddity now and then.

    def finish(self, port, source, destination, protocol, transport):
        random = self.random
        oddity = random.choice(ODDITIES) if random.random() < 0.35 else ""
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
        kind = wire.ETHER_IP4 if size == 4 else wire.ETHER_IP6
        return to + bytes.fromhex("020000009999") + tagged + kind.to_bytes(2, "big")

    def odd_header(self, header, oddity):
        random = self.random
        if isinstance(header, IP):
            header.flags = random.choice(("DF", "DF", 0))
            header.id = random.getrandbits(16)
        if oddity == "ttl":
            header.fields["ttl" if isinstance(header, IP) else "hlim"] = random.randrange(3)
        elif oddity == "source":
            bad4, bad6 = ("127.0.0.1", "224.0.0.5", "255.255.255.255", "0.0.0.0"), ("::1", "ff02::1", "::")
            header.src = random.choice(bad4 if isinstance(header, IP) else bad6)
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
