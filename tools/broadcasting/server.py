"""Sends to every station's listeners what is due by the clock: one thread, one loop, no work but the sending. Touch it when stations are to
send in another way.
"""

import contextlib
import resource
import select
import socket
import time

METADATA_EVERY = 16_000
# So many groups of listeners take turns within a tick, so that not all are served at the same moment.
GROUPS = 10
# A listener that has not taken what was due for so many seconds is cut off.
PATIENCE_S = 10.0
LONGEST_REQUEST = 16_384


class Listener:
    """One connection to a station, and how far it is."""

    __slots__ = ("began", "broken", "left", "place", "rest", "sent", "socket", "title")

    def __init__(self, accepted, place):
        self.socket, self.place = accepted, place
        # `left` bytes of audio until the next metadata; `rest` is what the socket did not take of that.
        self.began, self.sent, self.left, self.rest, self.title, self.broken = time.monotonic(), 0, METADATA_EVERY, b"", None, False


class Stations:
    """Serves /0 to /N-1 from a loop; each station begins at another place of it. `burst_s` is sent at once to whoever connects."""

    def __init__(self, loop, stations, burst_s, tick_s, cut_off):
        self.cut_off = cut_off
        self.loop, self.stations, self.burst, self.tick_s = loop, stations, burst_s * loop.rate, tick_s
        self.groups = [[] for _ in range(GROUPS)]
        self.waiting = {}
        self.accepted = 0
        self.server = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.server.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.server, select.EPOLLIN)

    @property
    def port(self):
        return self.server.getsockname()[1]

    def run(self):
        """Until the process is ended."""
        due, group = time.monotonic(), 0
        while True:
            while (wait := due - time.monotonic()) > 0:
                for descriptor, _ in self.poll.poll(wait):
                    self.accept() if descriptor == self.server.fileno() else self.read(descriptor)
            self.serve(group)
            due, group = due + self.tick_s / GROUPS, (group + 1) % GROUPS

    def accept(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                accepted, _ = self.server.accept()
                accepted.setblocking(False)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.waiting[accepted.fileno()] = (accepted, b"")
                self.poll.register(accepted, select.EPOLLIN)

    def read(self, descriptor):
        """Takes a request; when it is whole, the station begins."""
        accepted, request = self.waiting[descriptor]
        try:
            more = accepted.recv(4096)
        except OSError:
            more = b""
        request += more
        if more and b"\r\n\r\n" not in request and len(request) < LONGEST_REQUEST:
            self.waiting[descriptor] = (accepted, request)
            return
        self.poll.unregister(descriptor)
        del self.waiting[descriptor]
        number = (request.split(b" ") + [b"", b""])[1].strip(b"/").split(b"?")[0]
        if not number.isdigit() or int(number) >= self.stations:
            with contextlib.suppress(OSError):
                accepted.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            accepted.close()
            return
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {self.loop.media_type}\r\nicy-name: station {int(number)}\r\n"
            f"icy-metaint: {METADATA_EVERY}\r\nConnection: close\r\n\r\n"
        )
        # Where the golden ratio puts it, so that neighbours are far from each other and any number is spread evenly.
        listener = Listener(accepted, int(int(number) * 0.6180339887 % 1 * self.loop.length))
        listener.rest = head.encode()
        self.groups[self.accepted % GROUPS].append(listener)
        self.accepted += 1

    def serve(self, group):
        """Sends each listener of a group what is due now."""
        now, broken = time.monotonic(), False
        for listener in self.groups[group]:
            due = int(self.burst + (now - listener.began) * self.loop.rate) - listener.sent
            try:
                self.send(listener, due)
            except BlockingIOError:
                listener.broken = due > self.burst + PATIENCE_S * self.loop.rate
                self.cut_off.value += listener.broken
            except OSError:
                listener.broken = True
            broken = broken or listener.broken
        if broken:
            for listener in self.groups[group]:
                if listener.broken:
                    listener.socket.close()
            self.groups[group] = [listener for listener in self.groups[group] if not listener.broken]

    def send(self, listener, due):
        if listener.rest:
            listener.rest = listener.rest[listener.socket.send(listener.rest) :]
            if listener.rest:
                return
        while due > 0:
            most = min(due, listener.left)
            sent = listener.socket.send(self.loop.twice[listener.place : listener.place + most])
            listener.place = (listener.place + sent) % self.loop.length
            listener.sent += sent
            listener.left -= sent
            due -= sent
            if listener.left == 0:
                listener.left = METADATA_EVERY
                title = self.loop.title_at(listener.place)
                # A byte of zero says that the title is what it was.
                listener.rest = b"\0" if title is listener.title else title
                listener.title = title
                listener.rest = listener.rest[listener.socket.send(listener.rest) :]
            if sent < most or listener.rest:
                return


def broadcast(loop, stations, burst_s, tick_s, port_to, cut_off):
    """The body of the stations' own process. Its port is told through a pipe, `cut_off` counts listeners that did not take what was due."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    made = Stations(loop, stations, burst_s, tick_s, cut_off)
    port_to.send(made.port)
    port_to.close()
    with contextlib.suppress(KeyboardInterrupt):
        made.run()
