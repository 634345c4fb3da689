"""Files that are not trusted are read in processes of their own: what a decoder does there costs a sentence at most."""

import atexit
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cyclorama.core.errors import MachineError
from cyclorama.media.gate import Host
from cyclorama.media.nursery import END, MAKE, ORDER
from cyclorama.media.service import Service
from cyclorama.media.shelf import new_shelf, places_of
from cyclorama.media.verdicts import ended, refusal, senseless, sensible, too_slow
from cyclorama.media.wire import ANSWERED, ASKED, AT_WORK, Message, WireError, receive, send

LIMIT_S = 60.0
"""Without a frame or a packet more; a picture has to be read within it. Ten times what a busy machine needs."""
ALWAYS_BYTES = (1 << 29) + (os.cpu_count() or 1) * (1 << 24)
"""What a decoder may take whatever the size of the picture: tables, the file's own index, a thread for each core."""
_STEP_S = 0.25
_CLOSE_OTHERS = "close other programs and run again"
_MOST_IDLE = 4
_SHELF_BYTES = 1 << 26
"""Of a process that waits: it keeps that much, so that larger pictures are sent."""
SEPARATE = sys.platform == "linux" and bool(sys.executable)
"""Elsewhere files are read in the run itself: nothing there ends a child with its parent, whatever happens."""
_START = (
    "import sys, types; sys.path[:] = {path!r}; package = types.ModuleType('cyclorama.media'); "
    "package.__path__ = [{folder!r}]; sys.modules['cyclorama.media'] = package; "
    "from cyclorama.media.nursery import main; main({number})"
)
"""The package itself would load all that writes and computes, which takes ten times as long."""


class Reader(Protocol):
    """Who is asked: a process, or where there can be none, this one."""

    @property
    def lives(self) -> bool: ...

    def ask(self, what: str, path: Path, where: str, *, most_bytes: int = 0, **facts: Any) -> Message: ...

    def end(self) -> None: ...


class _Nursery:
    """The process that makes those that read files."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = Path(__file__).parent
        path = [str(folder.parents[1]), *(os.path.abspath(p) for p in sys.path if p)]
        start = _START.format(path=path, folder=str(folder), number=theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-s", *(["-B"] if sys.dont_write_bytecode else []), "-c", start],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            )
        self._lock = threading.Lock()

    def order(self, kind: bytes, subject: int = 0, files: tuple[int, ...] = ()) -> int:
        """What it replies. ``OSError`` when it is gone."""
        with self._lock:
            try:
                socket.send_fds(self._orders, [ORDER.pack(kind, subject)], files)
                reply = self._orders.recv(ORDER.size)
            except BaseException:
                self._orders.close()  # a reply that is not waited for would be taken for the next one's
                raise
        if len(reply) != ORDER.size:
            raise OSError(errno.ECHILD, "it ended")
        return int(ORDER.unpack(reply)[1])

    def close(self) -> None:
        """All that it made end with it."""
        with suppress(OSError):
            self._orders.shutdown(socket.SHUT_RDWR)
        self._orders.close()
        self._process.wait()


class _Nurseries:
    """The one of this process, and children that wait for something to do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: list[Child] = []
        self._one: _Nursery | None = None

    def make(self, files: tuple[int, ...]) -> tuple[_Nursery, int]:
        """A process that answers on a socket, maybe on a shelf."""
        for again in (True, False):
            with self.lock:
                nursery = self._one = self._one or _Nursery()
            try:
                return nursery, nursery.order(MAKE, ALWAYS_BYTES, files)
            except OSError:
                with self.lock:
                    self._one = None if self._one is nursery else self._one
                if not again:
                    raise
        raise AssertionError

    def waiting(self) -> "Child | None":
        """One that has nothing to do."""
        with self.lock:
            while self.idle:
                child = self.idle.pop()
                if child.waits():
                    return child
                child.end()
        return None

    def keep(self, child: "Child") -> bool:
        """Whether it is to wait for the next question."""
        with self.lock:
            room = child.waits() and len(self.idle) < _MOST_IDLE
            self.idle += [child] if room else []
        return room

    def close(self) -> None:
        with self.lock:
            nursery, self._one, self.idle = self._one, None, []
        if nursery is not None:
            nursery.close()

    def forget(self) -> None:
        """In a fork of this process, to which they do not belong."""
        self.lock, self.idle, self._one = threading.Lock(), [], None


_NURSERIES = _Nurseries()
atexit.register(_NURSERIES.close)
os.register_at_fork(after_in_child=_NURSERIES.forget)


class Child:
    """One process that reads files; asked by one thread at a time."""

    def __init__(self, shelf_bytes: int) -> None:
        """``shelf_bytes``: how much memory is shared with it, at the most."""
        try:
            self._shelf = new_shelf(shelf_bytes)
        except MemoryError:
            raise MachineError(f"not enough memory to read files; {_CLOSE_OTHERS}") from None
        self._channel, theirs = socket.socketpair()
        try:
            with theirs:
                files = (theirs.fileno(), *(() if self._shelf is None else (self._shelf.file,)))
                self._nursery, self.process = _NURSERIES.make(files)
            if self._shelf is not None:
                self._shelf.close()
        except OSError as error:
            raise MachineError(f"files are read in a process of its own, which cannot be begun ({error})") from None
        if self.process < 0:
            words = os.strerror(-self.process)
            raise MachineError(f"files are read in a process of its own, which cannot be begun ({words})")
        self._channel.settimeout(_STEP_S)
        self._asked_from = os.getpid()

    @property
    def lives(self) -> bool:
        """Not in a fork of the process that made it."""
        return self._asked_from == os.getpid()

    def ask(self, what: str, path: Path, where: str, *, most_bytes: int = 0, **facts: Any) -> Message:
        """The answer. ``where``: the words for what is being read, such as ``at frame 3``. ``most_bytes``: of its
        buffers. ``shelf``: start and size of what of the shelf is free, where they may lie afterwards. ``InputError``
        where the file or its decoder is at fault; then the process is no more, but for a plain refusal."""
        try:
            answer = self._exchange(_question(what, path, facts), most_bytes)
        except (EOFError, ConnectionError):
            raise ended(path, self._ended(), where) from None
        except TimeoutError:
            self.end()
            raise too_slow(path, LIMIT_S, where) from None
        except WireError:
            self.end()
            raise senseless(path, where) from None
        except BaseException:
            self.end()  # it may yet answer, and nobody would know what
            raise
        if answer.kind != ANSWERED:
            with sensible(path, where):
                raise refusal(answer, path, where)
        return answer

    def _exchange(self, question: Message, most_bytes: int) -> Message:
        waits = 0

        def waited() -> None:  # a stretch in which this process itself did not run counts once
            nonlocal waits
            waits += 1
            if waits * _STEP_S >= LIMIT_S:
                raise TimeoutError

        send(self._channel, question, waited)
        while True:
            answer = receive(
                self._channel, most_bytes=most_bytes, allocate=lambda n: np.empty(n, np.uint8), waited=waited
            )
            if answer.kind != AT_WORK:
                return self._taken_down(answer, *question.facts.get("shelf", (0, 0)))
            waits = 0

    def _taken_down(self, answer: Message, start: int, size: int) -> Message:
        """With its buffers, where they lie on the shelf."""
        if "shelved" not in answer.facts:
            return answer
        sizes = answer.sizes("shelved")
        *places, end = places_of(sizes)
        if end > size or self._shelf is None:
            raise WireError("what is on the shelf must fit there")
        lying = np.frombuffer(self._shelf.memory, np.uint8, end, start)
        return Message(answer.kind, answer.facts, tuple(lying[p : p + n] for p, n in zip(places, sizes)))

    def _ended(self) -> int:
        if not self.lives:
            return 0
        self._asked_from = 0
        self._channel.close()
        try:
            return self._nursery.order(END, self.process)
        except OSError:  # the nursery is gone, and its children with it
            return -signal.SIGKILL

    def end(self) -> None:
        self._ended()

    def waits(self) -> bool:
        """Whether it waits for a question: one that has something to say now has ended."""
        if not self.lives:
            return False
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        return not poll.poll(0)


class Here:
    """This process."""

    lives = True

    def __init__(self) -> None:
        self._service = Service(Host())

    def ask(self, what: str, path: Path, where: str, *, most_bytes: int = 0, **facts: Any) -> Message:
        answer = self._service.answer(_question(what, path, facts))
        if sum(view.nbytes for view in answer.views()) > most_bytes:
            raise ValueError(f"an answer must hold at most {most_bytes} bytes")
        if answer.kind != ANSWERED:
            raise refusal(answer, path, where)
        facts = json.loads(json.dumps(answer.facts))  # as it comes from a process
        return Message(ANSWERED, facts, tuple(np.frombuffer(buffer, np.uint8) for buffer in answer.buffers))

    def end(self) -> None:
        self._service = Service(Host())


def _question(what: str, path: Path, facts: dict[str, Any]) -> Message:
    """``buffers`` of the facts go as they are."""
    plain = {name: value for name, value in facts.items() if name != "buffers"}
    return Message(ASKED, {"what": what, "path": os.path.abspath(path), **plain}, facts.get("buffers", ()))


def new_reader(shelf_bytes: int) -> Reader:
    return Child(shelf_bytes) if SEPARATE else Here()


def ask_once(what: str, path: Path, where: str, *, most_bytes: int = 0, **facts: Any) -> Message:
    """Ask a process that is at hand; it waits for the next question then."""
    if not SEPARATE:
        return Here().ask(what, path, where, most_bytes=most_bytes, **facts)
    child = _NURSERIES.waiting() or Child(_SHELF_BYTES)
    try:
        answer = child.ask(what, path, where, most_bytes=most_bytes, shelf=(0, _SHELF_BYTES), **facts)
        own = "shelved" in answer.facts  # the next question has its answer in the same place
        return Message(answer.kind, answer.facts, tuple(map(np.copy, answer.buffers) if own else answer.buffers))
    finally:
        if not _NURSERIES.keep(child):
            child.end()
