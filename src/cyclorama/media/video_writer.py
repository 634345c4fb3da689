"""Video in mp4, mov, mkv or webm: closed segments, joined without encoding again."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.codec import Codec
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclorama.core.arrays import Array, require_picture, shape_words
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.coding import Coding
from cyclorama.media.gate import open_container, writing
from cyclorama.media.index import decoded, read_index
from cyclorama.media.join import CLOCK, MATROSKA, Joined, Segments, join, segment_suffix
from cyclorama.media.layouts import bits_of
from cyclorama.media.notes import Notes
from cyclorama.media.output import Move, OutputSpec, cleared, move_all
from cyclorama.media.safe import Records
from cyclorama.media.segment import LIMITED, Segment, Spool, picture_stream
from cyclorama.media.sound import Sound, SoundCopy

_LONGEST, _SHORTEST = 250, 48
"""Frames of a segment where frames lean on one another: x264 and x265 begin anew after 250 anyway."""
_SPOOL_BYTES = 1 << 30
"""How much the frames of one segment may hold before they are encoded."""


def exact_time_base(timestamps_s: tuple[Fraction, ...], rate: Fraction) -> Fraction:
    """The coarsest clock that hits every timestamp; that of the nominal rate for a single frame."""
    ticks = math.lcm(*(t.denominator for t in timestamps_s), rate.numerator if len(timestamps_s) == 1 else 1)
    if ticks > 2**31 - 1:
        raise InputError(f"the timestamps need a clock of {ticks} ticks a second; convert the plate to a constant rate")
    return Fraction(1, ticks)


def segment_frames(coding: Coding, hw: tuple[int, int]) -> int:
    """The length of a segment of a coding whose frames lean on one another."""
    chroma = 2 / (coding.sub[0] * coding.sub[1])
    frame_bytes = hw[0] * hw[1] * (1 + chroma + coding.alpha) * (2 if coding.bits > 8 else 1)
    return min(_LONGEST, max(_SHORTEST, int(_SPOOL_BYTES / frame_bytes)))


class VideoWriter:
    """Frames in order, limited range, tagged as they are coded, at the plate's own timestamps.

    They are encoded in closed segments, each by an encoder of its own, and joined at the end: a run that goes on makes
    the bytes of one that was never stopped. Where frames lean on one another segments are long, and what the encoder
    was given since the last one lies beside them, not encoded, until it is closed (for all that may end the run but not
    for a power cut, which ends it where the last segment was closed); else one ends at every ``seal``.
    """

    def __init__(
        self,
        output: Path,
        folder: Path,
        spec: OutputSpec,
        coding: Coding,
        *,
        notes: Notes,
        sound: Sound | None = None,
        name: str = "shot",
    ) -> None:
        """``name``: of the folder in ``folder`` where the segments wait."""
        self._output, self._spec, self._coding, self._fill = output, spec, coding, coding.filler()
        self._notes, self._sound = notes, sound
        self._folder, self._suffix = folder / name, output.suffix.lower()
        self._segments, self._spooled = Records(self._folder, "segment"), Records(self._folder, "frames", lasts=False)
        self._time_base = exact_time_base(spec.timestamps_s, spec.rate)
        self._ticks = tuple(int(t / self._time_base) for t in spec.timestamps_s)
        self._length = None if Codec(coding.codec, "w").intra_only else segment_frames(coding, spec.hw)
        self._next = self._sealed = 0
        self._starts: list[int] = []
        self._stale: list[list[Path]] = [[], []]
        self._segment: Segment | None = None
        self._spool: Spool | None = None
        with writing(folder):
            self._folder.mkdir(exist_ok=True)

    @property
    def _joined(self) -> Path:
        return self._folder / f"joined{self._suffix}"

    def found(self, limit: int) -> int:
        return max((stop for _, stop in self._safe(limit)), default=0)

    def _safe(self, limit: int) -> Iterator[tuple[Records, int]]:
        start = 0
        for _, start in self._segments.stretches(limit):
            yield self._segments, start
        for _, stop in self._spooled.stretches(limit, start):
            yield self._spooled, stop

    def take(self, count: int) -> None:
        closed = list(self._segments.stretches(count))
        begun = list(self._spooled.stretches(count, closed[-1][1] if closed else 0))
        keep = [p for start, _ in closed for p in self._segments.files(start)]
        cleared(self._folder, keep=[*keep, *(p for start, _ in begun for p in self._spooled.files(start))])
        self._starts = [start for start, _ in closed]
        self._next = self._sealed = closed[-1][1] if closed else 0
        for start, stop in begun:
            spool = Spool(self._spool_path(start), self._frame)
            for frame in spool.read(stop - start):
                self._encode(frame)
            self._sealed = stop

    def _path(self, start: int) -> Path:
        return self._folder / f"{start:06d}{segment_suffix(self._coding, self._suffix)}"

    def _spool_path(self, start: int) -> Path:
        return self._folder / f"{start:06d}.yuv"

    def write(self, index: int, picture: Array) -> None:
        """The next frame, h w 3 (or 4: with alpha, straight) float32 scene-linear."""
        require_picture("picture", picture, self._coding.channels)
        if picture.shape[:2] != self._spec.hw:
            raise ValueError(f"a frame must be {self._spec.hw[0]} x {self._spec.hw[1]}, got {shape_words(picture)}")
        if index != self._next or index >= self._spec.num_frames:
            raise ValueError(f"frames must be written in order, expected {self._next}, got {index}")
        frame, planes = self._frame()
        self._fill(np.ascontiguousarray(picture), planes)
        with writing(self._output):
            if self._length is not None:
                self._spool = self._spool or Spool(self._spool_path(index), self._frame)
                self._spool.add(planes)
            self._encode(frame)
            if self._length is not None and self._next - self._starts[-1] == self._length:
                self._close_segment()

    def _frame(self) -> tuple[VideoFrame, list[Array]]:
        """An empty frame, and its planes."""
        frame = VideoFrame(self._spec.hw[1], self._spec.hw[0], self._coding.pix_fmt)
        frame.time_base = self._time_base
        frame.color_primaries, frame.color_trc, frame.colorspace = self._coding.tags
        frame.color_range = LIMITED
        kind = np.uint16 if bits_of(self._coding.pix_fmt) > 8 else np.uint8
        return (
            frame,
            [
                np.frombuffer(plane, kind).reshape(plane.height, -1)  # type: ignore[call-overload]
                for plane in frame.planes[: self._coding.channels]
            ],
        )

    def _encode(self, frame: VideoFrame) -> None:
        if self._segment is None:
            self._starts.append(self._next)
            self._segment = Segment(self._path(self._next), self._coding, self._spec, self._time_base)
        frame.pts = self._ticks[self._next] - self._ticks[self._starts[-1]]
        self._segment.encode(frame)
        self._next += 1

    def _close_segment(self) -> None:
        """The segment is safe; then the frames that it was made of may go."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        segment.close()
        start = self._starts[-1]
        self._segments.add(start, self._next, [segment.path])
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        self._stale[-1] += [*self._folder.glob("*.yuv"), *self._folder.glob("frames-*.json")]
        self._sealed = self._next

    def seal(self) -> None:
        with writing(self._output):
            for path in self._stale.pop(0):  # others have sealed since: nobody goes on from before this segment's end
                path.unlink(missing_ok=True)
            self._stale.append([])
            if self._length is None:
                self._close_segment()
            elif self._spool is not None:
                path = self._spool.close()
                self._spool = None
                self._spooled.add(self._sealed, self._next, [path])
                self._sealed = self._next

    def close(self) -> None:
        """Join the segments, read the file back and compare."""
        if self._next != self._spec.num_frames:
            raise ValueError(f"all {self._spec.num_frames} frames must be written, got {self._next}")
        with writing(self._output):
            self._close_segment()
            segments = Segments(tuple(self._path(s) for s in self._starts), tuple(self._starts), self._coding)
            wanted = Joined(self._joined, self._spec, self._time_base, self._ticks)
            join(segments, wanted, self._add_picture, self._add_sound)
        verify_video(self._joined, self._spec)
        if self._coding.alpha:
            _verify_alpha(self._joined)

    def _add_picture(self, container: OutputContainer) -> VideoStream:
        stream = picture_stream(container, self._coding, self._spec, self._time_base)
        if self._coding.tag and self._suffix not in MATROSKA:
            stream.codec_context.codec_tag = self._coding.tag
        container.metadata.update(self._spec.tags.texts)
        if self._spec.timecode:
            container.metadata["timecode"] = self._spec.timecode
        if self._spec.tags.reel:
            stream.metadata["reel_name"] = self._spec.tags.reel
        return stream

    def _add_sound(self, container: OutputContainer) -> SoundCopy | None:
        return None if self._sound is None else SoundCopy(self._sound, container, self._notes)

    def moves(self) -> tuple[Move, ...]:
        return (Move(self._joined, self._output),)

    def publish(self, *, overwrite: bool) -> None:
        move_all(self.moves(), overwrite=overwrite)
        self.abort()

    def abort(self) -> None:
        self.drop()
        cleared(self._folder, gone=True)

    def drop(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.drop()
        if self._spool is not None:
            self._spool.drop()
            self._spool = None


def verify_video(path: Path, spec: OutputSpec) -> None:
    """``MachineError`` unless the file holds exactly the frames of ``spec`` at their times, all whole."""
    try:
        index = read_index(path, Notes())
    except InputError as error:
        raise MachineError(f"the video that was written does not read back ({error}); run again") from None
    if len(index.pts) != spec.num_frames:
        raise MachineError(f"{path}: must hold {spec.num_frames} frames, got {len(index.pts)}; run again")
    slack = CLOCK / 2 if path.suffix.lower() in MATROSKA else 0
    wrong = next((i for i, t in enumerate(index.timestamps_s) if abs(t - spec.timestamps_s[i]) > slack), None)
    if wrong is not None:
        raise MachineError(
            f"{path}: frame {wrong} must be at {float(spec.timestamps_s[wrong])} s, "
            f"got {float(index.timestamps_s[wrong])} s; report this as a bug"
        )


def _verify_alpha(path: Path) -> None:
    """``MachineError`` unless the first frame decodes with an alpha channel."""
    with open_container(path) as container:
        frame = next(decoded(container, container.streams.video[0]))
    if not any(component.is_alpha for component in frame.format.components):
        raise MachineError(f"{path}: was written without its alpha by this FFmpeg; write frames (%04d.png or %04d.exr)")
