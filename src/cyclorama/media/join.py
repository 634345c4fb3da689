"""Closed segments of a video joined without encoding again: their times put right, sound and tags added."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec import Codec
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from cyclorama.core.errors import MachineError
from cyclorama.media.coding import Coding
from cyclorama.media.output import OutputSpec
from cyclorama.media.sound import SoundCopy

MATROSKA = (".mkv", ".webm")
CLOCK = Fraction(1, 1000)
"""Of segments, in every container."""


LEAD = 16
"""Frames by which a segment begins late, so that no time of decoding is negative."""


def segment_suffix(coding: Coding, output: str) -> str:
    """NUT keeps the packets of H.264 and H.265 as their encoder made them; the output's own container keeps others."""
    return ".nut" if coding.codec in ("libx264", "libx265") else output


def step_ms(rate: Fraction) -> int:
    """Ticks of ``CLOCK`` between the frames of a segment."""
    return max(1, round(1 / rate / CLOCK))


@dataclass(frozen=True)
class Segments:
    """``paths``: the files; ``starts``: the first frame of each. In a file frame n is at (n + LEAD) ``step_ms``."""

    paths: tuple[Path, ...]
    starts: tuple[int, ...]
    coding: Coding


@dataclass(frozen=True)
class Joined:
    """The file to be made, and the time of every frame in ``ticks`` of ``time_base``."""

    path: Path
    spec: OutputSpec
    time_base: Fraction
    ticks: tuple[int, ...]

    def duration(self, frame: int) -> int:
        """To the next frame; of one nominal frame for the last."""
        if frame + 1 < len(self.ticks):
            return self.ticks[frame + 1] - self.ticks[frame]
        return max(1, round(1 / self.spec.rate / self.time_base))

    def decoded_at(self, place: int, delay: int) -> int:
        """The decoding time of the packet at ``place``: that at which the frame ``delay`` places before it is shown."""
        return self.ticks[place - delay] if place >= delay else self.ticks[place] - self.ticks[delay]


def join(
    segments: Segments,
    wanted: Joined,
    add_picture: Callable[[OutputContainer], VideoStream],
    heard: Callable[[OutputContainer], SoundCopy | None],
) -> None:
    """Write ``wanted``: ``add_picture`` adds the stream of an encoder like those of the segments, for its headers
    alone, ``heard`` the sound. ``MachineError`` when segments do not belong together."""
    delay = _delay(segments, wanted.spec)
    with av.open(str(wanted.path), mode="w", options=_options(wanted)) as output:
        stream = add_picture(output)
        sound = heard(output)
        try:
            for place, (frame, packet) in enumerate(_packets(segments, wanted.spec)):
                packet.stream = stream
                packet.time_base = wanted.time_base
                packet.pts, packet.dts = wanted.ticks[frame], wanted.decoded_at(place, delay)
                packet.duration = wanted.duration(frame)
                if sound is not None:
                    output.mux(list(sound.packets_until(packet.dts * wanted.time_base)))
                output.mux(packet)
            if sound is not None:
                output.mux(list(sound.packets_until(None)))
        finally:
            if sound is not None:
                sound.close()


def _options(wanted: Joined) -> dict[str, str]:
    if wanted.path.suffix in MATROSKA:
        return {"fflags": "+bitexact"}  # it writes random numbers otherwise
    named = any("." in name for name, _ in wanted.spec.tags.texts)  # com.apple.quicktime.make and its kin
    return {"movflags": "+faststart+use_metadata_tags" if named else "+faststart"}


def _packets(segments: Segments, spec: OutputSpec) -> Iterator[tuple[int, Packet]]:
    """(frame, packet) in the order of decoding."""
    header, step = None, step_ms(spec.rate)
    stops = (*segments.starts[1:], spec.num_frames)
    for path, start, stop in zip(segments.paths, segments.starts, stops):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            own = stream.codec_context.extradata
            header = own if header is None else header
            seen = 0
            for packet in container.demux(stream):
                if packet.size == 0:
                    continue
                frame = start - LEAD + round((packet.pts or 0) * (packet.time_base or CLOCK) / CLOCK / step)
                if own != header or packet.pts is None or not start <= frame < stop:
                    raise _wrong(path)
                seen += 1
                yield frame, packet
            if seen != stop - start:
                raise _wrong(path)


def _wrong(path: Path) -> MachineError:
    return MachineError(f"{path}: this part of the output is damaged; remove the folder {path.parent} and run again")


def _delay(segments: Segments, spec: OutputSpec) -> int:
    """By how many places frames are decoded before they are shown, at the most."""
    if Codec(segments.coding.codec, "w").intra_only:
        return 0
    order = np.array([frame for frame, _ in _packets(segments, spec)])
    return int(max(0, (np.arange(len(order)) - order).max()))
