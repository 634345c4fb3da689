"""Single pictures to scene-linear arrays and to mattes."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_code8, linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.media.children import ask_once
from cyclorama.media.curves import Colour, linear_of_codes
from cyclorama.media.exr import exr_hw, finite, read_exr, read_exr_matte
from cyclorama.media.gate import MAX_PICTURE_PIXELS, reading, require_file
from cyclorama.media.headers import HeaderError, PictureHeader, kind_of, other_kind, read_header
from cyclorama.media.icc import read_profile
from cyclorama.media.inks import plain_light
from cyclorama.media.notes import Notes
from cyclorama.media.verdicts import sensible
from cyclorama.media.wire import WireError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".hdr", ".exr")
_MOST_BYTES = 4 * 8
"""Of a pixel: four channels of 64 bits."""
_KINDS = ("uint8", "uint16", "float32", "float64")
_LINEAR_OF_CODE16 = linear_from_display(np.arange(65536) / 65535.0)


def read_picture(path: Path, *, notes: Notes, label: str | None = None, colour: Colour | None = None) -> Array:
    """A PNG, JPEG, TIFF, WebP (8 or 16 bit) or EXR, Radiance HDR or float TIFF (linear) as h w 3 float32
    scene-linear.

    ``label``: what the notes call it (its name when None). ``colour``: what its code values mean, where not sRGB.

    ``InputError`` when it is not one of these, is cut off, or is larger than 100 megapixels.
    """
    path = require_file(path)
    label = label or path.name
    if _kind(path) == "EXR":
        return read_exr(path, label, notes, colour)
    data, header = _load(path)
    stored = _stored(path, header, "colour")
    if stored.has_alpha:
        notes.add("input", f"{label} has an alpha channel; it is left out.")
    if header.moves:
        notes.add("input", f"{label} is an animation; its first picture is taken.")
    channels = 4 if stored.cmyk else 3
    profile = read_profile(header.kind, data) if header.has_profile and colour is None else None
    if header.has_profile and colour is None and (profile is None or profile.channels != channels):
        profile = None
        notes.add("colour", f"{label} has an ICC profile of a kind that is not applied: sRGB is taken.")
    codes = stored.codes
    if codes.dtype not in (np.uint8, np.uint16):
        if header.kind != "HDR":
            notes.add("colour", f"{label} holds floating-point values; they are taken as scene-linear.")
        return finite(codes.astype(np.float32, copy=False), label, notes)
    if profile is not None and not profile.is_srgb:
        notes.add("colour", f"{label} is converted by its ICC profile ({profile.name or 'unnamed'}).")
        return profile.linear(codes)
    if stored.cmyk:
        notes.add("colour", f"{label} is of inks (CMYK) and no profile says how they look; they are converted plainly.")
        return plain_light(codes)
    if colour is not None:
        notes.add("colour", f"{label} is read as {colour.words}, as asked.")
        return linear_of_codes(codes, colour)
    return linear_from_code8(codes) if codes.dtype == np.uint8 else _LINEAR_OF_CODE16[codes]


def read_matte_picture(path: Path, channel: str, label: str, *, notes: Notes) -> Array:
    """One channel of a picture as data: h w float32, 0..1. ``channel``: ``"alpha"`` or ``"colour"`` (green or grey)."""
    path = require_file(path)
    if _kind(path) == "EXR":
        return read_exr_matte(path, label, notes)
    codes = read_codes(path)
    if codes.ndim == 3:
        if channel == "alpha" and codes.shape[2] not in (2, 4):
            raise InputError(f"{path}: must have an alpha channel like the first frame, got none; render it again")
        codes = codes[..., -1] if channel == "alpha" else codes[..., 0 if codes.shape[2] == 2 else 1]
    if codes.dtype in (np.uint8, np.uint16):
        return codes.astype(np.float32) / np.float32(np.iinfo(codes.dtype).max)
    return np.clip(finite(codes.astype(np.float32), label, notes), 0, 1)


def has_useful_alpha(path: Path) -> bool:
    """Whether a picture has an alpha channel that is not opaque everywhere."""
    if _kind(path) == "EXR":
        return False
    codes = read_codes(path)
    return bool(codes.ndim == 3 and codes.shape[2] in (2, 4) and codes[..., -1].min() < np.iinfo(codes.dtype).max)


def is_picture(path: Path) -> bool:
    """Whether a path is one picture, by what the file begins with, else by its name. ``InputError`` where none is."""
    if path.is_dir():
        return False
    path = require_file(path)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    refuse_other_pictures(path)
    return _kind(path) is not None


def refuse_other_pictures(path: Path) -> None:
    """``InputError`` for a picture of a kind that is not read (AVIF, BMP, ...), told by what the file begins with."""
    other = other_kind(_head(path))
    if other:
        raise InputError(
            f"{path}: it is a picture of the kind {other}, which is not read; convert it to PNG, TIFF or EXR"
        )


def picture_hw(path: Path) -> tuple[int, int]:
    """The stored size of a picture, from its header. ``InputError`` when it is not whole."""
    path = require_file(path)
    return exr_hw(path) if _kind(path) == "EXR" else _load(path)[1].hw


def _kind(path: Path) -> str | None:
    return kind_of(_head(path))


def _head(path: Path) -> bytes:
    with reading(path, "cannot be read; copy it again"), path.open("rb") as file:
        return file.read(16)


def _load(path: Path) -> tuple[bytes, PictureHeader]:
    with reading(path, "cannot be read; copy it again"):
        data = path.read_bytes()
    try:
        header = read_header(data)
    except HeaderError as error:
        raise InputError(f"{path}: it {error}") from None
    height, width = header.hw
    if height * width > MAX_PICTURE_PIXELS:
        raise InputError(
            f"{path}: a picture must hold at most {MAX_PICTURE_PIXELS // 1_000_000} megapixels, "
            f"got {width} x {height}; scale it down first"
        )
    return data, header


def read_codes(path: Path) -> Array:
    """The codes of a whole picture of a known kind and size as they are stored, h w or h w c, alpha last and green in
    the middle; ``InputError`` when it is damaged."""
    return _stored(path, _load(path)[1], "stored").codes


def read_rgb_codes(path: Path) -> Array:
    """The same as h w 3, red, green and blue: 8 or 16 bits or floats, none of them decoded. ``InputError`` for inks."""
    stored = _stored(path, _load(path)[1], "colour")
    if stored.cmyk:
        raise InputError(f"{path}: must hold red, green and blue, got inks (CMYK); export it as RGB")
    return stored.codes


@dataclass(frozen=True)
class _Stored:
    """``codes``: upright, 0 black. ``cmyk``: they are four inks, 0 none."""

    codes: Array
    cmyk: bool
    has_alpha: bool


def _stored(path: Path, header: PictureHeader, what: Literal["colour", "stored"]) -> _Stored:
    """``colour``: h w 3, or h w 4 of inks; ``stored``: what ``read_codes`` gives."""
    height, width = header.hw
    most = _MOST_BYTES * height * width
    answer = ask_once("codes", path, "", want=what, pixels=height * width, most_bytes=most)
    with sensible(path, ""):
        shape, kind, cmyk = answer.facts.get("shape"), answer.text("dtype"), answer.flag("cmyk")
        if not isinstance(shape, list) or kind not in _KINDS or len(answer.buffers) != 1:
            raise WireError("a picture must have a size and a kind")
        channels = ([], [2], [3], [4]) if what == "stored" else ([4 if cmyk else 3],)
        if shape[:2] not in ([height, width], [width, height]) or shape[2:] not in channels:
            raise WireError(f"a picture must have its size, got {shape}")
        if len(answer.buffers[0]) != math.prod(shape) * np.dtype(kind).itemsize:
            raise WireError("a picture must be whole")
        codes: Array = np.asarray(answer.buffers[0]).view(kind).reshape(shape)
        return _Stored(codes, cmyk, answer.flag("has_alpha"))
