"""A folder of numbered pictures as a clip."""

import os
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from cyclorama.core.arrays import Array
from cyclorama.core.clip import proxy_hw
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.curves import Colour
from cyclorama.media.exr import read_exr_header
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import PICTURE_SUFFIXES, picture_hw, read_picture
from cyclorama.media.tags import ShotTags

_KEPT_FRAMES = 2
_NUMBER = re.compile(r"%(\d*)d")


def is_pattern(path: Path) -> bool:
    """Whether a path names numbered pictures: ``NAME%04d.png``. A file that is there by that very name is a file."""
    return _NUMBER.search(path.name) is not None and not path.is_file()


_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)$")


def list_frames(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder in the order of the number in their names; of a pattern, those that it names.

    ``InputError`` when there are none, when they are of several sequences, or when a number is missing or used twice.
    """
    folder = Path(os.path.abspath(folder))
    wanted = None
    if is_pattern(folder) and not folder.is_dir():
        before, _, after = _NUMBER.split(folder.name, maxsplit=1)
        wanted, folder = re.compile(re.escape(before) + r"\d+" + re.escape(after)), folder.parent
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith(".")]
    except PermissionError:
        raise MachineError(f"{folder}: may not be read by this user; change its permissions") from None
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder}: there is no such folder; check the path") from None
    names = [n for n in names if n.lower().endswith(PICTURE_SUFFIXES) and (wanted is None or wanted.fullmatch(n))]
    if not names:
        kinds = ", ".join(PICTURE_SUFFIXES)
        raise InputError(f"{folder}: must hold numbered pictures ({kinds}), got none; give the folder of the frames")
    numbered = {name: _NUMBERED.match(name) for name in names}
    if len(names) > 1 and not all(numbered.values()):
        name = next(name for name, match in numbered.items() if not match)
        raise InputError(f"{folder}: every picture must have a frame number in its name, {name} has none; move it away")
    keys = sorted((int(m.group(2)), name, (m.group(1), m.group(3))) for name, m in numbered.items() if m)
    if len({family for _, _, family in keys}) > 1:
        raise InputError(f"{folder}: must hold one sequence, got {keys[0][1]} beside {keys[-1][1]}; split the folder")
    for (a, name, _), (b, other, _) in pairwise(keys):
        if b == a:
            raise InputError(f"{folder}: frame {a} is there twice, as {name} and {other}; move one away")
        if b != a + 1:
            raise InputError(f"{folder}: frame {a + 1} is missing (after {name} comes {other}); render it again")
    return tuple(folder / name for _, name, _ in keys) or (folder / names[0],)


def require_one_size(frames: tuple[Path, ...]) -> tuple[int, int]:
    """The size all frames share, from their headers; ``InputError`` naming the first that differs."""
    hw = picture_hw(frames[0])
    for path in frames[1:]:
        other = picture_hw(path)
        if other != hw:
            raise InputError(
                f"{path}: every frame must be {hw[1]} x {hw[0]} like {frames[0].name}, got {other[1]} x {other[0]}"
            )
    return hw


@dataclass(frozen=True)
class SequenceFacts:
    """What the headers of a sequence say of its shot."""

    rate: Fraction
    timecode: str | None = None
    tags: ShotTags = field(default_factory=ShotTags)


def sequence_facts(frames: tuple[Path, ...], rate: Fraction | None, notes: Notes) -> SequenceFacts:
    """From the first frame's header. ``rate``: over what it states; 24 where nothing does."""
    header = read_exr_header(frames[0]) if frames[0].suffix.lower() == ".exr" else None
    if rate is None and header is not None:
        rate = header.rate
    if rate is None:
        notes.add(
            "time",
            f"The folder {frames[0].parent.name} states no frame rate; 24 frames a second is taken (see --rate).",
        )
    if header is None:
        return SequenceFacts(rate or Fraction(24))
    return SequenceFacts(rate or Fraction(24), header.timecode, ShotTags(header.reel))


class SequenceClip:
    """``core.clip.Clip`` over a folder of pictures; nothing stays open between frames."""

    def __init__(
        self,
        frames: tuple[Path, ...],
        facts: SequenceFacts,
        notes: Notes,
        *,
        colour: Colour | None = None,
        hw: tuple[int, int] | None = None,
    ) -> None:
        """``colour``: what code values mean, where they are not sRGB; ``hw``: the size to deliver, where it is not the
        pictures' own."""
        self._frames, self._facts, self._notes, self._colour = frames, facts, notes, colour
        height, width = self._read(frames[0]).shape[:2]
        self._full_hw = (height, width)
        self._hw = hw or self._full_hw
        self._kept: OrderedDict[int, Array] = OrderedDict()

    @property
    def num_frames(self) -> int:
        return len(self._frames)

    @property
    def hw(self) -> tuple[int, int]:
        return self._hw

    @property
    def rate(self) -> Fraction:
        return self._facts.rate

    @property
    def asked(self) -> Colour | None:
        """What code values mean by the user's word."""
        return self._colour

    @property
    def timecode(self) -> str | None:
        """Timecode of the first frame, where its header states one."""
        return self._facts.timecode

    @property
    def tags(self) -> ShotTags:
        return self._facts.tags

    @property
    def first_frame(self) -> int | None:
        """The number in the first frame's name; None when it has none."""
        match = _NUMBERED.match(self._frames[0].name)
        return int(match.group(2)) if match else None

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        return tuple(index / self.rate for index in range(self.num_frames))

    def frame(self, index: int) -> Array:
        """Frame ``index``, h w 3 float32 scene-linear, fresh. ``IndexError`` outside, ``InputError`` when damaged."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"frame must be 0..{self.num_frames - 1}, got {index}")
        kept = self._kept.get(index)
        if kept is not None:
            return kept.copy()
        picture = self._read(self._frames[index])
        if picture.shape[:2] != self._full_hw:
            raise InputError(f"{self._frames[index]}: its EXIF turn differs from the first frame's; export it again")
        if self._hw != self._full_hw:
            picture = cv2.resize(picture, self._hw[::-1], interpolation=cv2.INTER_AREA)
        self._kept[index] = picture
        if len(self._kept) > _KEPT_FRAMES:
            self._kept.popitem(last=False)
        return picture.copy()

    def proxy(self, long_side: int) -> "SequenceClip":
        """The same frames averaged down in linear light."""
        if long_side >= max(self._hw):
            return self
        hw = proxy_hw(self._full_hw, long_side)
        return SequenceClip(self._frames, self._facts, self._notes, colour=self._colour, hw=hw)

    def _read(self, path: Path) -> Array:
        return read_picture(path, notes=self._notes, label=self._frames[0].parent.name, colour=self._colour)

    def close(self) -> None:
        self._kept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
