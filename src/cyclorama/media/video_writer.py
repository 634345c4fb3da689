"""Video in mp4 or mov: one muxer for every coding."""

import math
import shutil
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclorama.core.arrays import Array, require_picture, shape_words
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.coding import Coding
from cyclorama.media.gate import open_container, writing
from cyclorama.media.index import decoded, read_index
from cyclorama.media.notes import Notes
from cyclorama.media.output import OutputSpec, publish
from cyclorama.media.pixels import plane_codes
from cyclorama.media.sound import Sound, SoundCopy

_LIMITED = 1
"""FFmpeg's number of the range."""
_MATROSKA = (".mkv", ".webm")
_MATROSKA_CLOCK = Fraction(1, 1000)
"""Its times are whole milliseconds; the exact rate stands beside them."""


def exact_time_base(timestamps_s: tuple[Fraction, ...], rate: Fraction) -> Fraction:
    """The coarsest clock that hits every timestamp; that of the nominal rate for a single frame."""
    ticks = math.lcm(*(t.denominator for t in timestamps_s), rate.numerator if len(timestamps_s) == 1 else 1)
    if ticks > 2**31 - 1:
        raise InputError(f"the timestamps need a clock of {ticks} ticks a second; convert the plate to a constant rate")
    return Fraction(1, ticks)


def _container_options(output: Path, spec: OutputSpec) -> dict[str, str]:
    if output.suffix.lower() in _MATROSKA:
        return {"fflags": "+bitexact"}  # it writes random numbers otherwise
    named = any("." in name for name, _ in spec.tags.texts)  # com.apple.quicktime.make and its kin
    return {"movflags": "+faststart+use_metadata_tags" if named else "+faststart"}


class VideoWriter:
    """Frames in order, limited range, tagged as they are coded, at the plate's own timestamps."""

    def __init__(
        self,
        output: Path,
        folder: Path,
        spec: OutputSpec,
        coding: Coding,
        *,
        notes: Notes,
        sound: Sound | None = None,
    ) -> None:
        self._output, self._spec, self._coding, self._fill = output, spec, coding, coding.filler()
        with writing(folder):
            self._folder = Path(tempfile.mkdtemp(prefix="writing-", dir=folder))
        self._temporary = self._folder / f"video{output.suffix.lower()}"
        self._time_base = exact_time_base(spec.timestamps_s, spec.rate)
        self._ticks = [int(t / self._time_base) for t in spec.timestamps_s]
        self._next = 0
        with writing(output):
            self._container: OutputContainer | None = av.open(
                str(self._temporary), mode="w", options=_container_options(output, spec)
            )
            self._add_picture(self._container)
            self._sound = SoundCopy(sound, self._container, notes) if sound is not None else None

    def _add_picture(self, container: OutputContainer) -> None:
        stream = container.add_stream(self._coding.codec, rate=self._spec.rate, options=dict(self._coding.options))
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = self._spec.hw
        stream.pix_fmt = self._coding.pix_fmt
        stream.time_base = stream.codec_context.time_base = self._time_base
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = self._coding.tags
        context.color_range = _LIMITED
        if self._coding.tag and self._output.suffix.lower() in (".mp4", ".mov"):
            context.codec_tag = self._coding.tag
        container.metadata.update(self._spec.tags.texts)
        if self._spec.timecode:
            container.metadata["timecode"] = self._spec.timecode
        if self._spec.tags.reel:
            stream.metadata["reel_name"] = self._spec.tags.reel
        self._stream = stream

    def write(self, index: int, picture: Array) -> None:
        """The next frame, h w 3 (or 4: with alpha, straight) float32 scene-linear."""
        require_picture("picture", picture, self._coding.channels)
        if picture.shape[:2] != self._spec.hw:
            raise ValueError(f"a frame must be {self._spec.hw[0]} x {self._spec.hw[1]}, got {shape_words(picture)}")
        if index != self._next or index >= self._spec.num_frames:
            raise ValueError(f"frames must be written in order, expected {self._next}, got {index}")
        frame = VideoFrame(self._spec.hw[1], self._spec.hw[0], self._coding.pix_fmt)
        planes = [plane_codes(frame, plane) for plane in range(self._coding.channels)]
        self._fill(np.ascontiguousarray(picture), planes)
        frame.pts, frame.time_base = self._ticks[index], self._time_base
        frame.color_primaries, frame.color_trc, frame.colorspace = self._coding.tags
        frame.color_range = _LIMITED
        with writing(self._output):
            self._mux(self._stream.encode(frame))
        self._next += 1

    def _mux(self, packets: list[Packet]) -> None:
        assert self._container is not None
        for packet in packets:
            packet.duration = self._duration(packet.pts)
            if self._sound is not None and packet.dts is not None:
                self._container.mux(list(self._sound.packets_until(packet.dts * self._time_base)))
            self._container.mux(packet)

    def _duration(self, tick: int | None) -> int:
        """To the next frame; of one nominal frame for the last."""
        following = np.searchsorted(self._ticks, tick or 0, side="right")
        if following < len(self._ticks):
            return int(self._ticks[following] - (tick or 0))
        return max(1, round(1 / self._spec.rate / self._time_base))

    def close(self) -> None:
        """Finish the file, read it back and compare."""
        if self._next != self._spec.num_frames:
            raise ValueError(f"all {self._spec.num_frames} frames must be written, got {self._next}")
        assert self._container is not None
        with writing(self._output):
            self._mux(self._stream.encode(None))
            if self._sound is not None:
                self._container.mux(list(self._sound.packets_until(None)))
                self._sound.close()
            self._container.close()
            self._container = None
        verify_video(self._temporary, self._spec)
        if self._coding.alpha:
            _verify_alpha(self._temporary)

    def publish(self, *, overwrite: bool) -> None:
        publish(self._temporary, self._output, overwrite)
        self.abort()

    def abort(self) -> None:
        container, self._container = self._container, None
        if self._sound is not None:
            self._sound.close()
        if container is not None:
            with suppress(FFmpegError, OSError):  # the file is removed anyway
                container.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def verify_video(path: Path, spec: OutputSpec) -> None:
    """``MachineError`` unless the file holds exactly the frames of ``spec`` at their times, all whole."""
    try:
        index = read_index(path, Notes())
    except InputError as error:
        raise MachineError(f"the video that was written does not read back ({error}); run again") from None
    if len(index.pts) != spec.num_frames:
        raise MachineError(f"{path}: must hold {spec.num_frames} frames, got {len(index.pts)}; run again")
    slack = _MATROSKA_CLOCK / 2 if path.suffix.lower() in _MATROSKA else 0
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
