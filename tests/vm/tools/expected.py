# SPDX-License-Identifier: GPL-2.0-or-later
"""expected.py OUT PATH…: what ipvsadm must show when the file or folder PATH is in force.

Written from poise.yaml(5) and ipvsadm(8), with nothing of poise, so that both would have to be wrong
in the same way. It takes only files that are right. Each PATH gets a folder of its name
in OUT, with

  rules        ipvsadm -Sn, sorted
  thresholds   SERVICE DESTINATION UPPER LOWER, of ipvsadm -Ln --thresholds, sorted
  timeouts     tcp, tcp-fin, udp on a line each: the value, or "-" where the file does not say
  daemons      what ipvsadm -Ln --daemon shows, sorted; no such file where the file does not say
  sysctls      NAME VALUE, sorted
  procfs       PROTOCOL ADDRESS SCHEDULER lines and destination lines of /proc/net/ip_vs, sorted
  interfaces   the names of the interfaces that must exist
"""
import ipaddress
import os
import re
import sys

import yaml

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
FORWARD = {"nat": "-m", "direct": "-g", "tunnel": "-i"}
PROC_FORWARD = {"nat": "Masq", "direct": "Route", "tunnel": "Tunnel"}
# What is written beside the mask of flags: flag-1 is what sh and mh call their fallback.
FLAG_NUMBERS = {"sh-fallback": 1, "sh-port": 2, "mh-fallback": 1, "mh-port": 2,
                "flag-1": 1, "flag-2": 2, "flag-3": 3}


class Loader(yaml.SafeLoader):
    """YAML 1.2's scalars: `on` is a word, 1_000 and 10:30 are no numbers."""


Loader.yaml_implicit_resolvers = {}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"),
                             list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(~|null|)$"), ["~", "n", ""])


def seconds(text):
    """5m, 1h30m, 90s."""
    parts = re.findall(r"([0-9]+)(ms|s|m|h|d)", str(text))
    return int(sum(int(number) * SECONDS[unit] for number, unit in parts))


def size(text):
    match = re.fullmatch(r"([0-9]+) ?(B|kB|KB|KiB|MB|MiB)?", str(text))
    return int(match[1]) * {"kB": 1000, "KB": 1000, "KiB": 1024, "MB": 10**6, "MiB": 2**20,
                            "B": 1, None: 1}[match[2]]


def files_of(path):
    """poise.yaml and conf.d/*.yaml, else *.yaml."""
    if not os.path.isdir(path):
        return [path]

    def yamls(folder):
        if not os.path.isdir(folder):
            return []
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))
                if name.endswith(".yaml") and not name.startswith(".")]

    first = os.path.join(path, "poise.yaml")
    found = ([first] if os.path.exists(first) else []) + yamls(os.path.join(path, "conf.d"))
    return found or yamls(path)


def load(path):
    """All files in one mapping; what is named merges."""
    merged = {}
    for name in files_of(path):
        with open(name, encoding="utf-8") as file:
            for key, value in yaml.load(file, Loader).items():
                if key in ("pools", "services", "checks", "vrrp") and key in merged:
                    merged[key].update(value)
                else:
                    merged[key] = value
    return merged


def endpoint(text):
    """(address, port or None)"""
    text = str(text)
    match = re.fullmatch(r"\[(.*)\](?::([0-9]+))?", text)
    if not match:
        if text.count(":") > 1:
            return ipaddress.ip_address(text), None
        match = re.fullmatch(r"([^:]*)(?::([0-9]+))?", text)
    return ipaddress.ip_address(match[1]), int(match[2]) if match[2] else None


def show(address, port):
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


class Listener:
    def __init__(self, text):
        kind, rest = text.split("://")
        self.mark = None
        self.kind = kind
        if kind.startswith("fwmark"):
            self.mark = int(rest)
            self.version = 6 if kind == "fwmark6" else 4
            self.port = 0
            self.option = f"-f {self.mark}" + (" -6" if self.version == 6 else "")
            self.table = f"FWM {self.mark}" + (" IPv6" if self.version == 6 else "")
            self.proc = f"FWM {self.mark:08X}"
            return
        self.address, self.port = endpoint(rest)
        self.version = self.address.version
        word = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}[kind]
        self.option = f"{word} {show(self.address, self.port)}"
        self.table = f"{kind.upper()} {show(self.address, self.port)}"
        self.proc = f"{kind.upper()} {proc_endpoint(self.address, self.port)}"


def proc_endpoint(address, port):
    if address.version == 6:
        return f"[{address.exploded}]:{port:04X}"
    return f"{int(address):08X}:{port:04X}"


def pick(key, *mappings):
    for mapping in mappings:
        if mapping and key in mapping:
            return mapping[key]
    return None


def flags(service):
    """The numbers of the scheduler's flags that are set."""
    scheduler = service.get("scheduler", "wlc")
    if "scheduler-flags" in service:
        return sorted({FLAG_NUMBERS[flag] for flag in service["scheduler-flags"] or []})
    return [1] if scheduler in ("sh", "mh") else []


def flag_words(service):
    scheduler = service.get("scheduler", "wlc")
    names = {number: f"flag-{number}" for number in (1, 2, 3)}
    if scheduler in ("sh", "mh"):
        names.update({1: f"{scheduler}-fallback", 2: f"{scheduler}-port"})
    return ",".join(names[number] for number in flags(service))


def service_options(service, listener):
    words = [f"-s {service.get('scheduler', 'wlc')}"]
    persistence = service.get("persistence")
    if persistence is not None:
        words.append(f"-p {seconds(persistence.get('timeout', '5m'))}")
        if listener.version == 4 and persistence.get("prefix", 32) != 32:
            network = ipaddress.ip_network(f"0.0.0.0/{persistence['prefix']}")
            words.append(f"-M {network.netmask}")
        if listener.version == 6 and persistence.get("prefix6", 128) != 128:
            words.append(f"-M {persistence['prefix6']}")
        if persistence.get("engine"):
            words.append(f"--pe {persistence['engine']}")
    if service.get("one-packet"):
        words.append("-o")
    if flags(service):
        words.append(f"-b {flag_words(service)}")
    return " ".join(words)


def tunnel_options(tunnel):
    tunnel = tunnel or {}
    kind = tunnel.get("type", "ipip")
    words = [f"--tun-type {kind}"]
    if kind == "gue":
        words.append(f"--tun-port {tunnel['port']}")
    if kind != "ipip":
        checksum = tunnel.get("checksum", "none")
        words.append({"none": "--tun-nocsum", "full": "--tun-csum",
                      "remote": "--tun-remcsum"}[checksum])
    return " ".join(words)


def destinations(config, service, listener):
    """(address, port, weight, forward, tunnel, upper, lower) of the listener's family."""
    pool = config.get("pools", {}).get(service["pool"]) if "pool" in service else None
    for item in (pool or service)["destinations"]:
        own = item if isinstance(item, dict) else {"address": item}
        address, port = endpoint(own["address"])
        if address.version != listener.version and not own.get("cross-family"):
            continue
        if own.get("state") == "drain":
            continue
        yield (address, listener.port if port is None else port,
               pick("weight", own, pool, {"weight": 1}),
               pick("forward", own, pool, service, {"forward": "nat"}),
               pick("tunnel", own, pool, service),
               pick("upper-threshold", own, pool) or 0, pick("lower-threshold", own, pool) or 0)


def daemon(sync):
    """The tests give every interface an MTU of 1500, for which the kernel's choices are these
    (start_sync_thread() of net/netfilter/ipvs/ip_vs_sync.c)."""
    # One that follows a virtual router is active where nobody keeps virtual routers.
    role = {"active": "master", "backup": "backup"}["active" if isinstance(sync["role"], dict) else sync["role"]]
    group = sync.get("group", "224.0.0.81")
    longest = 1500 - (48 if ":" in group else 28)
    if "max-length" in sync:
        longest = max(size(sync["max-length"]), 1024 if role == "backup" else 1)
    return (f"{role} sync daemon (mcast={sync['interface']}, syncid={sync.get('id', 0)}, "
            f"maxlen={longest}, group={group}, port={sync.get('port', 8848)}, "
            f"ttl={sync.get('ttl', 1)})")


def write(out, name, lines):
    with open(os.path.join(out, name), "w", encoding="ascii") as file:
        file.writelines(line + "\n" for line in lines)


def expect(path, out):
    os.makedirs(out)
    config = load(path)
    rules, thresholds, procfs = [], [], []
    ipvs = config.get("ipvs") or {}
    write(out, "interfaces", sorted({sync["interface"] for sync in ipvs.get("sync") or []}))
    for service in (config.get("services") or {}).values():
        listen = service["listen"]
        for listener in map(Listener, [listen] if isinstance(listen, str) else listen):
            rules.append(f"-A {listener.option} {service_options(service, listener)}")
            procfs.append(f"{listener.proc} {service.get('scheduler', 'wlc')}")
            for address, port, weight, forward, tunnel, upper, lower in destinations(
                    config, service, listener):
                end = f" {tunnel_options(tunnel)}" if forward == "tunnel" else ""
                rules.append(f"-a {listener.option} -r {show(address, port)} {FORWARD[forward]}"
                             f" -w {weight}{end}")
                thresholds.append(f"{listener.table} {show(address, port)} {upper} {lower}")
                procfs.append(f"{listener.proc} {proc_endpoint(address, port)} "
                              f"{PROC_FORWARD[forward]} {weight}")
    write(out, "rules", sorted(rules))
    write(out, "thresholds", sorted(thresholds))
    write(out, "procfs", sorted(procfs))
    timeouts = ipvs.get("timeouts") or {}
    write(out, "timeouts", [str(seconds(timeouts[key])) if key in timeouts else "-"
                            for key in ("tcp", "tcp-fin", "udp")])
    if "sync" in ipvs:
        write(out, "daemons", sorted(daemon(sync) for sync in ipvs["sync"]))
    values = {"expire_nodest_conn": 1, "expire_quiescent_template": 1} if rules else {}
    values.update(ipvs.get("sysctls") or {})
    write(out, "sysctls", sorted(f"{name} {value}" for name, value in values.items()))



for argument in sys.argv[2:]:
    expect(argument, os.path.join(sys.argv[1], os.path.basename(argument.rstrip("/"))))
