"""An artist's hand on the key: the controls and the mattes that the settings ask for."""

import json
import math
import tomllib
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclorama.core.arrays import Array
from cyclorama.core.clip import ArrayClip, Clip
from cyclorama.core.errors import InputError
from cyclorama.core.keyed import Keyed
from cyclorama.matting import Alphas, ClipMask, Mask, MatteControls, PolygonMask
from cyclorama.media import ClipReader, MatteClip, Notes, open_clip, open_matte, read_picture
from cyclorama.media.gate import require_file
from cyclorama.media.pictures import PICTURE_SUFFIXES, has_useful_alpha, read_matte_picture
from cyclorama.settings import KeyedPolygon, KeySettings, MaskArgument

_LIMITS = {
    "clip_black": (0.0, 1.0),
    "clip_white": (0.0, 1.0),
    "grow": (-20.0, 20.0),
    "soften": (0.0, 100.0),
    "despill": (0.0, 2.0),
}
_POLYGON_SUFFIXES = (".toml", ".json")


def controls_of(settings: KeySettings) -> MatteControls:
    """The matte's controls. ``InputError`` with the option for values that cannot be."""
    found = {}
    for name, (low, high) in _LIMITS.items():
        points, flag = getattr(settings, name), "--" + name.replace("_", "-")
        if not points:
            continue
        wrong = next((p.value for p in points if not low <= p.value <= high), None)
        if wrong is not None:
            raise InputError(f"{flag} must lie in {low:g} to {high:g}, got {wrong:g}")
        try:
            found[name] = Keyed.of(points)
        except InputError as error:
            raise InputError(f"{flag}: {error}") from None
    try:
        return MatteControls(**found)
    except ValueError as error:
        raise InputError(f"--clip-black and --clip-white: {error}") from None


@dataclass(frozen=True)
class Studio:
    """What opens the mattes of a plate: they must fit it, are closed with ``stack``, and say to ``notes`` how they were
    read."""

    plate: ClipReader
    notes: Notes
    stack: ExitStack

    def matte(self, path: Path, what: str = "the matte") -> MatteClip:
        """A matte of the plate's size and length. ``InputError`` for another."""
        if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES:
            raise InputError(f"{path}: {what} must be a clip or a folder of frames, and this is one picture")
        alphas = self.stack.enter_context(closing(open_matte(path, notes=self.notes)))
        if (alphas.num_frames, alphas.hw) != (self.plate.num_frames, self.plate.hw):
            raise InputError(
                f"{path}: {what} must have the plate's {self.plate.num_frames} frames of {_size(self.plate.hw)}, "
                f"got {alphas.num_frames} of {_size(alphas.hw)}; export it for the whole plate"
            )
        return alphas

    def masks(self, arguments: Iterable[MaskArgument], what: str) -> tuple[Mask, ...]:
        """Garbage or holdout mattes (``what``, for messages)."""
        return tuple(mask for argument in arguments for mask in self._masks(argument, what))

    def _masks(self, argument: MaskArgument, what: str) -> list[Mask]:
        path = argument.path
        if path is None:
            return [self._polygon(argument.polygons, f"the {what} matte")]
        if path.suffix.lower() in _POLYGON_SUFFIXES:
            return [self._polygon(keys, str(path)) for keys in read_polygons(path)]
        if path.suffix.lower() in PICTURE_SUFFIXES:
            return [ClipMask(self.picture(path, f"{what} matte"))]
        return [ClipMask(self.matte(path, f"a {what} matte"))]

    def picture(self, path: Path, what: str) -> Alphas:
        """One picture of the plate's size, for every frame. ``InputError`` for another."""
        path = require_file(path)
        channel = "alpha" if has_useful_alpha(path) else "colour"
        still = _Still(read_matte_picture(path, channel, path.name, notes=self.notes))
        if still.hw != self.plate.hw:
            raise InputError(
                f"{path}: a {what} must have the plate's size {_size(self.plate.hw)}, got {_size(still.hw)}; "
                "draw it over a frame of the plate"
            )
        return still

    def clean_plate(self, path: Path) -> Clip:
        """A picture, or a clip as long as the plate, of the plate's size. ``InputError`` for another."""
        if path.suffix.lower() in PICTURE_SUFFIXES:
            still = read_picture(require_file(path), notes=self.notes, colour=self.plate.asked)
            clip: Clip = ArrayClip(still[None], self.plate.rate)
        else:
            reader = open_clip(path, notes=self.notes, colour=self.plate.asked)
            self.stack.callback(reader.close)
            clip = reader
        if clip.hw != self.plate.hw or clip.num_frames not in (1, self.plate.num_frames):
            raise InputError(
                f"{path}: a clean plate must be one picture or the plate's {self.plate.num_frames} frames, of "
                f"{_size(self.plate.hw)}, got {clip.num_frames} of {_size(clip.hw)}; export it as the plate was"
            )
        return clip

    def _polygon(self, keys: tuple[KeyedPolygon, ...], where: str) -> PolygonMask:
        frames = [k.frame for k in keys]
        if len(keys) > 1 and (None in frames or len(set(frames)) < len(frames)):
            raise InputError(f"{where}: every key of a polygon needs a FRAME of its own (X,Y X,Y X,Y@FRAME)")
        if len({len(k.corners) for k in keys}) > 1:
            counts = ", ".join(str(len(k.corners)) for k in keys)
            raise InputError(f"{where}: all keys of a polygon must have the same number of corners, got {counts}")
        ordered = sorted(keys, key=lambda k: k.frame or 0)
        return PolygonMask(tuple(k.frame or 0 for k in ordered), tuple(k.corners for k in ordered), self.plate.hw)


@dataclass(frozen=True)
class _Still:
    """One picture as ``Alphas``."""

    picture: Array
    num_frames: int = 1

    @property
    def hw(self) -> tuple[int, int]:
        return self.picture.shape[0], self.picture.shape[1]

    def alpha(self, index: int) -> Array:  # noqa: ARG002  the same at every frame
        return self.picture


def read_polygons(path: Path) -> tuple[tuple[KeyedPolygon, ...], ...]:
    """The polygons of a file, each with its keys: ``polygon``, a list of ``{points: [[x, y], ...]}`` or of
    ``{keys: [{frame: 0, points: [[x, y], ...]}, ...]}``, as TOML or JSON. ``InputError`` for anything else."""
    try:
        text = path.read_text()
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no {path.suffix[1:].upper()} file ({error})") from None
    try:
        found = tuple(
            tuple(_key(key) for key in polygon.get("keys", [polygon])) for polygon in data["polygon"] if polygon
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        found = ()
    if not found or not all(found):
        raise InputError(
            f'{path}: must hold "polygon", a list of {{points: [[x, y], ...]}} (3 corners or more) or of '
            "{keys: [{frame: 0, points: [[x, y], ...]}, ...]}"
        )
    return found


def _key(data: dict[str, Any]) -> KeyedPolygon:
    """``ValueError`` and its kin for what is no key."""
    corners = tuple((float(x), float(y)) for x, y in data["points"])
    frame = data.get("frame")
    if len(corners) < 3 or not all(math.isfinite(c) for corner in corners for c in corner):
        raise ValueError("a polygon must have 3 finite corners or more")
    if frame is not None and (not isinstance(frame, int) or frame < 0):
        raise ValueError("a frame must be a whole number, 0 or more")
    return KeyedPolygon(frame, corners)


def _size(hw: tuple[int, int]) -> str:
    return f"{hw[1]}x{hw[0]}"
