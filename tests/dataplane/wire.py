# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames as bytes, plainly: what a frame is, and how its checksums become right again.

Everything is computed in full and slowly. A checksum that was wrong must stay wrong by as much as it was wrong
before, so `mended()` takes the error of the old field over to the new one; that is what RFC 1624 does by
differences, in another way.
"""
import ipaddress

from scapy.layers.sctp import crc32c

ICMP, TCP, UDP, ICMP6, SCTP = 1, 6, 17, 58, 132
HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS = 0, 43, 44, 60
ETHER_IP4, ETHER_IP6, ETHER_ARP, ETHER_VLAN = 0x0800, 0x86DD, 0x0806, 0x8100
TCP_OPTION_END, TCP_OPTION_NOP, TCP_OPTION_MSS = 0, 1, 2
EXTENSIONS_MOST = 8
EXTENSION_BYTES_MOST = 512

# Where the checksum stands in the transport's header, and how long that is at least.
CHECKSUM_PLACE = {TCP: 16, UDP: 6, ICMP: 2, ICMP6: 2}
LEAST_HEADER = {TCP: 20, UDP: 8, SCTP: 16, ICMP: 8, ICMP6: 8}  # SCTP's with its first chunk's
LEAST_INSIDE = {TCP: 4, UDP: 4, SCTP: 4, ICMP: 6, ICMP6: 6}
# Those about another packet (RFC 792, RFC 4443) but source quench (RFC 6633) and redirects, which are for hosts.
ERRORS = {ICMP: (3, 11, 12), ICMP6: (1, 2, 3, 4)}
QUERIES = {ICMP: (0, 8), ICMP6: (128, 129)}


class Bad(Exception):
    """A frame that must go nowhere, and why."""


def number(data, at, size=2):
    return int.from_bytes(data[at : at + size], "big")


def put(data, at, value, size=2):
    data[at : at + size] = value.to_bytes(size, "big")


def internet_checksum(data):
    """RFC 1071: 0 for data whose sum is all ones."""
    data = bytes(data) + b"\0" * (len(data) % 2)
    total = sum(number(data, at) for at in range(0, len(data), 2))
    return (0xFFFF - total % 0xFFFF) % 0xFFFF if total else 0xFFFF


def pseudo_header(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + bytes([0, protocol]) + length.to_bytes(2, "big")
    return source + destination + length.to_bytes(4, "big") + bytes([0, 0, 0, protocol])


def transport_checksum(source, destination, protocol, segment):
    """Of the segment as if its checksum were zero."""
    place = CHECKSUM_PLACE[protocol]
    zeroed = segment[:place] + b"\0\0" + segment[place + 2 :]
    before = b"" if protocol == ICMP else pseudo_header(source, destination, protocol, len(segment))
    return internet_checksum(before + zeroed)


def mended(field, right_before, right_now):
    """The field, as wrong as it was."""
    return (field - right_before + right_now) % 0xFFFF


def sctp_checksum(packet):
    """In the order of its field: scapy has turned it round."""
    return crc32c(packet[:8] + b"\0\0\0\0" + packet[12:]).to_bytes(4, "big")


class Packet:
    """What a frame has in it. `ip` is the IP packet alone, without padding.

    kind: transport, query, error, icmp, fragment, ip, arp, other. `ports` are None where there are none."""

    def __init__(self, kind, link=b"", ip=b"", whole=b""):
        self.kind, self.link, self.ip, self.whole = kind, link, ip, whole
        self.source = self.destination = b""
        self.protocol = self.l4 = self.ttl = 0
        self.total = len(ip)  # bytes that it says it has
        self.cut_off = False  # a first fragment: nobody knows how much there was
        self.ports = None
        self.dont_fragment = True

    @property
    def family(self):
        return 4 if len(self.source) == 4 else 6

    def source_text(self):
        return str(ipaddress.ip_address(self.source))

    def destination_text(self):
        return str(ipaddress.ip_address(self.destination))

    @property
    def segment(self):
        return self.ip[self.l4 :]

    @property
    def flow(self):
        return (self.protocol, self.source, self.ports[0], self.destination, self.ports[1])


def parse(frame, vlan):
    """The packet of a frame that came in by a port whose frames carry this tag (0: none). Raises Bad."""
    if len(frame) < 14:
        raise Bad("short")
    at, kind = 14, number(frame, 12)
    tag = 0
    if kind == ETHER_VLAN:
        if len(frame) < 18:
            raise Bad("short")
        at, kind, tag = 18, number(frame, 16), number(frame, 14) & 0xFFF
    # A tag of number 0 says only a priority (IEEE 802.1Q).
    if tag != vlan:
        return Packet("other", frame[:at], whole=frame)
    if kind == ETHER_ARP:
        return Packet("arp", frame[:at], whole=frame)
    if kind not in (ETHER_IP4, ETHER_IP6):
        return Packet("other", frame[:at], whole=frame)
    packet = (ip4 if kind == ETHER_IP4 else ip6)(frame[at:])
    packet.link, packet.whole = frame[:at], frame
    return packet


def check_source(source, destination):
    """RFC 1122 section 3.2.1.3, RFC 4291. Who looks for its address has none yet, and asks all or a group."""
    address, to = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if int(address) == 0 and (to.is_multicast if to.version == 6 else destination == b"\xff" * 4):
        return
    if address.is_multicast or address.is_loopback or int(address) == 0 or source == b"\xff" * 4:
        raise Bad("source")
    if len(source) == 4 and source[0] == 0:
        raise Bad("source")


def ip4(data, inner=False):
    """Of an inner packet only the beginning is there, and nobody vouches for its fields."""
    if len(data) < 20:
        raise Bad("short")
    if data[0] >> 4 != 4:
        raise Bad("version")
    header, total = (data[0] & 15) * 4, number(data, 2)
    if header < 20 or header > min(len(data), total):
        raise Bad("header length")
    if not inner:
        if total < header or total > len(data):
            raise Bad("total length")
        if internet_checksum(data[:header]) != 0:
            raise Bad("header checksum")
    packet = Packet("ip", ip=data[:total])
    packet.source, packet.destination = data[12:16], data[16:20]
    packet.ttl, packet.protocol, packet.l4 = data[8], data[9], header
    packet.dont_fragment = bool(data[6] & 0x40)
    if not inner:
        check_source(packet.source, packet.destination)
    packet.total, packet.cut_off = total, bool(number(data, 6) & 0x2000)
    if number(data, 6) & (0x1FFF if inner else 0x3FFF):
        packet.kind = "fragment"
        return packet
    return transport(packet, inner)


def ip6(data, inner=False):
    if len(data) < 40:
        raise Bad("short")
    if data[0] >> 4 != 6:
        raise Bad("version")
    total = 40 + number(data, 4)
    if not inner and total > len(data):
        raise Bad("total length")
    packet = Packet("ip", ip=data[:total])
    packet.source, packet.destination, packet.ttl = data[8:24], data[24:40], data[7]
    if not inner:
        check_source(packet.source, packet.destination)
    packet.protocol, packet.l4, packet.total = data[6], 40, total
    walked = walk(packet, 0)
    if packet.protocol == FRAGMENT:
        if len(packet.ip) < packet.l4 + 8:
            raise Bad("short")
        packet.kind = "fragment"
        if not inner or number(packet.ip, packet.l4 + 2) & 0xFFF8:
            return packet
        packet.cut_off = True
        packet.kind, packet.protocol, packet.l4 = "ip", packet.ip[packet.l4], packet.l4 + 8
        walk(packet, walked + 1)
    return packet if packet.protocol == ROUTING else transport(packet, inner)


def walk(packet, walked):
    """Past the extension headers; gives their number."""
    first = packet.l4
    while packet.protocol in (HOP_BY_HOP, ROUTING, OPTIONS):
        if walked == EXTENSIONS_MOST or (packet.protocol == HOP_BY_HOP and walked):
            raise Bad("extensions")
        if len(packet.ip) < packet.l4 + 8:
            raise Bad("short")
        length = (packet.ip[packet.l4 + 1] + 1) * 8
        if packet.l4 + length - first > EXTENSION_BYTES_MOST:
            raise Bad("extensions")
        if len(packet.ip) < packet.l4 + length:
            raise Bad("short")
        if packet.protocol == ROUTING and packet.ip[packet.l4 + 3]:
            break  # on its way to somewhere else first
        walked += 1
        packet.protocol, packet.l4 = packet.ip[packet.l4], packet.l4 + length
    return walked


def transport(packet, inner):
    segment, protocol = packet.segment, packet.protocol
    if protocol not in LEAST_HEADER or protocol == (ICMP6 if packet.family == 4 else ICMP):
        return packet
    if len(segment) < (LEAST_INSIDE if inner else LEAST_HEADER)[protocol]:
        raise Bad("short")
    if protocol == TCP and not inner and not 20 <= (segment[12] >> 4) * 4 <= len(segment):
        raise Bad("header length")
    if protocol in (TCP, UDP, SCTP):
        packet.kind, packet.ports = "transport", (number(segment, 0), number(segment, 2))
    elif segment[0] in QUERIES[protocol]:
        packet.kind, packet.ports = "query", (number(segment, 4),) * 2
    else:
        packet.kind = "error" if segment[0] in ERRORS[protocol] else "icmp"
    return packet


# Types of errors that may have extensions, where they say how much is before these, and in what (RFC 4884).
EXTENDED = {4: ((3, 11, 12), 5, 4), 6: ((1, 3), 4, 8)}
EXTENDED_LEAST = 128


def inner_of(packet):
    """The packet that an ICMP error is about. Raises Bad where it does not say enough."""
    data, (kinds, place, unit) = packet.segment[8:], EXTENDED[packet.family]
    length = packet.segment[place] * unit
    if packet.segment[0] in kinds and EXTENDED_LEAST <= length <= len(data):
        data = data[:length]
    inner = (ip4 if packet.family == 4 else ip6)(data, inner=True)
    if inner.kind not in ("transport", "query", "ip"):
        raise Bad(inner.kind)
    return inner


def tunnelled_in(inner):
    """The beginning of the packet that a packet of a tunnel has within, itself inside an ICMP error. Raises Bad."""
    data, protocol = inner.segment, inner.protocol
    if protocol == 47:
        if number(data, 0) not in (0, 0x8000):
            raise Bad("not our GRE")
        protocol = {ETHER_IP4: 4, ETHER_IP6: 41}.get(number(data, 2), 0)
        data = data[8 if number(data, 0) == 0x8000 else 4 :]
    elif protocol == UDP:
        if len(data) < 12 or data[8] >> 5:
            raise Bad("no GUE")
        protocol, data = data[9], data[12 + 4 * (data[8] & 31) :]
    if protocol not in (4, 41):
        raise Bad("no tunnel")
    within = (ip4 if protocol == 4 else ip6)(data, inner=True)
    if within.kind != "transport":
        raise Bad("no transport")
    return within


class Change:
    """Another packet out of this one: new addresses, ports and TTL, then checksums as right or wrong as they
    were."""

    def __init__(self, packet):
        self.old, self.new, self.l4 = packet, bytearray(packet.ip), packet.l4

    def address(self, which, value):
        size = 4 if self.old.family == 4 else 16
        at = (12 if size == 4 else 8) + (size if which == "destination" else 0)
        self.new[at : at + size] = value

    def port(self, which, value):
        if self.old.kind == "transport":
            put(self.new, self.l4 + (2 if which == "destination" else 0), value)

    def inner(self, change):
        """The packet that this ICMP error is about."""
        at, data = self.l4 + 8, change.bytes()
        self.new[at : at + len(data)] = data

    def lower_mss(self, mtu):
        """Of TCP, to what such a link carries (RFC 9293 section 3.7.1): without options of IP or TCP."""
        at, end = self.l4 + 20, self.l4 + (self.new[self.l4 + 12] >> 4) * 4
        most = mtu - (40 if self.old.family == 4 else 60)
        while at < end and self.new[at] != TCP_OPTION_END:
            length = 1 if self.new[at] == TCP_OPTION_NOP else self.new[at + 1] if at + 1 < end else 0
            if length < (1 if self.new[at] == TCP_OPTION_NOP else 2) or at + length > end:
                return
            if self.new[at] == TCP_OPTION_MSS and length == 4:
                put(self.new, at + 2, min(number(self.new, at + 2), most))
                return
            at += length

    def decrement_ttl(self):
        self.new[8 if self.old.family == 4 else 7] -= 1

    def addresses(self):
        size, at = (4, 12) if self.old.family == 4 else (16, 8)
        return bytes(self.new[at : at + size]), bytes(self.new[at + size : at + 2 * size])

    def bytes(self):
        old, new, l4 = self.old, self.new, self.l4
        if old.family == 4:
            self.mend_header()
        if old.protocol == SCTP:
            if new[l4 : l4 + 4] != old.ip[l4 : l4 + 4] and len(new) >= l4 + 12 and not old.cut_off:
                # A CRC is linear: what an ICMP error has not of the packet may as well be zeros, so many as
                # are missing.
                missing = bytes(old.total - len(old.ip))
                right = sctp_checksum(old.segment + missing), sctp_checksum(bytes(new[l4:]) + missing)
                new[l4 + 8 : l4 + 12] = bytes(a ^ b ^ c for a, b, c in zip(old.segment[8:12], *right))
            return bytes(new)
        place = l4 + CHECKSUM_PLACE.get(old.protocol, len(new))
        if len(new) < place + 2:
            return bytes(new)
        self.mend_transport(place)
        return bytes(new)

    def mend_header(self):
        size = self.l4
        before, now = bytearray(self.old.ip[:size]), self.new[:size]
        before[10:12] = now[10:12] = b"\0\0"
        if before != now:
            put(self.new, 10, mended(number(self.old.ip, 10), internet_checksum(before), internet_checksum(now)))

    def mend_transport(self, place):
        old, protocol = self.old, self.old.protocol
        field = number(old.ip, place)
        if protocol == UDP and field == 0:
            return
        before = transport_checksum(old.source, old.destination, protocol, old.segment)
        now = transport_checksum(*self.addresses(), protocol, bytes(self.new[self.l4 :]))
        if before == now and old.segment == self.new[self.l4 :]:
            return
        value = mended(field, before, now)
        put(self.new, place, value or (0xFFFF if protocol == UDP else 0))
