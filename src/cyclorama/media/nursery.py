"""A small process that makes the processes in which files are read, and ends them; it reads nothing itself.

It is begun anew (never forked: the run has threads), so that what is forked from it is clean, small and quick to make.
"""

import ctypes
import os
import resource
import signal
import socket
import struct
import time
import traceback

from cyclorama.media.gate import Host
from cyclorama.media.service import Service
from cyclorama.media.shelf import Shelf
from cyclorama.media.wire import REFUSED, Message, receive, send, send_at_work

ORDER = struct.Struct("<cq")
MAKE, END = b"+", b"-"
"""A process that answers on the socket that comes along, maybe with a shelf, and may take so many bytes whatever the
size of the pictures (reply: its id, else minus the system's error number); the end of the one with that id (reply: how
it ended, as ``os.waitstatus_to_exitcode`` says)."""
NO_MEMORY = 12
"""How a process ends that cannot even say so."""
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_TICK_S = 1.0


class WatchedHost(Host):
    """Held to limits of memory, and known to be alive."""

    def __init__(self, channel: socket.socket, always_bytes: int) -> None:
        self._channel, self._always, self._told = channel, always_bytes, time.monotonic()
        self._machine = resource.getrlimit(resource.RLIMIT_AS)
        self.allow(0)

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._told > _TICK_S:
            self._told = now
            send_at_work(self._channel)

    def allow(self, num_bytes: int) -> None:
        """Beyond what is held already."""
        soft, hard = self._machine
        with open("/proc/self/statm") as file:
            held = int(file.read().split()[0]) * resource.getpagesize()
        limit = held + self._always + num_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit if soft == resource.RLIM_INFINITY else min(limit, soft), hard))

    def own_limit(self) -> int:
        """The limit of memory in bytes, where it is not the machine's own; else 0."""
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        return 0 if soft in (self._machine[0], hard) else soft


def serve(channel: socket.socket, shelf: Shelf | None, always_bytes: int) -> None:
    """Answer until nobody asks any more; on the shelf where the question says so and the answer fits."""
    host = WatchedHost(channel, always_bytes)
    service = Service(host)
    while True:
        asked = receive(channel)
        try:
            answer = service.answer(asked)
        except Exception:  # our own bug, which is told where it can be seen
            answer = Message(REFUSED, {"kind": "bug", "text": traceback.format_exc()})
        if answer.facts.get("kind") == "memory":
            answer.facts["limit"] = host.own_limit()
        start, size = asked.facts.get("shelf", (0, 0))
        views = answer.views()
        if views and shelf is not None and shelf.put(start, size, views):
            answer = Message(answer.kind, {**answer.facts, "shelved": [len(view) for view in views]})
        send(channel, answer)
        del answer, views
        service.rest()


def main(number: int) -> None:
    """Obey the orders that come on the socket of that file number, until it is closed."""
    orders = socket.socket(fileno=number)
    kernel = ctypes.CDLL(None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    made: set[int] = set()
    while True:
        order, files, *_ = socket.recv_fds(orders, ORDER.size, 2)
        if not order:
            break
        kind, subject = ORDER.unpack(order)
        if kind == MAKE:
            reply = _made(orders, files, kernel, subject)
            for file in files:
                os.close(file)
            if reply > 0:
                made.add(reply)
        else:
            reply = _ended(subject) if subject in made else 0
            made.discard(subject)
        orders.send(ORDER.pack(kind, reply))
    for process in made:
        _ended(process)


def _made(orders: socket.socket, files: list[int], kernel: ctypes.CDLL, always_bytes: int) -> int:
    parent = os.getpid()
    try:
        process = os.fork()
    except OSError as error:
        return -(error.errno or 1)
    if process:
        return process
    try:
        kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it has nothing to write
        orders.close()
        if os.getppid() == parent:
            serve(socket.socket(fileno=files[0]), _shelf(files[1:]), always_bytes)
    except (EOFError, OSError):
        os._exit(0)  # nobody asks any more
    except MemoryError:
        os._exit(NO_MEMORY)
    finally:
        os._exit(1)


def _shelf(files: list[int]) -> Shelf | None:
    try:
        return Shelf(files[0]) if files else None
    except OSError:  # memory is too short for it; answers are sent then
        return None


def _ended(process: int) -> int:
    os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
