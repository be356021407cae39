# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/bench/vrrp measures with: network namespaces, poised and keepalived in them, and what the
wire carried.

Everything is in a network, mount and process namespace of its own (enter()), with a /run of its own: two
programs of one name do not meet, and nothing is left behind when the measurements end, however they end.
"""
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
POISED = os.path.join(BUILD, "tests/bench/memory-poised")
POISE = os.path.join(BUILD, "poise")
CAPTURE = os.path.join(BUILD, "tests/bench/vrrp-capture")
PULSE = os.path.join(BUILD, "tests/bench/vrrp-pulse")
FLOOD = os.path.join(BUILD, "tests/bench/vrrp-flood")
INSIDE = "POISE_BENCH_INSIDE"
FOLDER = "/run/bench"
SECOND = 10**9
PATIENCE = 120


def die(text):
    print(f"tests/bench/vrrp: {text}", file=sys.stderr)
    os._exit(2)  # from whatever thread


def say(text):
    print(text, file=sys.stderr, flush=True)


def sh(*lines):
    for line in lines:
        if subprocess.run(line.split(), check=False, stdout=subprocess.DEVNULL).returncode:
            die(line)


def end_of_thread(arguments):
    traceback.print_exception(arguments.exc_value)
    die("a thread has ended")


threading.excepthook = end_of_thread


def until(what, condition, patience=PATIENCE):
    limit = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > limit:
            die(f"{what}: not within {patience} s")
        time.sleep(0.02)
    return found


def enter():
    """This program again, in namespaces of its own. The first process of a process namespace buries the
    orphans of all others, so that one does nothing else."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        program = [sys.executable, *sys.argv]
        os.execvp("unshare", ["unshare", "-mnpf", "--kill-child", "--mount-proc", *program])
    child = os.fork()
    while child:
        pid, status = os.wait()
        if pid == child:
            sys.exit(os.waitstatus_to_exitcode(status) & 255)
    sh("mount -t tmpfs -o mode=755 tmpfs /run", "ip link set lo up")


def children_of(pid):
    result = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], stdout=subprocess.PIPE, text=True, check=False
    )
    return [int(word) for word in result.stdout.split()]


def descendants_of(pid):
    return [each for child in children_of(pid) for each in (child, *descendants_of(child))]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Router:
    """A virtual router of a file."""

    def __init__(self, interface, vrid, address, priority, interval_ms=1000, unicast=None):
        self.interface, self.vrid, self.address = interface, vrid, address
        self.priority, self.interval_ms = priority, interval_ms
        self.unicast = unicast  # (source, peer)

    def of_poise(self):
        unicast = ""
        if self.unicast:
            unicast = ", unicast: {source: %s, peers: [%s]}" % self.unicast
        return (
            f"  {self.interface}-{self.vrid}: {{interface: {self.interface}, vrid: {self.vrid},"
            f" priority: {self.priority}, advertise: {self.interval_ms}ms,"
            f" addresses: [{self.address}]{unicast}}}\n"
        )

    def of_keepalived(self):
        unicast = ""
        if self.unicast:
            unicast = "  unicast_src_ip %s\n  unicast_peer {\n    %s\n  }\n" % self.unicast
        return (
            f"vrrp_instance {self.interface}-{self.vrid} {{\n  state BACKUP\n"
            f"  interface {self.interface}\n  virtual_router_id {self.vrid}\n"
            f"  priority {self.priority}\n  advert_int {self.interval_ms / 1000:g}\n{unicast}"
            f"  virtual_ipaddress {{\n    {self.address}\n  }}\n}}\n"
        )


class Daemon:
    """One of the two programs in a namespace of its own. `cores`: for taskset."""

    program = None

    def __init__(self, name, netns, cores=None):
        self.name, self.netns, self.cores = name, netns, cores
        self.folder = os.path.join(FOLDER, name)
        os.makedirs(self.folder)
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def configure(self, routers, more=""):
        """Replaces the file in one go."""
        with open(self.path("new"), "w", encoding="ascii") as out:
            self.write(out, routers, more)
        os.rename(self.path("new"), self.path(self.file))

    def start(self):
        pin = ["taskset", "-c", self.cores] if self.cores else []
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.netns}", *pin, *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def crash(self):
        """All of it at once: none of it brings back the other, or resigns because the other is gone."""
        os.kill(self.process.pid, signal.SIGSTOP)
        kin = [*children_of(self.process.pid), self.process.pid]
        for pid in kin:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until(f"{self.name}: the end of its processes", lambda: not any(map(is_alive, kin)))

    def terminate(self):
        self.process.terminate()

    def wait(self):
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            die(f"{self.name} does not stop")

    def stop(self):
        self.terminate()
        self.wait()

    def addresses(self):
        result = subprocess.run(
            ["ip", "-n", self.netns, "-4", "-o", "addr", "show"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return result.stdout.count("/32 ")

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()


class Poise(Daemon):
    program, file = "poise", "poise.yaml"

    def write(self, out, routers, more):
        out.write("poise: 1\nallow-empty: true\nvrrp:\n")
        out.writelines(router.of_poise() for router in routers)
        out.write(more)

    def command(self):
        state, run = f"--state-dir={self.path('state')}", f"--run-dir={self.path('run')}"
        return [POISED, state, run, self.path(self.file)]

    def vrrp_process(self):
        for pid in children_of(self.process.pid):
            with open(f"/proc/{pid}/cmdline", encoding="ascii", errors="replace") as file:
                if file.read().startswith("poised-vrrp"):
                    return pid
        return die(f"{self.name} has no process of virtual routers")

    def reload(self):
        subprocess.run([POISE, f"--run-dir={self.path('run')}", "reload"], check=True)


class Keepalived(Daemon):
    """Real-time as poised is: else a busy machine is what would be measured. By its own `vrrp_rt_priority` it
    is killed by the limit that comes with that, at a reload of a thousand virtual routers and sooner."""

    program, file = "keepalived", "keepalived.conf"

    def write(self, out, routers, more):
        out.write("global_defs {\n  vrrp_version 3\n}\n")
        out.writelines(router.of_keepalived() for router in routers)
        out.write(more)

    def command(self):
        # One that was killed leaves them, and they may name a process that is another by now.
        for name in ("pid", "vrrp.pid"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))
        # Its statistics go to /tmp, whatever the options.
        command = ["keepalived", "-P", "-n", "-l", "-f", self.path(self.file)]
        command += ["-p", self.path("pid"), "-r", self.path("vrrp.pid")]
        in_place = ["sh", "-c", 'mount -t tmpfs tmpfs /tmp || exit; exec "$@"', "sh"]
        return ["chrt", "-f", "10", "unshare", "-m", *in_place, *command]

    def vrrp_process(self):
        with open(self.path("vrrp.pid"), encoding="ascii") as file:
            return int(file.read())

    def reload(self):
        self.process.send_signal(signal.SIGHUP)


class Wire:
    """What vrrp-capture saw: of each interface the advertisements (time, VRID, priority) and gratuitous ARP
    (time, address)."""

    def __init__(self, interfaces):
        self.adverts = {name: [] for name in interfaces}
        self.arps = {name: [] for name in interfaces}
        self.changed = threading.Condition()
        self.process = subprocess.Popen([CAPTURE, *interfaces], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            die("vrrp-capture does not begin")
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            when, interface, kind, *rest = line.split()
            with self.changed:
                if kind == "advert":
                    self.adverts[interface].append((int(when), int(rest[1]), int(rest[2])))
                else:
                    self.arps[interface].append((int(when), rest[0]))
                self.changed.notify_all()

    def wait(self, what, condition, patience=PATIENCE):
        """Until the condition is true, which is looked at when something has come."""
        limit = time.monotonic() + patience
        with self.changed:
            while not (found := condition()):
                if time.monotonic() > limit:
                    die(f"{what}: not within {patience} s")
                self.changed.wait(1)
            return found

    def between(self, interface, begin, end):
        """Times of advertisements, by VRID."""
        times = {}
        with self.changed:
            for when, vrid, _ in self.adverts[interface]:
                if begin <= when < end:
                    times.setdefault(vrid, []).append(when)
        return times

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()


class Pulse:
    """What the machine itself is late by, on a core."""

    def __init__(self, core):
        self.late = []  # of each that was: when it was due, when it came
        self.latest = self.beat = 0
        self.process = subprocess.Popen(["taskset", "-c", str(core), PULSE], stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.hear)
        self.thread.start()

    def hear(self):
        for line in self.process.stdout:
            if line.startswith("beat"):
                self.beat = int(line.split()[1])
                continue
            numbers = [int(word) for word in line.split()]
            if len(numbers) == 2:
                self.late.append(tuple(numbers))
            else:
                self.latest = numbers[0]

    def was_late(self, begin, end):
        """Waits until all is told of that time: who reads it may be late, too."""
        until("the pulse has stopped", lambda: self.beat > end)
        return any(due < end and came > begin for due, came in reversed(self.late))

    def latest_ms(self):
        self.process.terminate()
        self.thread.join()
        self.process.wait()
        return self.latest / 10**6
