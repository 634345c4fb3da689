"""Whole pictures from interlaced ones: FFmpeg's ``bwdif``, one picture from the two fields of each frame."""

from collections.abc import Callable
from fractions import Fraction

from av.error import BlockingIOError, EOFError
from av.filter import Graph
from av.video.frame import VideoFrame

_CLOCK = Fraction(1, 2)
"""The filter's own; it counts frames alone."""


class Deinterlacer:
    """Frame ``n`` made from frames n - 1, n and n + 1, whatever the order in which they are asked for."""

    def __init__(self, num_frames: int, find: Callable[[int], VideoFrame]) -> None:
        """``find``: the interlaced frame of a number; cheap when numbers increase."""
        self._num_frames, self._find = num_frames, find
        self._graph: Graph | None = None
        self._next = 0

    def frame(self, number: int) -> VideoFrame:
        if self._graph is None or number != self._next:
            self._start(max(number - 1, 0), number)
        if number + 1 < self._num_frames:
            self._push(number + 1)
        elif self._graph is not None:
            self._graph.push(None)
        while True:
            frame = self._pull()
            if frame is None:
                raise ValueError(f"the filter must give frame {number}, it gave none")
            self._next += 1
            if self._next == number + 1:
                return frame

    def forget(self) -> None:
        """Let go of the frames that are held."""
        self._graph = None

    def _start(self, first: int, last: int) -> None:
        self._graph, self._next = None, first
        for number in range(first, last + 1):
            self._push(number)

    def _push(self, number: int) -> None:
        frame = self._find(number)
        frame.pts, frame.time_base = number, _CLOCK
        if self._graph is None:
            self._graph = _graph(frame)
        self._graph.push(frame)

    def _pull(self) -> VideoFrame | None:
        assert self._graph is not None
        try:
            return self._graph.vpull()
        except (BlockingIOError, EOFError):
            return None


def _graph(frame: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_CLOCK)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:parity=auto:deint=all"), graph.add("buffersink"))
    graph.configure()
    return graph
