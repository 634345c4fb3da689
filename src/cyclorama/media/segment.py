"""A stretch of a video while it is made: its encoder and file, and what the encoder was given."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from io import BufferedWriter
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclorama.core.arrays import Array
from cyclorama.core.errors import MachineError
from cyclorama.media.coding import Coding
from cyclorama.media.join import CLOCK, LEAD, step_ms
from cyclorama.media.output import OutputSpec

LIMITED = 1
"""FFmpeg's number of the range."""


class Spool:
    """Frames as the encoder gets them, in a file."""

    def __init__(self, path: Path, empty: Callable[[], tuple[VideoFrame, list[Array]]]) -> None:
        self._path, self._empty = path, empty
        self._file: BufferedWriter | None = None

    def add(self, planes: list[Array]) -> None:
        if self._file is None:
            self._file = self._path.open("wb")
        for plane in planes:
            self._file.write(np.ascontiguousarray(plane).data)

    def close(self) -> Path:
        if self._file is not None:
            self._file.close()
        return self._path

    def drop(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def read(self, count: int) -> Iterator[VideoFrame]:
        """The frames that were added. ``MachineError`` when they are not there any more."""
        with self._path.open("rb") as file:
            for _ in range(count):
                frame, planes = self._empty()
                for plane in planes:
                    codes = np.fromfile(file, plane.dtype, plane.size)
                    if codes.size != plane.size:
                        raise MachineError(f"{self._path}: is cut off; remove the folder {self._path.parent}")
                    plane[...] = codes.reshape(plane.shape)
                yield frame


class Segment:
    """One encoder and its file. In the file frames are numbered, a whole number of milliseconds apart: their times are
    put back when segments are joined, since not every container could hold them here."""

    def __init__(self, path: Path, coding: Coding, spec: OutputSpec, time_base: Fraction) -> None:
        self.path = path
        self._step = step_ms(spec.rate)
        self._order: dict[int, int] = {}
        self._coded, self._delay = 0, cast(int | None, None)
        self._container: OutputContainer = av.open(str(path), mode="w", options={"fflags": "+bitexact"})
        self._stream = picture_stream(self._container, coding, spec, time_base)

    def encode(self, frame: VideoFrame) -> None:
        assert frame.pts is not None
        self._order[frame.pts] = len(self._order)
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            assert packet.pts is not None
            if self._delay is None:
                early = packet.pts - (packet.pts if packet.dts is None else packet.dts)
                self._delay = sum(pts < early for pts in self._order)
            place = self._order[packet.pts]
            packet.time_base = CLOCK
            packet.pts, packet.dts = (LEAD + place) * self._step, (LEAD + self._coded - self._delay) * self._step
            packet.duration = self._step
            self._container.mux(packet)
            self._coded += 1

    def close(self) -> None:
        self._mux(self._stream.encode(None))
        self._container.close()

    def drop(self) -> None:
        with suppress(FFmpegError, OSError):  # the file is removed anyway
            self._container.close()


def picture_stream(container: OutputContainer, coding: Coding, spec: OutputSpec, time_base: Fraction) -> VideoStream:
    stream = container.add_stream(coding.codec, rate=spec.rate, options=dict(coding.options))
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = spec.hw
    stream.pix_fmt = coding.pix_fmt
    stream.time_base = stream.codec_context.time_base = time_base
    context = stream.codec_context
    context.color_primaries, context.color_trc, context.colorspace = coding.tags
    context.color_range = LIMITED
    return stream
