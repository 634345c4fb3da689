"""A video file as a clip."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from cyclorama.core.arrays import Array
from cyclorama.core.clip import proxy_hw
from cyclorama.media.aspect import square_hw
from cyclorama.media.colour import SignalColour, signal_colour
from cyclorama.media.curves import Colour
from cyclorama.media.film import FrameReader, open_film
from cyclorama.media.film_service import FirstFrame
from cyclorama.media.index import FrameIndex
from cyclorama.media.layouts import is_float
from cyclorama.media.notes import Notes
from cyclorama.media.pixels import PixelConverter, Turn, upright
from cyclorama.media.sound import Sound
from cyclorama.media.tags import ShotTags, stated


@dataclass(frozen=True)
class VideoStreamFacts:
    """What was found out about a video when it was opened; shared by a clip and its proxies. ``square_hw``: its size
    before it is turned, in square pixels. ``float_hw``: as it is stored, where it holds floats."""

    index: FrameIndex
    colour: SignalColour
    turn: Turn
    swaps_sides: bool
    square_hw: tuple[int, int]
    float_hw: tuple[int, int] | None
    left_sited: bool
    interlaced: bool
    timecode: str | None
    tags: ShotTags
    asked: Colour | None


def probe_video(
    path: Path, notes: Notes, *, colour: Colour | None = None, stream: int | None = None
) -> VideoStreamFacts:
    """Index a video and decode its first frame. ``colour``: what its code values mean, over its tags; ``stream``: which
    video, counted from 0. ``InputError`` when it is not whole or not readable."""
    film = open_film(path, notes, stream)
    index, frame, codec, aspect = film.index, film.first, film.codec, film.aspect
    timecode, tags = stated("timecode", *film.metadata), ShotTags.of(*film.metadata)
    turn, swaps, words = upright(frame)
    if words:
        notes.add("geometry", f"{path.name} {words}.")
    hw = square_hw((frame.height, frame.width), aspect)
    if hw != (frame.height, frame.width):
        notes.add(
            "geometry",
            f"{path.name} has pixels of aspect {aspect}; its {frame.width} x {frame.height} are resampled to "
            f"{hw[1]} x {hw[0]} square pixels.",
        )
    if frame.interlaced_frame:
        notes.add(
            "input", f"{path.name} is interlaced; it is deinterlaced, one picture from the two fields of a frame."
        )
    _note_alpha(frame, path, notes)
    meaning = signal_colour(frame, codec, path.name, notes, colour)
    floats = (frame.height, frame.width) if is_float(frame.kind) else None
    sited, interlaced = codec != "mjpeg", frame.interlaced_frame
    return VideoStreamFacts(index, meaning, turn, swaps, hw, floats, sited, interlaced, timecode, tags, colour)


def _note_alpha(frame: FirstFrame, path: Path, notes: Notes) -> None:
    if frame.has_alpha:
        notes.add(
            "input", f"{path.name} has an alpha channel; it is not used here (give the file as a matte to use it)."
        )


class VideoClip:
    """``core.clip.Clip`` over a video file. Close it, or use it in a ``with``; its proxies close with it."""

    def __init__(self, facts: VideoStreamFacts, stored_hw: tuple[int, int] | None = None) -> None:
        self._facts = facts
        self._stored_hw = stored_hw or facts.square_hw
        self._converter = PixelConverter(
            facts.colour, facts.turn, left_sited=facts.left_sited, stored_hw=self._stored_hw
        )
        self._frames = FrameReader(
            facts.index, self._converter.take, facts.float_hw or self._stored_hw, deinterlace=facts.interlaced
        )
        self._proxies: list[VideoClip] = []

    @property
    def path(self) -> Path:
        return self._facts.index.path

    @property
    def num_frames(self) -> int:
        return len(self._facts.index.pts)

    @property
    def hw(self) -> tuple[int, int]:
        return self._stored_hw[::-1] if self._facts.swaps_sides else self._stored_hw

    @property
    def rate(self) -> Fraction:
        return self._facts.index.rate

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        return self._facts.index.timestamps_s

    @property
    def timecode(self) -> str | None:
        """Timecode of the first frame as the file states it."""
        return self._facts.timecode

    @property
    def tags(self) -> ShotTags:
        return self._facts.tags

    @property
    def asked(self) -> Colour | None:
        """What its code values mean by the user's word."""
        return self._facts.asked

    @property
    def hdr(self) -> Colour | None:
        """How its light is coded, where that is HDR by its tag."""
        return self._facts.colour.hdr

    def frame(self, index: int) -> Array:
        """Frame ``index``, h w 3 float32 scene-linear, fresh. ``IndexError`` outside, ``InputError`` when damaged."""
        return self._converter.linear(self._frames.frame(index))

    def proxy(self, long_side: int) -> "VideoClip":
        """The same video decoded straight to a smaller size (averaged in code values, fit for analysis)."""
        if long_side >= max(self._stored_hw):
            return self
        clip = VideoClip(self._facts, proxy_hw(self._stored_hw, long_side))
        self._proxies.append(clip)
        return clip

    def sound(self, start: int = 0, stop: int | None = None) -> Sound:
        """The sound that belongs to frames ``start`` to ``stop`` (exclusive; None: to the end, the tail kept)."""
        index = self._facts.index
        return Sound.of_frames(index.path, index.origin_s, index.timestamps_s, (start, stop))

    def close(self) -> None:
        self._frames.close()
        for clip in self._proxies:
            clip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
