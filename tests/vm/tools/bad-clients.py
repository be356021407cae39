# SPDX-License-Identifier: GPL-2.0-or-later
"""bad-clients.py SOCKET: clients of poised's control socket as nobody wants them, until SIGTERM.

    20 talk and never end their line
    20 ask for everything, over and over, and take no answer
    10 say a byte at a time
    30 say what is no request

More than there are places for. Whoever is shut out comes again. Prints `ready` when each has had
its turn, and at the end `connected=N sent=BYTES`.
"""
import signal
import socket
import sys
import time

STATUS = b'{"jsonrpc": "2.0", "id": 1, "method": "status"}\n' * 50
ENDLESS = b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * 65536
NONSENSE = b'nonsense\n{}\n[]\n[1]\n\xff\xfe\n{"method": 7}\n' * 20
# What is said, seconds between two sendings, whether answers are taken, how many do it.
KINDS = [
    (ENDLESS, 0, True, 20),
    (STATUS, 0, False, 20),
    (b"x", 0.02, True, 10),
    (NONSENSE, 0, True, 30),
]


class Client:
    def __init__(self, path, text, pause, takes):
        self.path, self.text, self.pause, self.takes = path, text, pause, takes
        self.sock, self.next, self.connected, self.sent = None, 0.0, 0, 0

    def turn(self, now):
        if now < self.next:
            return
        self.next = now + self.pause
        try:
            self.speak()
        except BlockingIOError:
            pass
        except OSError:
            self.sock.close()
            self.sock = None
            self.next = now + 0.05

    def speak(self):
        if not self.sock:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self.sock.connect(self.path)
            self.connected += 1
        if self.takes:
            self.listen()
        self.sent += self.sock.send(self.text)

    def listen(self):
        try:
            if not self.sock.recv(65536):
                raise ConnectionResetError
        except BlockingIOError:
            pass


def main():
    stopped = []
    clients = [Client(sys.argv[1], *kind[:3]) for kind in KINDS for _ in range(kind[3])]
    told = False
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    while not stopped:
        for client in clients:
            client.turn(time.monotonic())
        if not told and all(client.connected for client in clients):
            told = True
            print("ready", flush=True)
        time.sleep(0.001)
    connected, sent = (sum(getattr(c, name) for c in clients) for name in ("connected", "sent"))
    print(f"connected={connected} sent={sent}", flush=True)


main()
