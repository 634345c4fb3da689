"""Writers: a job writes frames under temporary names, checks them, and then publishes them."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import cv2
import numpy as np

from cyclorama.core.arrays import Array, require_picture, require_plane, shape_words
from cyclorama.core.display import code8_from_linear, display_from_linear
from cyclorama.core.errors import MachineError
from cyclorama.media.coding import Quality
from cyclorama.media.curves import Colour
from cyclorama.media.exr import write_exr
from cyclorama.media.formats import VideoForm, codec_of, coding_of, colour_for
from cyclorama.media.gate import writing
from cyclorama.media.notes import Notes
from cyclorama.media.output import Move, OutputSpec, cleared, is_sequence, move_all, sequence_paths
from cyclorama.media.safe import Records
from cyclorama.media.sound import Sound
from cyclorama.media.timecode import Timecode
from cyclorama.media.video_writer import VideoWriter

_PNG_HEAD = 33
"""Bytes up to the end of a PNG's first chunk."""
_SRGB_CHUNK = struct.pack(">I4sBI", 1, b"sRGB", 0, zlib.crc32(b"sRGB\0"))
_LONGEST_NAME = 31
"""Of an EXR's attribute, for every reader."""
Item = TypeVar("Item", contravariant=True)
Inner = TypeVar("Inner")
Frame = TypeVar("Frame")


class ClipWriter(Protocol[Item]):
    """One output: ``write`` every frame once, in order; ``close``, which checks it; ``publish``. Or ``abort``.

    ``seal`` makes what was written safe; a writer on the same folder in another run may ``take`` it and go on.
    """

    def found(self, limit: int) -> int:
        """Before the first frame: the most frames, not more than ``limit``, from the first on, that earlier writers
        made safe and from which this one can go on."""
        ...

    def take(self, count: int) -> None:
        """Go on from there; what else lies about is removed."""
        ...

    def write(self, index: int, picture: Item, /) -> None:
        """Frame ``index`` of the output: h w 3 float32 scene-linear, h w float32 alpha, or a keyed actor."""
        ...

    def seal(self) -> None:
        """All that was written is on the disk, whole, and recorded."""
        ...

    def close(self) -> None:
        """Finish and verify the temporary files. ``MachineError`` when the result is not what was asked for."""
        ...

    def moves(self) -> tuple[Move, ...]:
        """Once closed: every finished file, and the name that it gets."""
        ...

    def publish(self, *, overwrite: bool) -> None:
        """Give the files their final names. ``InputError`` when one exists and may not be replaced."""
        ...

    def drop(self) -> None:
        """Let go of what is open, and keep what is sealed. Safe at any time, also twice."""
        ...

    def abort(self) -> None:
        """Remove every temporary file. Safe at any time, also twice."""
        ...


class Through(Generic[Frame, Inner]):
    """A ``ClipWriter`` of other items: ``inner`` gets what ``of`` makes of them."""

    def __init__(self, inner: ClipWriter[Inner], of: Callable[[Frame], Inner]) -> None:
        self._inner, self._of = inner, of

    def found(self, limit: int) -> int:
        return self._inner.found(limit)

    def take(self, count: int) -> None:
        self._inner.take(count)

    def write(self, index: int, item: Frame, /) -> None:
        self._inner.write(index, self._of(item))

    def seal(self) -> None:
        self._inner.seal()

    def close(self) -> None:
        self._inner.close()

    def moves(self) -> tuple[Move, ...]:
        return self._inner.moves()

    def publish(self, *, overwrite: bool) -> None:
        self._inner.publish(overwrite=overwrite)

    def drop(self) -> None:
        self._inner.drop()

    def abort(self) -> None:
        self._inner.abort()


@dataclass(frozen=True)
class EncodeSettings:
    """How pictures are encoded. ``codec``: a word of ``formats.SHOT_CODECS``; None for what is usual of the name.
    ``colour``: how light is coded where the codec has the bits for it; None for the display's."""

    codec: str | None = None
    crf: int = 16
    """Quality of H.264, H.265 and VP9: lower is better and larger; 16 is visually lossless."""
    preset: str = "veryfast"
    """Speed of H.264 and H.265: the name of a preset."""
    colour: Colour | None = None


def open_writer(
    output: Path,
    folder: Path,
    spec: OutputSpec,
    *,
    notes: Notes,
    sound: Sound | None = None,
    settings: EncodeSettings | None = None,
) -> ClipWriter[Array]:
    """The writer for a name: ``.mp4``, ``.mov``, ``.mkv`` or ``.webm``, or ``%04d.png`` / ``%04d.exr``.

    Temporary files go to ``folder``, which exists and is on the output's file system. Call ``check_output_free`` first.
    """
    settings = settings or EncodeSettings()
    codec = codec_of(output, settings.codec)
    if not is_sequence(output):
        form = VideoForm(spec.hw, Quality(settings.crf, settings.preset), colour_for(codec, settings.colour, notes))
        return VideoWriter(output, folder, spec, coding_of(codec, form, notes), notes=notes, sound=sound)
    note_sequence(sound, spec, notes)
    if output.suffix.lower() == ".exr":
        return SequenceWriter(output, folder, spec, exr_saver(spec, codec))
    colour_for(codec, settings.colour, notes)
    return SequenceWriter(output, folder, spec, _save_png8 if codec == "png8" else _save_png16)


def note_sequence(sound: Sound | None, spec: OutputSpec, notes: Notes) -> None:
    """What a sequence of pictures cannot hold."""
    if sound is not None and sound.exists():
        notes.add("sound", "A sequence of pictures holds no sound; it is left out.")
    if any(time != index / spec.rate for index, time in enumerate(spec.timestamps_s)):
        notes.add(
            "time",
            f"A sequence of pictures holds no times: its frames are shown {float(spec.rate):.3f} a second, evenly.",
        )


def exr_saver(
    spec: OutputSpec, compression: str, attributes: Mapping[str, Any] | None = None
) -> Callable[[int, Path, Array], None]:
    """Saves frame ``index`` as EXR, with ``attributes`` besides those of the shot."""
    header = exr_attributes(spec)

    def save(index: int, path: Path, picture: Array) -> None:
        require_picture("picture", picture, picture.shape[-1])
        write_exr(path, picture, {**header(index), **(attributes or {})}, compression=compression)

    return save


def exr_attributes(spec: OutputSpec) -> Callable[[int], dict[str, Any]]:
    """What the header of frame ``index`` says of the shot."""
    code = Timecode.parse(spec.timecode, spec.rate) if spec.timecode else None
    texts = {f"plate/{name}": value for name, value in spec.tags.texts}
    shared: dict[str, Any] = {name: value for name, value in texts.items() if len(name) <= _LONGEST_NAME}
    shared["framesPerSecond"] = spec.rate
    if spec.tags.reel:
        shared["reelName"] = spec.tags.reel
    return lambda index: shared if code is None else {**shared, "timeCode": code.later(index).exr()}


def open_matte_writer(pattern: Path, folder: Path, spec: OutputSpec, name: str = "shot") -> "SequenceWriter[Array]":
    """Alpha as 16-bit grey PNG files, 0..65535 for 0..1, linear; ``write`` takes h w float32."""
    return SequenceWriter(pattern, folder, spec, _save_matte, name)


class SequenceWriter(Generic[Frame]):
    """Numbered files; frames may come in any order."""

    def __init__(
        self,
        pattern: Path,
        folder: Path,
        spec: OutputSpec,
        save: Callable[[int, Path, Frame], None],
        name: str = "shot",
    ) -> None:
        """``save``: told the frame's place, the file's name and the picture. ``name``: of the folder in ``folder``
        where the files wait."""
        self._spec, self._save = spec, save
        self._finals = sequence_paths(pattern, spec.num_frames, spec.first_frame)
        self._folder = folder / name
        self._temporaries = tuple(self._folder / path.name for path in self._finals)
        self._written: set[int] = set()
        self._open: list[int] = []
        self._records = Records(self._folder, "frames")

    @property
    def finals(self) -> tuple[Path, ...]:
        """The names that the files get."""
        return self._finals

    def found(self, limit: int) -> int:
        return max((stop for _, stop in self._records.stretches(limit)), default=0)

    def take(self, count: int) -> None:
        self._written.update(range(count))
        cleared(
            self._folder, keep=[p for start, _ in self._records.stretches(count) for p in self._records.files(start)]
        )

    def write(self, index: int, picture: Frame) -> None:
        if not 0 <= index < self._spec.num_frames:
            raise IndexError(f"frame must be 0..{self._spec.num_frames - 1}, got {index}")
        if isinstance(picture, np.ndarray) and picture.shape[:2] != self._spec.hw:
            raise ValueError(f"a frame must be {self._spec.hw[0]} x {self._spec.hw[1]}, got {shape_words(picture)}")
        if not self._written:
            cleared(self._folder)
        with writing(self._finals[index]):
            self._save(index, self._temporaries[index], picture)
        self._written.add(index)
        self._open.append(index)

    def seal(self) -> None:
        """What was written must be one stretch of frames."""
        if self._open:
            files = [self._temporaries[index] for index in self._open]
            self._records.add(min(self._open), max(self._open) + 1, files)
            self._open.clear()

    def close(self) -> None:
        missing = sorted(set(range(self._spec.num_frames)) - self._written)
        if missing:
            raise ValueError(f"all {self._spec.num_frames} frames must be written, missing are {missing[:5]} ...")
        for path in self._temporaries:
            if not path.is_file() or path.stat().st_size == 0:
                raise MachineError(f"{path}: the file written for it is gone or empty; check the disk and run again")

    def moves(self) -> tuple[Move, ...]:
        return tuple(Move(temporary, final) for temporary, final in zip(self._temporaries, self._finals))

    def publish(self, *, overwrite: bool) -> None:
        move_all(self.moves(), overwrite=overwrite)
        self.abort()

    def drop(self) -> None:
        return None

    def abort(self) -> None:
        cleared(self._folder, gone=True)


def save_png(path: Path, codes: Array, *, srgb: bool = True) -> None:
    """``codes``: h w, h w 3 or h w 4, blue first. ``srgb``: colour, and tagged so."""
    done, array = cv2.imencode(".png", codes)
    if not done:
        raise ValueError(f"the picture could not be encoded as PNG: {shape_words(codes)}")
    data = array.tobytes()
    path.write_bytes(data[:_PNG_HEAD] + _SRGB_CHUNK + data[_PNG_HEAD:] if srgb else data)


def _save_png8(_: int, path: Path, picture: Array) -> None:
    require_picture("picture", picture)
    save_png(path, cv2.cvtColor(code8_from_linear(picture), cv2.COLOR_RGB2BGR))


def _save_png16(_: int, path: Path, picture: Array) -> None:
    require_picture("picture", picture)
    display = np.clip(np.nan_to_num(display_from_linear(picture)), 0, 1)
    save_png(path, cv2.cvtColor((display * 65535 + 0.5).astype(np.uint16), cv2.COLOR_RGB2BGR))


def _save_matte(_: int, path: Path, alpha: Array) -> None:
    require_plane("alpha", alpha)
    save_png(
        path, (np.clip(np.nan_to_num(alpha), 0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16), srgb=False
    )
