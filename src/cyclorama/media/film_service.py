"""What is done with a video that is not trusted: it is looked at whole, and its frames are decoded one by one."""

from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from cyclorama.core.errors import CycloramaError, InputError
from cyclorama.media.decoder import FrameDecoder
from cyclorama.media.gate import Host, open_container, reading
from cyclorama.media.index import DAMAGED, FrameIndex, read_index, ready_stream
from cyclorama.media.layouts import Take, Taken, take_of
from cyclorama.media.notes import Notes
from cyclorama.media.wire import ANSWERED, Message


@dataclass(frozen=True)
class FirstFrame:
    """What the first frame says of its stream, by the names that PyAV's frames have. Colours are numbers of H.273;
    ``matrix``: the display matrix, nine numbers in hexadecimal, or nothing."""

    kind: str
    width: int
    height: int
    color_range: int
    colorspace: int
    color_trc: int
    color_primaries: int
    interlaced_frame: bool
    matrix: str

    @property
    def format(self) -> VideoFormat:
        return VideoFormat(self.kind)

    @property
    def has_alpha(self) -> bool:
        return any(component.is_alpha for component in self.format.components)

    @classmethod
    def of(cls, frame: VideoFrame) -> "FirstFrame":
        matrix = frame.side_data.get("DISPLAYMATRIX")
        return cls(
            frame.format.name,
            frame.width,
            frame.height,
            int(frame.color_range),
            int(frame.colorspace),
            int(frame.color_trc),
            int(frame.color_primaries),
            bool(frame.interlaced_frame),
            bytes(matrix).hex() if isinstance(matrix, SideData) else "",
        )


def probe(asked: Message, host: Host) -> Message:
    """All that a file says, and its first frame: a file that is not whole ends here."""
    path, notes = Path(asked.text("path")), Notes()
    number = asked.facts["stream"]
    index = read_index(path, notes, number, host)
    with open_container(path) as container:
        facts = _stream_facts(container, path, index.stream, host)
    first = FrameDecoder(index, host).frame(0)
    facts |= {"stream": index.stream, "time_base": _pair(index.time_base), "rate": _pair(index.rate)}
    facts |= {"by_order": index.by_order, "notes": [[note.kind, note.text] for note in notes.all]}
    facts["first"] = asdict(FirstFrame.of(first))
    return Message(ANSWERED, facts, (array("q", index.pts), array("q", index.keyframes)))


def _stream_facts(container: InputContainer, path: Path, stream: int, host: Host) -> dict[str, Any]:
    chosen = ready_stream(container, path, stream, host)
    aspect = chosen.sample_aspect_ratio
    metadata = [container.metadata, *(s.metadata for s in container.streams)]
    return {
        "codec": chosen.codec_context.name,
        "aspect": _pair(aspect) if aspect and aspect > 0 else [1, 1],
        "metadata": [[[name, value] for name, value in texts.items()] for texts in metadata],
    }


def video_hw(asked: Message, host: Host) -> Message:
    """The stored size of the first video stream; 0 x 0 where there is none."""
    with open_container(Path(asked.text("path"))) as container:
        host.tick()
        stream = next(iter(container.streams.video), None)
        return Message(ANSWERED, {"hw": [0, 0] if stream is None else [stream.height, stream.width]})


class FilmSession:
    """The frames of one stream, of each what is taken of it. After two in a row the next is made ready unasked."""

    def __init__(self, asked: Message, host: Host) -> None:
        facts: Mapping[str, Any] = asked.facts
        pts, keyframes = (_numbers(buffer) for buffer in asked.buffers)
        base, rate = asked.fraction("time_base"), asked.fraction("rate")
        index = FrameIndex(Path(facts["path"]), facts["stream"], base, pts, keyframes, rate, facts["by_order"])
        self._decoder = FrameDecoder(index, host, deinterlace=facts["deinterlace"])
        self._take: Take = take_of(facts)
        self._reformatter = VideoReformatter()
        self._count, self._last = len(pts), -1
        self._ahead: tuple[int, Taken] | None = None
        self._runs = False

    def frame(self, asked: Message) -> Message:
        number = asked.whole("number", 0, self._count - 1)
        ready, self._ahead = self._ahead, None
        taken = ready[1] if ready is not None and ready[0] == number else self._taken(number)
        self._runs, self._last = number == self._last + 1 and number > 0, number
        facts = {"layout": taken.layout, "hw": taken.hw, "shift_px": taken.shift_px}
        rows = [plane.line_size for plane in taken.planes]
        return Message(ANSWERED, {**facts, "row_bytes": rows}, taken.planes)

    def look_ahead(self) -> None:
        """Make the next frame ready where they are asked for in a row. What goes wrong is told when it is asked for."""
        if self._runs and self._last + 1 < self._count:
            try:
                self._ahead = self._last + 1, self._taken(self._last + 1)
            except CycloramaError:
                self._ahead = None

    def _taken(self, number: int) -> Taken:
        frame = self._decoder.frame(number)
        with reading(self._decoder.path, f"frame {number} cannot be decoded: {DAMAGED}"):
            taken = self._take(frame, self._reformatter)
        if any(plane.line_size < 1 for plane in taken.planes):
            raise InputError(f"{self._decoder.path}: frame {number} cannot be decoded: its rows run upwards")
        return taken


def _pair(value: Fraction) -> list[int]:
    return [value.numerator, value.denominator]


def _numbers(buffer: bytearray) -> tuple[int, ...]:
    values = array("q")
    values.frombytes(memoryview(buffer).cast("B"))
    return tuple(values)
