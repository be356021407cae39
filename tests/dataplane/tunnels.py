# SPDX-License-Identifier: GPL-2.0-or-later
"""What a tunnel puts before a packet, and what is said of it when an ICMP error comes back about that."""
import dataclasses
import ipaddress
import struct

from scapy.layers.inet import IP, UDP as ScapyUDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE

import wire


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


def overhead(destination, packet=None):
    """Bytes before a packet; at most, where it is not known which."""
    outer = 20 if destination.family() == 4 else 40
    if destination.tunnel == "gre":
        return outer + (8 if destination.checksum == "full" else 4)
    if destination.tunnel == "gue":
        remote = destination.checksum == "remote" and (not packet or packet.kind == "transport")
        return outer + 8 + (12 if remote else 4)
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


# Errors about what is in one.


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
