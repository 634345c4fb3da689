"""Mattes: alpha as linear data, from a video or a folder of pictures."""

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.media.aspect import square_hw
from cyclorama.media.colour import is_full_range
from cyclorama.media.film import DecodedFrame, FrameReader, open_film
from cyclorama.media.index import FrameIndex
from cyclorama.media.layouts import PACKED, TakeMatte, bits_of
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import has_useful_alpha, read_matte_picture
from cyclorama.media.pixels import packed_codes, plane_codes, upright
from cyclorama.media.sequence import list_frames, require_one_size


class MatteClip(Protocol):
    """Alpha frame by frame."""

    @property
    def num_frames(self) -> int: ...

    @property
    def hw(self) -> tuple[int, int]: ...

    def alpha(self, index: int) -> Array:
        """h w float32, 0 background .. 1 actor, fresh. ``IndexError`` outside, ``InputError`` when damaged."""
        ...

    def close(self) -> None: ...


def open_matte(path: Path, *, notes: Notes) -> MatteClip:
    """A matte from a video (its alpha channel, else its luma) or a folder of pictures (alpha, else green or grey)."""
    return SequenceMatte(list_frames(path), notes) if path.is_dir() else VideoMatte(path, notes)


class SequenceMatte:
    """A matte over a folder of pictures of any bit depth."""

    def __init__(self, frames: tuple[Path, ...], notes: Notes) -> None:
        self._frames, self._notes = frames, notes
        self._hw = require_one_size(frames)
        self._channel = "alpha" if has_useful_alpha(frames[0]) else "colour"
        words = "its alpha channel" if self._channel == "alpha" else "its grey (or green) channel"
        notes.add("input", f"The matte {frames[0].parent.name} is read from {words}.")

    @property
    def num_frames(self) -> int:
        return len(self._frames)

    @property
    def hw(self) -> tuple[int, int]:
        return self._hw

    def alpha(self, index: int) -> Array:
        if not 0 <= index < self.num_frames:
            raise IndexError(f"frame must be 0..{self.num_frames - 1}, got {index}")
        return read_matte_picture(self._frames[index], self._channel, self._frames[0].parent.name, notes=self._notes)

    def close(self) -> None:
        """Nothing stays open."""


class VideoMatte:
    """A matte over a video file."""

    def __init__(self, path: Path, notes: Notes) -> None:
        film = open_film(path, notes)
        self._index, first = film.index, film.first
        self._turn, swaps, words = upright(first)
        if words:
            notes.add("geometry", f"{path.name} {words}.")
        self._square = square_hw((first.height, first.width), film.aspect)
        self._hw = self._square[::-1] if swaps else self._square
        hw = (first.height, first.width)
        self._has_alpha = first.has_alpha and _has_useful_alpha(film.index, hw)
        take = TakeMatte("alpha" if self._has_alpha else "luma")
        self._frames = FrameReader(film.index, take, hw, deinterlace=first.interlaced_frame)
        rgb = first.format.is_rgb or first.format.name == "pal8"
        self._full = rgb or self._has_alpha or is_full_range(first, film.codec, path.name, notes)
        notes.add("input", f"The matte {path.name} is read from its {'alpha channel' if self._has_alpha else 'luma'}.")

    @property
    def num_frames(self) -> int:
        return len(self._index.pts)

    @property
    def hw(self) -> tuple[int, int]:
        return self._hw

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        return self._index.timestamps_s

    def alpha(self, index: int) -> Array:
        frame = self._frames.frame(index)
        alpha = _alpha(frame) if self._has_alpha else self._luma(frame)
        if alpha.shape != self._square:
            alpha = cv2.resize(alpha, self._square[::-1], interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(self._turn(alpha))

    def _luma(self, frame: DecodedFrame) -> Array:
        if frame.layout in PACKED:
            return _channel(frame, 1)
        bits = bits_of(frame.layout)
        low, high = (0, (1 << bits) - 1) if self._full else (16 << (bits - 8), 235 << (bits - 8))
        codes = plane_codes(frame, 0)[:, : frame.hw[1]].astype(np.float32)
        return np.clip((codes - np.float32(low)) / np.float32(high - low), 0, 1)

    def close(self) -> None:
        self._frames.close()


def _has_useful_alpha(index: FrameIndex, hw: tuple[int, int]) -> bool:
    """Whether the first picture is not opaque everywhere."""
    with closing(FrameReader(index, TakeMatte("alpha"), hw)) as frames:
        return bool(_alpha(frames.frame(0)).min() < 1)


def _alpha(frame: DecodedFrame) -> Array:
    """The alpha channel, always full range."""
    if frame.layout in PACKED:
        return _channel(frame, 3)
    bits = bits_of(frame.layout)
    return plane_codes(frame, 0)[:, : frame.hw[1]].astype(np.float32) / np.float32((1 << bits) - 1)


def _channel(frame: DecodedFrame, channel: int) -> Array:
    """One channel, 0..1."""
    codes = packed_codes(frame)[..., channel]
    return codes.astype(np.float32) / np.float32(255 if codes.dtype == np.uint8 else 65535)
