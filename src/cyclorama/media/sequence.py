"""A folder of numbered pictures as a clip."""

import os
import re
from collections import OrderedDict
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from cyclorama.core.arrays import Array
from cyclorama.core.clip import proxy_hw
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import PICTURE_SUFFIXES, picture_hw, read_picture

_KEPT_FRAMES = 2
_NUMBER = re.compile(r"%(\d*)d")


def is_pattern(path: Path) -> bool:
    """Whether a path names numbered pictures: ``NAME%04d.png``."""
    return _NUMBER.search(path.name) is not None


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
    numbered = {name: re.match(r"(.*?)(\d+)(\D*)$", name) for name in names}
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


class SequenceClip:
    """``core.clip.Clip`` over a folder of pictures; nothing stays open between frames."""

    def __init__(
        self, frames: tuple[Path, ...], rate: Fraction, notes: Notes, hw: tuple[int, int] | None = None
    ) -> None:
        """``hw``: the size to deliver; None for the pictures' own."""
        self._frames, self._rate, self._notes = frames, rate, notes
        height, width = read_picture(frames[0], notes=notes, label=frames[0].parent.name).shape[:2]
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
        return self._rate

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        return tuple(index / self._rate for index in range(self.num_frames))

    def frame(self, index: int) -> Array:
        """Frame ``index``, h w 3 float32 scene-linear, fresh. ``IndexError`` outside, ``InputError`` when damaged."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"frame must be 0..{self.num_frames - 1}, got {index}")
        kept = self._kept.get(index)
        if kept is not None:
            return kept.copy()
        picture = read_picture(self._frames[index], notes=self._notes, label=self._frames[0].parent.name)
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
        return SequenceClip(self._frames, self._rate, self._notes, proxy_hw(self._full_hw, long_side))

    def close(self) -> None:
        self._kept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
