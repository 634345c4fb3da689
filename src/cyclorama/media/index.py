"""Which frames a video has: one pass over its packets, which also shows whether the file is whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.gate import MAX_VIDEO_PIXELS, Host, frames_bytes, open_container, reading
from cyclorama.media.notes import Notes
from cyclorama.media.whole import is_cut_off

STANDARD_RATES = tuple(
    Fraction(n, d)
    for n, d in (
        *((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48000, 1001), (48, 1), (50, 1)),
        *((60000, 1001), (60, 1), (100, 1), (120000, 1001), (120, 1)),
    )
)
_STATES_ITS_LENGTH = ("mov,mp4", "matroska", "avi", "mxf", "asf", "flv", "ogg", "nut")
_LENGTH_FROM_ZERO = ("matroska", "flv")
"""Their length is counted from time 0, not from the first picture."""
_PACKET_IS_NOT_FRAME = ("vp8", "mpeg4", "mpeg1video", "mpeg2video", "theora", "vvc")
"""Frames that are hidden, packed, field-coded, or shown before the keyframe that begins the file."""
_NEARLY = Fraction(9, 10)
"""Of the last picture's time: a file that ends earlier than it says by more has lost one."""
_SLACK_S = Fraction(1, 100)
"""What files round their lengths by, at the most."""
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_TRUSTED = Host()
DAMAGED = "the video is damaged or cut off; copy or export it again"


@dataclass(frozen=True)
class FrameIndex:
    """Presentation times of every frame, in ticks of ``time_base``, strictly increasing, and which ones are keyframes
    (positions in ``pts``, increasing, the first one 0)."""

    path: Path
    stream: int
    time_base: Fraction
    pts: tuple[int, ...]
    keyframes: tuple[int, ...]
    rate: Fraction
    by_order: bool = False
    """The file has no usable timestamps: frames are counted from its start, and seeking is not possible."""

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        return tuple((tick - self.pts[0]) * self.time_base for tick in self.pts)

    @property
    def origin_s(self) -> Fraction:
        """Time of the first frame on the file's own clock, which its sound shares."""
        return self.pts[0] * self.time_base


@dataclass
class _Packets:
    """What one pass over the packets saw."""

    video: list[tuple[int | None, bool, bool]]  # pts, keyframe, shown
    end_s: Fraction = Fraction(0)
    last_s: Fraction = Fraction(0)  # how long the last picture is on screen, 0 where the file does not say
    video_end_s: Fraction = Fraction(0)
    corrupt: bool = False


def choose_stream(
    container: InputContainer, path: Path, notes: Notes, number: int | None = None, host: Host = _TRUSTED
) -> VideoStream:
    """The video stream of a number, counted from 0 without cover pictures, ready to decode within our limits; the first
    when None."""
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise InputError(f"{path}: must hold a video stream, got none; give a video or a folder of frames")
    if number is None and len(streams) > 1:
        sizes = ", ".join(f"{i}: {s.width} x {s.height}" for i, s in enumerate(streams))
        notes.add("input", f"{path.name} holds {len(streams)} video streams ({sizes}); 0 is used (see --stream).")
    if not 0 <= (number or 0) < len(streams):
        raise InputError(f"{path}: --stream must be 0 to {len(streams) - 1}, got {number}")
    return ready_stream(container, path, streams[number or 0].index, host)


def ready_stream(container: InputContainer, path: Path, index: int, host: Host = _TRUSTED) -> VideoStream:
    """The video stream at ``index`` of all streams, ready to decode within our limits."""
    stream = container.streams[index]
    assert isinstance(stream, VideoStream)
    if stream.codec_context is None:
        raise MachineError(f"{path}: this FFmpeg has no decoder for it; convert it, for example to ProRes")
    stream.codec_context.options = {"max_pixels": str(MAX_VIDEO_PIXELS), "err_detect": "explode"}
    stream.thread_type = "AUTO"
    if stream.width * stream.height > MAX_VIDEO_PIXELS:
        raise InputError(
            f"{path}: a frame must hold at most {MAX_VIDEO_PIXELS} pixels (8192 x 4320), "
            f"got {stream.width} x {stream.height}; scale it down first"
        )
    host.allow(frames_bytes((stream.height, stream.width)))
    return stream


def decoded(container: InputContainer, stream: VideoStream, host: Host = _TRUSTED) -> Iterator[VideoFrame]:
    """The frames of a stream; those of WebM with its alpha, which FFmpeg's own decoders leave out."""
    context = stream.codec_context
    library = _ALPHA_DECODERS.get(context.name) if stream.metadata.get("alpha_mode") == "1" else None
    if library is None or library not in av.codecs_available:
        for frame in container.decode(stream):
            host.tick()
            yield frame
        return
    reader = CodecContext.create(library, "r")
    assert isinstance(reader, VideoCodecContext)
    reader.options = dict(context.options)
    for packet in container.demux(stream):
        for frame in reader.decode(packet):
            host.tick()
            frame.color_trc, frame.color_primaries = context.color_trc, context.color_primaries
            yield frame


def read_index(path: Path, notes: Notes, number: int | None = None, host: Host = _TRUSTED) -> FrameIndex:
    """Index a stream of a video file, as ``choose_stream`` counts them. ``InputError`` when it is not whole."""
    with open_container(path) as container:
        stream = choose_stream(container, path, notes, number, host)
        if stream.time_base is None:
            raise InputError(f"{path}: the video stream has no time base; convert it to mp4 or mov")
        with reading(path, DAMAGED):
            packets = _read_packets(container, stream, host)
        if not packets.video:
            raise InputError(f"{path}: must hold at least one frame, got none; it is cut off: copy or export it again")
        guess, base = stream.average_rate or stream.guessed_rate, stream.base_rate
        _require_whole(container, stream, packets, guess or Fraction(24))
        pts, keyframes = _frames_of(packets, path, notes)
        index, time_base, codec = stream.index, stream.time_base, stream.codec_context.name
        coded = stream.codec_context.framerate
        untimed = container.format.name == "avi" and codec in ("h264", "hevc")  # AVI holds no times of reordered frames
    if pts is None or untimed or codec in _PACKET_IS_NOT_FRAME:
        pts, keyframes, count = _decoded_frames(path, index, host)
        if pts is None:
            rate = _nominal_rate([0], time_base, (coded or guess, base))
            notes.add("time", f"{path.name} holds no usable timestamps; {float(rate):.3f} frames a second are taken.")
            return FrameIndex(path, index, 1 / rate, tuple(range(count)), (0,), rate, by_order=True)
    rate = _nominal_rate(pts, time_base, (guess, base))
    if any(abs((b - a) * time_base * rate - 1) > Fraction(1, 2) for a, b in pairwise(pts)):
        notes.add("time", f"{path.name} has a variable frame rate (about {float(rate):.3f}); its timestamps are kept.")
    return FrameIndex(path, index, time_base, tuple(pts), tuple(keyframes), rate)


def _read_packets(container: InputContainer, stream: VideoStream, host: Host) -> _Packets:
    seen = _Packets([])
    for packet in container.demux():
        host.tick()
        if packet.size == 0 or packet.time_base is None:
            continue
        start = packet.pts if packet.pts is not None else packet.dts
        end_s = (start + (packet.duration or 0)) * packet.time_base if start is not None else Fraction(0)
        seen.end_s = max(seen.end_s, end_s)
        if packet.stream_index == stream.index:
            if end_s > seen.video_end_s:
                seen.video_end_s, seen.last_s = end_s, (packet.duration or 0) * packet.time_base
            seen.video.append((packet.pts, packet.is_keyframe, not packet.is_discard))
            seen.corrupt |= packet.is_corrupt
    return seen


def _require_whole(container: InputContainer, stream: VideoStream, packets: _Packets, rate: Fraction) -> None:
    path = container.name
    if packets.corrupt:
        raise InputError(f"{path}: {DAMAGED}")
    if is_cut_off(Path(path)):
        raise InputError(f"{path}: it ends before the place that it states; it is cut off: copy or export it again")
    loose = Fraction(3, 2) / rate
    slack = max(packets.last_s * _NEARLY, _SLACK_S) if packets.last_s else loose
    if stream.duration is not None and stream.time_base is not None:
        stated = ((stream.start_time or 0) + stream.duration) * stream.time_base
        _require_length(path, stated, packets.video_end_s, slack)
    if container.duration and container.format.name.startswith(_STATES_ITS_LENGTH):
        begins = 0 if container.format.name.startswith(_LENGTH_FROM_ZERO) else container.start_time or 0
        stated = Fraction(begins + container.duration, av.time_base)
        _require_length(path, stated, packets.end_s, slack if len(container.streams) == 1 else max(slack, loose))


def _require_length(path: str, stated: Fraction, found: Fraction, slack: Fraction) -> None:
    if stated - found > slack:
        raise InputError(
            f"{path}: the file says it is {float(stated):.2f} s long but its frames end at {float(found):.2f} s; "
            "it is cut off: copy or export it again"
        )


def _frames_of(packets: _Packets, path: Path, notes: Notes) -> tuple[list[int] | None, list[int]]:
    """Times and keyframes as the packets tell them; None when they do not."""
    first = next((i for i, (_, key, _) in enumerate(packets.video) if key), None)
    if first is None or any(pts is None for pts, _, _ in packets.video):
        return None, []
    origin = packets.video[first][0] or 0
    shown = [(pts or 0, key) for pts, key, show in packets.video[first:] if show]
    whole = sorted((pts, key) for pts, key in shown if pts >= origin or not packets.video[first][2])
    if len(whole) < len(packets.video):
        notes.add(
            "input",
            f"{path.name} holds {len(packets.video) - len(whole)} frames that no player shows (before its first "
            "keyframe or cut by its edit list); they are left out.",
        )
    pts = [tick for tick, _ in whole]
    if not pts or any(b <= a for a, b in pairwise(pts)):
        return None, []
    return pts, sorted({0, *(i for i, (_, key) in enumerate(whole) if key)})


def _decoded_frames(path: Path, index: int, host: Host) -> tuple[list[int] | None, list[int], int]:
    """Times (None when they are missing or out of order), keyframes and the count, by decoding everything."""
    pts: list[int | None] = []
    keyframes = [0]
    with open_container(path) as container, reading(path, DAMAGED):
        stream = ready_stream(container, path, index, host)
        for frame in decoded(container, stream, host):
            if frame.key_frame and pts:
                keyframes.append(len(pts))
            pts.append(frame.pts)
    if not pts:
        raise InputError(f"{path}: no frame could be decoded; copy or export it again")
    times = [tick for tick in pts if tick is not None]
    in_order = len(times) == len(pts) and all(b > a for a, b in pairwise(times))
    return (times if in_order else None), keyframes, len(pts)


def _nominal_rate(pts: list[int], time_base: Fraction, stated: tuple[Fraction | None, Fraction | None]) -> Fraction:
    """The standard rate that the file's average or its base rate means; else the average as it is."""
    average, base = stated
    measured = (len(pts) - 1) / ((pts[-1] - pts[0]) * time_base) if len(pts) > 1 else None
    if measured and not (average and measured / 2 < average < measured * 2):  # raw DV states 60000
        average = measured
    if not average:
        return Fraction(24)
    for rate in (average, base or average):
        nearest = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
        if abs(nearest - rate) < rate / 5000 and abs(nearest - average) < average / 20:
            return nearest
    return average
