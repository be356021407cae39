# SPDX-License-Identifier: GPL-2.0-or-later
"""What a world of the model has in it. Two of anything are the same only if they are one."""
import dataclasses


@dataclasses.dataclass(eq=False)
class Port:
    mac: bytes
    vlan: int = 0
    mtu: int = 1500
    addresses: list = dataclasses.field(default_factory=list)  # of ipaddress.ip_interface


@dataclasses.dataclass(eq=False)
class Destination:
    address: bytes
    port: int
    weight: int
    method: str  # nat, direct, tunnel
    tunnel: str = ""  # ipip, gre, gue
    tunnel_port: int = 0
    checksum: str = "none"
    upper: int = 0  # thresholds; 0: none
    lower: int = 0
    full: set = dataclasses.field(default_factory=lambda: {False})  # what it may be: both, where nobody knows

    def family(self):
        return 4 if len(self.address) == 4 else 6


@dataclasses.dataclass(eq=False)
class Service:
    protocol: int
    address: bytes
    port: int
    scheduler: str
    destinations: list
    persistence: int = 0  # seconds; 0: none
    prefix: int = 0  # of clients that count as one
    one_packet: bool = False
    chosen: object = None  # the Destination of the last free choice, where it is known

    def family(self):
        return 4 if len(self.address) == 4 else 6


@dataclasses.dataclass(eq=False)
class Connection:
    """Of a service with `one_packet`, what was seen of a flow: nothing is kept of it but GUE's source port."""

    service: Service
    candidates: list  # destinations that it may have; one, as soon as a packet has told
    client: bytes
    client_port: int
    offer: object = None  # choice.Offer, of which the candidates are
    turn: int = 0  # in which it began
    last: int = 0  # when its last packet came
    outer_port: int = None  # GUE's source port, once it was seen
    before: object = None  # the connection whose place it took, until the turn is over
    closing: bool = False  # one side has said that it ends: who opens it again may get another destination

    @property
    def request_flow(self):
        service = self.service
        return (service.protocol, self.client, self.client_port, service.address, service.port)
