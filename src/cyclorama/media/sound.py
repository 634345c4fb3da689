"""The sound of a plate, copied packet by packet into the output."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from cyclorama.media.gate import open_container, reading
from cyclorama.media.notes import Notes

_FOR_MP4_ALONE = {"mov": ("flac", "opus", "truehd")}
"""What FFmpeg lists for QuickTime too, and refuses when it is written."""


@dataclass(frozen=True)
class Sound:
    """A stretch of a file's sound: ``start_s`` to ``stop_s`` (None: the end) on the file's own clock, in seconds.

    ``start_s`` becomes time 0 of the output.
    """

    path: Path
    start_s: Fraction
    stop_s: Fraction | None

    @classmethod
    def of_frames(
        cls, path: Path, origin_s: Fraction, timestamps_s: tuple[Fraction, ...], frames: tuple[int, int | None]
    ) -> "Sound":
        """The sound of frames start..stop of a clip whose first frame is at ``origin_s``."""
        start, stop = frames
        inside = stop is not None and stop < len(timestamps_s)
        stop_s = origin_s + timestamps_s[stop] if inside and stop is not None else None
        return cls(path, origin_s + timestamps_s[start], stop_s)

    def exists(self) -> bool:
        """Whether the file holds any sound at all."""
        with open_container(self.path) as container:
            return bool(container.streams.audio)


class SoundCopy:
    """Feeds the packets of a ``Sound`` into an output, in step with its picture."""

    def __init__(self, sound: Sound, output: OutputContainer, notes: Notes) -> None:
        """Adds the streams, so make it before the first packet is muxed."""
        self._sound = sound
        self._source = open_container(sound.path)
        self._targets: dict[int, AudioStream] = {}
        for stream in self._source.streams.audio:
            codec = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
            if codec not in output.supported_codecs or codec in _FOR_MP4_ALONE.get(output.format.name, ()):
                notes.add("sound", f"The {codec} sound of {sound.path.name} does not fit the output and is left out.")
                continue
            self._targets[stream.index] = output.add_stream_from_template(stream)
        if not self._source.streams.audio:
            notes.add("sound", f"{sound.path.name} has no sound.")
        self._packets = self._read()
        self._waiting: tuple[Fraction, Packet] | None = None

    def _read(self) -> Iterator[tuple[Fraction, Packet]]:
        """Packets on the output's clock, with their time, their stream already the output's."""
        sound = self._sound
        wanted = [s for s in self._source.streams.audio if s.index in self._targets]
        if not wanted:
            return
        with reading(sound.path, "its sound is damaged; copy or export it again"):
            for packet in self._source.demux(wanted):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                start_s = packet.pts * packet.time_base
                end_s = start_s + (packet.duration or 0) * packet.time_base
                if sound.stop_s is not None and start_s >= sound.stop_s:
                    continue
                if sound.start_s > 0 and end_s <= sound.start_s and not self._is_lead_in(start_s):
                    continue
                shift = round(sound.start_s / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = self._targets[packet.stream_index]
                yield packet.dts * packet.time_base, packet

    def _is_lead_in(self, start_s: Fraction) -> bool:
        """Encoder priming before time 0 of a whole file, which its decoder needs."""
        return start_s < 0 and self._sound.stop_s is None

    def packets_until(self, time_s: Fraction | None) -> Iterator[Packet]:
        """The next packets that start at or before ``time_s``; all that are left when None."""
        while True:
            timed = self._waiting or next(self._packets, None)
            self._waiting = None
            if timed is None:
                return
            if time_s is not None and timed[0] > time_s:
                self._waiting = timed
                return
            yield timed[1]

    def close(self) -> None:
        self._packets = iter(())
        self._source.close()
