"""Messages between a run and the processes that read files for it: JSON and plain bytes, never code."""

import json
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

_HEAD = struct.Struct("<cI")
ASKED, ANSWERED, REFUSED, AT_WORK = b"?", b"=", b"!", b"."
_MOST_TEXT = 16 << 20
_MOST_BUFFERS = 4096
_LARGEST = 1 << 63


class WireError(ValueError):
    """What came is no message of ours."""


@dataclass(frozen=True)
class Message:
    """``kind``: one byte. ``facts``: what JSON holds. ``buffers``: writable bytes, as many as were sent."""

    kind: bytes
    facts: dict[str, Any] = field(default_factory=dict)
    buffers: tuple[Any, ...] = ()

    def views(self) -> list[memoryview]:
        """The buffers as bytes."""
        return [memoryview(buffer).cast("B") for buffer in self.buffers]

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``; ``WireError`` for anything else, as in all that follow."""
        value = self.facts.get(name)
        if type(value) is not int or not low <= value <= high:
            raise WireError(f"{name} must be {low} to {high}, got {value!r:.80}")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        value = self.facts.get(name)
        if not isinstance(value, int | float) or not low <= value <= high:
            raise WireError(f"{name} must be {low} to {high}, got {value!r:.80}")
        return float(value)

    def flag(self, name: str) -> bool:
        return bool(self._is(name, bool))

    def text(self, name: str) -> str:
        return str(self._is(name, str))

    def sizes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers, 0 or more."""
        value = self._is(name, list)
        if len(value) > _MOST_BUFFERS or not all(type(size) is int and size >= 0 for size in value):
            raise WireError(f"{name} must be sizes")
        return tuple(value)

    def table(self, name: str) -> dict[str, Any]:
        return dict(self._is(name, dict))

    def fraction(self, name: str) -> Fraction:
        """One that is more than 0."""
        match self.facts.get(name):
            case [int(top), int(bottom)] if 0 < top < _LARGEST and 0 < bottom < _LARGEST:
                return Fraction(top, bottom)
        raise WireError(f"{name} must be a fraction, got {self.facts.get(name)!r:.80}")

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """A list of two texts each."""
        value = self._is(name, list)
        if not all(isinstance(v, list) and len(v) == 2 and all(isinstance(s, str) for s in v) for v in value):
            raise WireError(f"{name} must be pairs of texts")
        return tuple((first, second) for first, second in value)

    def _is(self, name: str, kind: type) -> Any:
        value = self.facts.get(name)
        if type(value) is not kind:
            raise WireError(f"{name} must be a {kind.__name__}, got {value!r:.80}")
        return value


def _never() -> None:
    """Without a timeout nothing is waited for."""


def send(channel: socket.socket, message: Message, waited: Callable[[], None] = _never) -> None:
    """Facts, then buffers (anything contiguous that holds bytes). ``waited``: see ``receive``."""
    views = message.views()
    text = json.dumps({"facts": message.facts, "sizes": [len(view) for view in views]}).encode()
    for view in (memoryview(_HEAD.pack(message.kind, len(text)) + text), *views):
        sent = 0
        while sent < len(view):
            try:
                sent += channel.send(view[sent:])
            except TimeoutError:
                waited()


def send_at_work(channel: socket.socket) -> None:
    """Neither an answer nor a refusal yet."""
    channel.sendall(_HEAD.pack(AT_WORK, 0))


def receive(
    channel: socket.socket,
    *,
    most_bytes: int | None = None,
    allocate: Callable[[int], Any] = bytearray,
    waited: Callable[[], None] = _never,
) -> Message:
    """The next message. ``allocate`` makes its buffers, of ``most_bytes`` together; ``waited`` is called whenever
    the channel's timeout has passed, and may raise. ``EOFError`` at the end, ``WireError`` for what is none."""
    kind, length = _HEAD.unpack(_filled(channel, bytearray(_HEAD.size), waited))
    if kind == AT_WORK and length == 0:
        return Message(kind)
    if kind not in (ASKED, ANSWERED, REFUSED) or length > _MOST_TEXT:
        raise WireError(f"no message begins with {kind!r} and {length}")
    facts, sizes = _parsed(bytes(_filled(channel, bytearray(length), waited)))
    if most_bytes is not None and sum(sizes) > most_bytes:
        raise WireError(f"a message must hold at most {most_bytes} bytes, got {sum(sizes)}")
    return Message(kind, facts, tuple(_filled(channel, allocate(size), waited) for size in sizes))


def _parsed(text: bytes) -> tuple[dict[str, Any], Sequence[int]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("a message must be JSON") from None
    match found:
        case {"facts": dict(facts), "sizes": list(sizes)} if len(sizes) <= _MOST_BUFFERS:
            if all(type(size) is int and size >= 0 for size in sizes):
                return facts, sizes
    raise WireError("a message must hold facts and sizes")


def _filled(channel: socket.socket, buffer: Any, waited: Callable[[], None]) -> Any:
    rest = memoryview(buffer).cast("B")
    while rest:
        try:
            count = channel.recv_into(rest)
        except TimeoutError:
            waited()
            continue
        if count == 0:
            raise EOFError
        rest = rest[count:]
    return buffer
