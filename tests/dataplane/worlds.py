# SPDX-License-Identifier: GPL-2.0-or-later
"""Random worlds: ports, neighbours, routes, and a service for each WAY (a method, a tunnel, the families of service
and destination), which has one of the SCENARIOS; and what changes in them between two turns.

Worlds in a row have each way in each scenario by turns; then one world in two lowers the MSS of TCP. The first
destination of each service is there at the beginning: the others may weigh nothing, or nobody knows where they are.
"""
import ipaddress

import model
import parts
import wire

# name: method, tunnel, family of the service, family of the destination.
WAYS = {
    f"{method}{'-' + tunnel if tunnel else ''}-{inner}{'in' + str(outer) if tunnel else ''}": (method, tunnel,
    inner, outer) for method, tunnels in (("nat", ("",)), ("direct", ("",)), ("tunnel", ("ipip", "gre", "gue")))
    for tunnel in tunnels
    for inner in (4, 6)
    for outer in ((4, 6) if tunnel else (inner,))
}
SCENARIOS = ("plain", "persistence", "one-packet", "thresholds", "weights")
CHECKSUMS = {"": ("none",), "ipip": ("none",), "gre": ("none", "full"), "gue": ("none", "full", "remote")}
SCHEDULERS = ("rr", "wrr", "wlc", "lc", "sh", "mh", "sed", "nq", "dh")
CLIENTS = 0  # the port that they are behind; servers are behind another one, or the same
TIMEOUTS = (1, 60, 60, 300, 600, 3600)  # of persistence
# Of prefixes: each alone, a few of them, those of a network, all.
PREFIXES = {4: (32, 32, 30, 24, 8), 6: (128, 128, 126, 64, 32)}


def packed(address):
    return ipaddress.ip_address(address).packed


def text(address):
    return str(ipaddress.ip_address(address))


def mac(random, last):
    return bytes([2, 0, 0, 0, random.randrange(256), last])


class Setting:
    """A world for the model, and as the lines of a case."""

    def __init__(self, random, number):
        self.random, self.number = random, number
        self.servers = random.choice((1, 1, CLIENTS))
        self.services = {}  # way -> Service
        self.scenarios = {}  # way -> name
        neighbours = self.neighbours()
        for place, way in enumerate(WAYS):
            self.scenarios[way] = SCENARIOS[(place + number) % len(SCENARIOS)]
            self.services[way] = self.service(place, way, neighbours)
        self.world = model.World(self.ports(), neighbours, self.routes(), self.services.values(),
                                 number // len(SCENARIOS) % 2 == 0)

    def ports(self):
        random = self.random
        outside = [ipaddress.ip_interface(a) for a in ("192.0.2.1/24", "2001:db8:c::1/64")]
        inside = [ipaddress.ip_interface(a) for a in ("10.0.0.1/16", "2001:db8:5::1/64")]
        vlan, mtu = random.choice((0, 0, 100, 4094)), random.choice((1500, 1500, 1400, 9000))
        if self.servers == CLIENTS:
            return [parts.Port(mac(random, 1), vlan, mtu, outside + inside)]
        return [parts.Port(mac(random, 1), 0, 1500, outside), parts.Port(mac(random, 2), vlan, mtu, inside)]

    def routes(self):
        return [(ipaddress.ip_network(to), port, ipaddress.ip_address(via)) for to, port, via in (
            ("0.0.0.0/0", CLIENTS, "192.0.2.254"), ("::/0", CLIENTS, "2001:db8:c::fe"),
            ("10.9.0.0/16", self.servers, "10.0.255.254"), ("2001:db8:9::/48", self.servers, "2001:db8:5::fe"))]

    def neighbours(self):
        """The routers and the clients; servers come to them."""
        out, back = mac(self.random, 3), mac(self.random, 4)
        known = {
            (CLIENTS, packed("192.0.2.254")): out, (CLIENTS, packed("2001:db8:c::fe")): out,
            (self.servers, packed("10.0.255.254")): back, (self.servers, packed("2001:db8:5::fe")): back,
        }
        for number in range(20, 30):
            known[CLIENTS, packed(f"192.0.2.{number}")] = mac(self.random, number)
            known[CLIENTS, packed(f"2001:db8:c::{number}")] = mac(self.random, number)
        return known

    def service(self, place, way, neighbours):
        random, scenario = self.random, self.scenarios[way]
        method, _, inner, _ = WAYS[way]
        protocol = random.choice((wire.TCP, wire.TCP, wire.UDP, wire.SCTP))
        if scenario == "one-packet" or (scenario == "thresholds" and random.random() < 0.5):
            protocol = wire.UDP
        service = parts.Service(
            protocol, packed(f"203.0.113.{place + 1}" if inner == 4 else f"2001:db8:aa::{place + 1:x}"),
            random.choice((80, 443, 53, 65535, 1)), random.choice(SCHEDULERS), [])
        service.one_packet = scenario == "one-packet"
        if service.one_packet:
            service.scheduler = random.choice(("rr", "rr", "wrr", "wlc", "sh"))
        if scenario == "persistence" or (scenario != "plain" and random.random() < 0.2):
            service.persistence, service.prefix = random.choice(TIMEOUTS), random.choice(PREFIXES[inner])
        for number in range(random.randint(1 if scenario == "plain" else 2, 3)):
            port = random.choice((service.port, 8080)) if method == "nat" else service.port
            service.destinations.append(self.destination(way, place, number, port, neighbours))
        if len(service.destinations) > 1 and random.random() < 0.3:
            random.choice(service.destinations[1:]).weight = 0
        return service

    def destination(self, way, place, number, port, neighbours):
        random = self.random
        method, tunnel, _, outer = WAYS[way]
        far = random.random() < 0.2
        where = packed((f"10.{9 if far else 0}.{place + 1}.{number + 1}") if outer == 4 else
                       (f"2001:db8:{9 if far else 5}::{place + 1:x}:{number + 1:x}"))
        if not far and (number == 0 or random.random() < 0.95):
            neighbours[self.servers, where] = mac(random, 100 + number)
        one = parts.Destination(
            where, port, random.choice((1, 1, 2, 5)), method, tunnel,
            random.choice((6080, 5555)) if tunnel == "gue" else 0, random.choice(CHECKSUMS[tunnel]))
        if self.scenarios[way] == "thresholds":
            one.upper = random.choice((0, 1, 2, 3, 4, 5))
            one.lower = random.choice((0, 1, one.upper // 2, one.upper))
        return one

    def lines(self):
        world = self.world
        yield f"case {self.random.choice((1, 1, 2, 3))} {int(world.clamp)}"
        for port in world.ports:
            yield " ".join(["port", port.mac.hex(":"), str(port.vlan), str(port.mtu), *map(str, port.addresses)])
        for (port, address), link in world.neighbours.items():
            yield f"neighbour {port} {text(address)} {link.hex(':')}"
        for network, port, via in world.routes:
            yield f"route {network} {via} {port}"
        for service in world.services.values():
            prefix = service.prefix or PREFIXES[service.family()][0]
            yield (f"service {listener(service)} {service.scheduler} {service.persistence} {prefix} "
                   f"{int(service.one_packet)}")
            for one in sorted(service.destinations, key=lambda one: (one.address, one.port)):
                yield (f"destination {endpoint(one)} {one.weight} {one.method} {one.tunnel or '-'} "
                       f"{one.tunnel_port} {one.checksum} {one.upper} {one.lower}")
        yield "open"

    # Between two turns: each gives lines, or none.

    def deletion(self):
        """Of a destination that has connections, and is not the last of its service that gets some."""
        several = [one for one in self.world.requests.values() if len(one.candidates) == 1
                   and any(other.weight for other in one.service.destinations if other is not one.candidates[0])]
        if not several:
            return []
        connection = self.random.choice(several)
        destination = connection.candidates[0]
        self.world.delete(connection.service, destination)
        return [f"delete {listener(connection.service)} {endpoint(destination)}"]

    def weights(self):
        """Of half the services that are about them, and of those that persist."""
        lines = []
        for way, service in self.services.items():
            if self.scenarios[way] in ("weights", "persistence") and self.random.random() < 0.5:
                heavy = [one for one in service.destinations if one.weight]
                one = self.random.choice(service.destinations)
                if heavy == [one] and self.random.random() < 0.7:
                    continue  # seldom nobody is left
                one.weight = 0 if one.weight else self.random.choice((1, 2, 5))
                lines.append(f"weight {listener(service)} {endpoint(one)} {one.weight}")
        return lines


def listener(service):
    kind = {wire.TCP: "tcp", wire.UDP: "udp", wire.SCTP: "sctp"}[service.protocol]
    return f"{kind}://{endpoint(service)}"


def endpoint(one):
    address = text(one.address)
    return f"[{address}]:{one.port}" if ":" in address else f"{address}:{one.port}"
