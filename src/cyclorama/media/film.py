"""A video that a process of its own reads: what it says, and its frames by number."""

import math
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast, get_args

import av
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.media.children import Reader, ask_once, new_reader
from cyclorama.media.film_service import FirstFrame
from cyclorama.media.gate import require_file
from cyclorama.media.index import FrameIndex
from cyclorama.media.layouts import Take, bits_of, plane_sizes
from cyclorama.media.notes import NoteKind, Notes
from cyclorama.media.verdicts import sensible
from cyclorama.media.wire import Message, WireError

_KEPT_FRAMES = 4
_SLOTS = _KEPT_FRAMES + 2
"""On the shelf: of the kept frames, of one that is computed with, of the next."""
_ROW_PADDING = 1024
"""Bytes by which the rows of all planes together are longer than the picture is wide, at the most."""
_LONGEST_SIDE = 1 << 20
_INDEX_BYTES = 2 * 8
_LAST_TICK = 1 << 62
_LAST_TAG = 255
_OPENED = "while it was opened"


@dataclass(frozen=True)
class Film:
    """``aspect``: of a pixel. ``metadata``: the file's own, then each stream's."""

    index: FrameIndex
    first: FirstFrame
    codec: str
    aspect: Fraction
    metadata: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class DecodedFrame:
    """Code values in a layout of ``layouts.plane_sizes``; each plane (rows, padded bytes) uint8. ``shift_px``: how far
    to the right the chroma was moved."""

    layout: str
    hw: tuple[int, int]
    planes: tuple[Array, ...]
    shift_px: float


def open_film(path: Path, notes: Notes, stream: int | None = None) -> Film:
    """All that a video says. ``InputError`` when it is not whole or not readable."""
    most_bytes = _INDEX_BYTES * require_file(path).stat().st_size  # every frame takes a byte at least
    answer = ask_once("probe", path, _OPENED, stream=stream, most_bytes=most_bytes)
    with sensible(path, _OPENED):
        film = _film(answer, path)
        for kind, text in answer.pairs("notes"):
            if kind not in get_args(NoteKind):
                raise WireError("a note must be of a kind that there is")
            notes.add(cast(NoteKind, kind), text)
    return film


def video_hw(path: Path) -> tuple[int, int]:
    """The stored size of the first video stream of a file; 0 x 0 where there is none."""
    answer = ask_once("video_hw", path, _OPENED)
    with sensible(path, _OPENED):
        return _hw(answer, 0)


def _film(answer: Message, path: Path) -> Film:
    metadata = answer.facts.get("metadata")
    if not isinstance(metadata, list) or not metadata:
        raise WireError("metadata must be a list")
    texts = tuple(dict(Message(b"", {"one": one}).pairs("one")) for one in metadata)
    first = _first(Message(b"", answer.table("first")))
    return Film(_index(answer, path), first, answer.text("codec"), answer.fraction("aspect"), texts)


def _index(answer: Message, path: Path) -> FrameIndex:
    if len(answer.buffers) != 2 or any(len(b) % 8 or not len(b) for b in answer.buffers):
        raise WireError("an index must hold times and keyframes")
    pts, keyframes = (np.asarray(buffer).view(np.int64) for buffer in answer.buffers)
    rising = all((np.diff(values) > 0).all() for values in (pts, keyframes))
    if not rising or keyframes[0] != 0 or keyframes[-1] >= len(pts) or max(-pts[0], pts[-1]) > _LAST_TICK:
        raise WireError("times and keyframes must rise")
    return FrameIndex(
        path,
        answer.whole("stream", 0, 1 << 16),
        answer.fraction("time_base"),
        tuple(pts.tolist()),
        tuple(keyframes.tolist()),
        answer.fraction("rate"),
        by_order=answer.flag("by_order"),
    )


def _first(answer: Message) -> FirstFrame:
    kind, matrix = answer.text("kind"), answer.text("matrix")
    try:
        av.VideoFormat(kind)
        bytes.fromhex(matrix)
    except ValueError:
        raise WireError("a frame must have a format") from None
    if matrix and len(matrix) != 2 * 9 * 4:
        raise WireError("a display matrix must hold nine numbers")
    return FirstFrame(
        kind=kind,
        width=answer.whole("width", 1, _LONGEST_SIDE),
        height=answer.whole("height", 1, _LONGEST_SIDE),
        color_range=answer.whole("color_range", 0, _LAST_TAG),
        colorspace=answer.whole("colorspace", 0, _LAST_TAG),
        color_trc=answer.whole("color_trc", 0, _LAST_TAG),
        color_primaries=answer.whole("color_primaries", 0, _LAST_TAG),
        interlaced_frame=answer.flag("interlaced_frame"),
        matrix=matrix,
    )


def _hw(answer: Message, least: int = 1) -> tuple[int, int]:
    match answer.facts.get("hw"):
        case [int(height), int(width)] if min(height, width) >= least and max(height, width) <= _LONGEST_SIDE:
            return height, width
    raise WireError("a size must be height and width")


class FrameReader:
    """What is taken of every frame of a stream. In a row is fast. One reader may be used from several threads, one
    frame at a time."""

    def __init__(self, index: FrameIndex, take: Take, hw: tuple[int, int], *, deinterlace: bool = False) -> None:
        """``hw``: the size of what is taken."""
        self._index, self._take, self._hw, self._deinterlace = index, take, hw, deinterlace
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        ((rows, row_bytes),) = plane_sizes("rgba64le", hw)  # none is larger
        self._slot_bytes = _ROW_PADDING * math.ceil(rows * (row_bytes / _ROW_PADDING + 1))
        self._free: list[int] = []
        self._kept: OrderedDict[int, DecodedFrame] = OrderedDict()

    def frame(self, number: int) -> DecodedFrame:
        """Frame ``number``. ``IndexError`` outside, ``InputError`` when it cannot be decoded."""
        num_frames = len(self._index.pts)
        if not 0 <= number < num_frames:
            raise IndexError(f"frame must be 0..{num_frames - 1}, got {number}")
        with self._lock:
            kept = self._kept.get(number)
            if kept is not None:
                return kept
            frame = self._asked(number)
            self._kept[number] = frame
            if len(self._kept) > _KEPT_FRAMES:
                self._kept.popitem(last=False)
            return frame

    def close(self) -> None:
        """Give the file back; the next ``frame`` opens it again."""
        with self._lock:
            self._kept.clear()
            if self._reader is not None:
                self._reader.end()
            self._reader = None

    def _asked(self, number: int) -> DecodedFrame:
        if self._reader is None or not self._reader.lives:
            self._reader = self._opened()
        free, where = self._free, f"at frame {number}"
        slot = free.pop() if free else None
        room = (0, 0) if slot is None else (slot * self._slot_bytes, self._slot_bytes)
        try:
            answer = self._reader.ask(
                "frame", self._index.path, where, number=number, most_bytes=2 * self._slot_bytes, shelf=room
            )
            with sensible(self._index.path, where):
                frame = _decoded(answer, self._hw)
        except BaseException:
            free += () if slot is None else (slot,)
            raise
        if slot is not None:
            weakref.finalize(frame, free.append, slot).atexit = False
        return frame

    def _opened(self) -> Reader:
        index = self._index
        reader = new_reader(_SLOTS * self._slot_bytes)
        self._free = list(range(_SLOTS))
        facts: dict[str, Any] = {"stream": index.stream, "by_order": index.by_order, **self._take.facts}
        facts |= {
            name: [f.numerator, f.denominator] for name, f in (("time_base", index.time_base), ("rate", index.rate))
        }
        numbers = tuple(np.array(values, np.int64) for values in (index.pts, index.keyframes))
        reader.ask("open", index.path, _OPENED, **facts, deinterlace=self._deinterlace, buffers=numbers)
        return reader


def _decoded(answer: Message, hw: tuple[int, int]) -> DecodedFrame:
    """Planes that hold what the layout says: what computes with them does not look again."""
    layout = answer.text("layout")
    sizes, rows = plane_sizes(layout, hw), answer.facts.get("row_bytes")
    if _hw(answer) != hw or not sizes or not isinstance(rows, list):
        raise WireError("a frame must have its size and a layout")
    if not len(sizes) == len(rows) == len(answer.buffers):
        raise WireError(f"{layout} must have {len(sizes)} planes, got {len(answer.buffers)}")
    planes = []
    for (height, width), row, buffer in zip(sizes, rows, answer.buffers):
        if type(row) is not int or row < width or (row % 2 and bits_of(layout) > 8) or len(buffer) < height * row:
            raise WireError("a plane must hold its rows")
        planes.append(np.asarray(buffer)[: height * row].reshape(height, row))
    return DecodedFrame(layout, hw, tuple(planes), answer.number("shift_px", 0, _LONGEST_SIDE))
