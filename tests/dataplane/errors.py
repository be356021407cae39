# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP errors as hosts and routers on the way send them: what is wrong, who says so, how much is quoted."""
import struct

from scapy.layers.inet import ICMP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded
from scapy.packet import Raw

import wire
from worlds import packed

KINDS4 = [(ICMP, {"type": 3, "code": code}) for code in (0, 1, 3, 10, 13)] + [
    (ICMP, {"type": 3, "code": 4, "nexthopmtu": 1300}), (ICMP, {"type": 3, "code": 4, "nexthopmtu": 576}),
    (ICMP, {"type": 11}), (ICMP, {"type": 11, "code": 1}), (ICMP, {"type": 12, "ptr": 9})]
KINDS6 = [(ICMPv6DestUnreach, {"code": code}) for code in (0, 1, 3, 4, 5)] + [
    (ICMPv6PacketTooBig, {"mtu": 1300}), (ICMPv6PacketTooBig, {"mtu": 1280}), (ICMPv6TimeExceeded, {}),
    (ICMPv6ParamProblem, {"ptr": 6})]
# Neither clients nor servers: next to the balancer, farther on, with addresses that lead nowhere.
ROUTERS = {
    ("clients", 4): ("192.0.2.254", "198.18.0.7", "100.64.0.1"),
    ("clients", 6): ("2001:db8:c::fe", "2001:db8:fe::7", "fd00:1::1"),
    ("servers", 4): ("10.0.255.254", "10.9.255.1", "172.16.3.3"),
    ("servers", 6): ("2001:db8:5::fe", "2001:db8:9::ff:1", "fd00:2::1"),
}
# RFC 4884: bytes of the packet that come before extensions, and what stands there: a label of MPLS (RFC 4950).
EXTENDED = 128
EXTENSION = struct.pack("!HHHBBI", 2 << 12, 0, 8, 1, 1, 0x00010140)


def router(random, side, family):
    return packed(random.choice(ROUTERS[side, family]))


def quoted(random, packet):
    """As much of it as an error has."""
    least = (20 if packet[0] >> 4 == 4 else 40) + 8
    return packet[: random.choice((least, least + 4, least + 12, least + random.randrange(400), len(packet)))]


def error(random, family, packet):
    """About a packet, of which not more is quoted than there is room for; with extensions now and then."""
    kind, fields = random.choice(KINDS4 if family == 4 else KINDS6)
    header = kind(**fields)
    if extends(kind, fields) and random.random() < 0.2:
        header.length = EXTENDED // (4 if family == 4 else 8)
        value = wire.internet_checksum(EXTENSION)
        extension = EXTENSION[:2] + value.to_bytes(2, "big") + EXTENSION[4:]
        return header / Raw(packet[:EXTENDED].ljust(EXTENDED, b"\0") + extension)
    return header / Raw(packet[: 576 - 28 if family == 4 else 1280 - 48])


def extends(kind, fields):
    return kind in (ICMPv6DestUnreach, ICMPv6TimeExceeded) or fields.get("type") in (3, 11, 12)
