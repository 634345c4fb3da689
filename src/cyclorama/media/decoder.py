"""Frames of a video file by number, in any order."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclorama.core.errors import InputError
from cyclorama.media.deinterlace import Deinterlacer
from cyclorama.media.gate import Host, open_container, reading
from cyclorama.media.index import DAMAGED, FrameIndex, decoded, ready_stream


class FrameDecoder:
    """Decoded, still encoded-in-colour frames of one stream. Sequential is fast; anything else seeks to the keyframe
    before it."""

    def __init__(self, index: FrameIndex, host: Host, *, deinterlace: bool = False) -> None:
        self._index, self._host = index, host
        self._deinterlacer = Deinterlacer(len(index.pts), self._find) if deinterlace else None
        self._container: InputContainer | None = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._next = 0
        self._shape: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        return self._index.path

    def frame(self, number: int) -> VideoFrame:
        """Frame ``number`` as FFmpeg gives it. ``InputError`` when it cannot be decoded."""
        with reading(self.path, f"frame {number} cannot be decoded: {DAMAGED}"):
            return self._deinterlacer.frame(number) if self._deinterlacer else self._find(number)

    def close(self) -> None:
        """Give the file back; the next ``frame`` opens it again."""
        self._close()
        if self._deinterlacer:
            self._deinterlacer.forget()

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container = None
        self._frames = iter(())

    def _find(self, number: int) -> VideoFrame:
        index = self._index
        key = bisect_right(index.keyframes, number) - 1
        if self._container is not None and index.keyframes[key] <= self._next <= number:
            frame = self._forward(number)
            if frame is not None:
                return frame
        while (
            key >= 0
        ):  # a seek may land after the frame, or on a keyframe that is none: then start from an earlier one
            self._start_at(index.keyframes[key])
            try:
                frame = self._forward(number)
            except (FFmpegError, InputError):
                if key == 0:
                    raise
                frame = None
            if frame is not None:
                return frame
            key = min(key - 1, key // 2) if key else -1
        raise InputError(f"{self.path}: frame {number} cannot be decoded: {DAMAGED}")

    def _start_at(self, keyframe: int) -> None:
        if keyframe == 0 or self._container is None:
            self._close()
            self._container = open_container(self.path)
            ready_stream(self._container, self.path, self._index.stream, self._host)
        stream = self._container.streams[self._index.stream]
        assert isinstance(stream, VideoStream)
        if keyframe:
            self._container.seek(self._index.pts[keyframe], stream=stream, backward=True)
        self._frames = decoded(self._container, stream, self._host)
        self._next = keyframe

    def _forward(self, number: int) -> VideoFrame | None:
        """Decode on until frame ``number``; None when the stream is already past it or ends."""
        wanted = self._index.pts[number]
        for frame in self._frames:
            tick = self._next if self._index.by_order else frame.pts
            if tick is None:
                continue
            self._next = bisect_left(self._index.pts, tick + 1)
            if tick < wanted:
                continue
            if tick > wanted:
                return None
            self._require_sound(frame, number)
            return frame
        self._next = len(self._index.pts)
        return None

    def _require_sound(self, frame: VideoFrame, number: int) -> None:
        if frame.is_corrupt:
            raise InputError(f"{self.path}: frame {number} is damaged; copy or export the video again")
        shape = (frame.height, frame.width)
        if self._shape is None:
            self._shape = shape
        if shape != self._shape:
            raise InputError(
                f"{self.path}: every frame must be {self._shape[1]} x {self._shape[0]}, "
                f"frame {number} is {frame.width} x {frame.height}; export it at one size"
            )
