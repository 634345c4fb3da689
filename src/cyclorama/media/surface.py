"""Passes of an actor's normals or depth as data, from a folder of pictures or a video: no colour is decoded."""

from pathlib import Path
from typing import Protocol

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.media.curves import Colour
from cyclorama.media.depth import read_depth
from cyclorama.media.exr import read_exr_data
from cyclorama.media.gate import reading
from cyclorama.media.headers import kind_of
from cyclorama.media.notes import Notes
from cyclorama.media.open import open_clip
from cyclorama.media.pictures import read_rgb_codes
from cyclorama.media.sequence import is_pattern, list_frames, require_one_size
from cyclorama.media.video import VideoClip

_ENDS = (("X", "Y", "Z"), ("x", "y", "z"), ("R", "G", "B"), ("r", "g", "b"))
_NAMED = "normal"
_HEAD = 16
_AS_STORED = Colour("data", linear_from_display, display_from_linear)
"""Taken back again: codes through the display curve and its inverse are what they were."""


class SurfaceClip(Protocol):
    """Values as they are stored, frame by frame."""

    @property
    def num_frames(self) -> int: ...

    @property
    def hw(self) -> tuple[int, int]: ...

    @property
    def whole_numbers(self) -> bool:
        """Whether normals were stored as whole numbers, 0..1 here; else they are floats as they stand, NaN kept."""
        ...

    def values(self, index: int) -> Array:
        """Fresh float32: h w 3 of normals, h w of depth (NaN where it holds none). ``IndexError`` outside,
        ``InputError`` when damaged."""
        ...

    def close(self) -> None: ...


def open_surface(path: Path, *, notes: Notes, depth: bool) -> SurfaceClip:
    """A folder of PNG, TIFF or EXR, or a video; of normals, or of ``depth``. ``InputError`` for anything else."""
    if path.is_dir() or is_pattern(path):
        frames = list_frames(path)
        return DepthPictures(frames) if depth else NormalPictures(frames)
    clip = open_clip(path, notes=notes, colour=_AS_STORED)
    if not isinstance(clip, VideoClip):
        raise InputError(f"{path}: must be a folder of pictures or a video")
    return SurfaceVideo(clip, depth)


class NormalPictures:
    """Normals over a folder of pictures."""

    def __init__(self, frames: tuple[Path, ...]) -> None:
        self._frames, self.hw = frames, require_one_size(frames)
        self.num_frames = len(frames)
        self.whole_numbers = _stored(frames[0]).dtype.kind in "ui"

    def values(self, index: int) -> Array:
        stored = _stored(_of(self._frames, index))
        if (stored.dtype.kind in "ui") != self.whole_numbers:
            raise InputError(f"{self._frames[index]}: must be stored as {self._frames[0].name} is; export it again")
        scale = np.float32(np.iinfo(stored.dtype).max if self.whole_numbers else 1)
        return stored.astype(np.float32) / scale

    def close(self) -> None:
        """Nothing stays open."""


class DepthPictures:
    """Depth over a folder of pictures."""

    whole_numbers = False

    def __init__(self, frames: tuple[Path, ...]) -> None:
        self._frames, self.hw = frames, require_one_size(frames)
        self.num_frames = len(frames)

    def values(self, index: int) -> Array:
        found, _ = read_depth(_of(self._frames, index), flat_too=True)
        found[np.isinf(found)] = np.nan
        return found

    def close(self) -> None:
        """Nothing stays open."""


class SurfaceVideo:
    """Normals or depth over a video file."""

    whole_numbers = True

    def __init__(self, clip: VideoClip, depth: bool) -> None:
        self._clip, self._depth = clip, depth
        self.num_frames, self.hw = clip.num_frames, clip.hw

    def values(self, index: int) -> Array:
        codes = display_from_linear(self._clip.frame(index))
        return np.ascontiguousarray(codes[..., 1]) if self._depth else codes

    def close(self) -> None:
        self._clip.close()


def _of(frames: tuple[Path, ...], index: int) -> Path:
    if not 0 <= index < len(frames):
        raise IndexError(f"frame must be 0..{len(frames) - 1}, got {index}")
    return frames[index]


def _stored(path: Path) -> Array:
    """h w 3 of a picture as it is stored; alpha is left out."""
    with reading(path, "cannot be read; copy it again"), path.open("rb") as file:
        head = file.read(_HEAD)
    if kind_of(head) == "EXR":
        planes, _ = read_exr_data(path)
        return np.stack([planes[name] for name in _names(tuple(planes), path)], -1)
    return read_rgb_codes(path)


def _names(there: tuple[str, ...], path: Path) -> tuple[str, str, str]:
    """The channels of x, y, z: of a layer called normal, else of the picture, else of the first that has three."""
    found = [
        (base + x, base + y, base + z)
        for x, y, z in _ENDS
        for base in sorted({name[:-1] for name in there if name.endswith(x)}, key=len)
        if {base + y, base + z} <= set(there)
    ]
    named = [names for names in found if _NAMED in names[0].lower() or names[0] in ("N.X", "N.x")]
    if not found:
        raise InputError(f"{path}: must hold channels X, Y and Z or R, G and B, got {sorted(there)}; export them so")
    return (named or found)[0]
