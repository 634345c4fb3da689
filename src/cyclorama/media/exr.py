"""EXR pictures: scene-linear already."""

import errno
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.aspect import square_hw
from cyclorama.media.curves import Colour, rec709_from
from cyclorama.media.gate import MAX_PICTURE_PIXELS, require_file
from cyclorama.media.notes import Notes

_REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""x and y of red, green, blue and white."""
_FINEST_ASPECT = 1000
"""Denominator of a pixel's aspect, which headers hold as a float."""
HALF_MAX = 65504
"""The largest 16-bit float."""
_COMPRESSIONS = {"zip": OpenEXR.ZIP_COMPRESSION, "dwa": OpenEXR.DWAA_COMPRESSION}
_DAMAGED = "the EXR is damaged or cut off; copy or render it again"


def exr_hw(path: Path) -> tuple[int, int]:
    """The size of its display window in square pixels, from the header alone."""
    _, display = _windows(path)
    return square_hw(_size(display), _aspect(path))


def read_exr(path: Path, label: str, notes: Notes, colour: Colour | None = None) -> Array:
    """Colour in its display window: h w 3 float32, NaN and infinite values replaced. Linear Rec.709 by ``colour``, else
    by the header's chromaticities, else as it is."""
    planes = _planes(path)
    names = _colour_names(planes, path, label, notes)
    if "A" in planes and names[0] != "A":
        notes.add("input", f"{label} has an alpha channel; it is left out, and the colours are taken as they are.")
    picture = finite(np.stack([planes[name] for name in names], -1), label, notes)
    matrix = _to_rec709(path, label, notes) if colour is None else colour.to_rec709
    if colour is not None:
        notes.add("colour", f"{label} is linear light; only the primaries of {colour.words} are taken.")
    return _squared(picture if matrix is None else cv2.transform(picture, matrix), path, label, notes)


def _colour_names(planes: Mapping[str, Array], path: Path, label: str, notes: Notes) -> tuple[str, str, str]:
    """The channels of red, green and blue: those of the picture itself, else of the first layer that has them, else
    grey. ``InputError`` when there are none."""
    bases = [name[:-1] for name in planes if name[-1:] in ("R", "r")]
    layers = [tuple(b + c for c in letters) for b in sorted(bases, key=len) for letters in ("RGB", "rgb")]
    found = next(((r, g, b) for r, g, b in layers if r in planes and g in planes and b in planes), None)
    if found is not None:
        if found[0] not in ("R", "r"):
            notes.add("input", f"{label} holds no picture but layers; {found[0][:-2]} is taken.")
        return found
    grey = next((name for name in ("Y", "L", "A") if name in planes), None)
    if grey is None or {"RY", "BY"} & planes.keys():
        raise InputError(f"{path}: must hold channels R, G and B or Y, got {sorted(planes)}; render it with them")
    return grey, grey, grey


def _to_rec709(path: Path, label: str, notes: Notes) -> Array | None:
    """What the header's chromaticities ask for; None where they are those of Rec.709 or there are none."""
    stated = exr_header(path).get("chromaticities")
    if stated is None or len(stated) != 8 or not np.isfinite(stated).all() or min(stated[1::2]) == 0:
        return None
    red, green, blue, white = ((float(x), float(y)) for x, y in zip(stated[::2], stated[1::2]))
    try:
        matrix = rec709_from((red, green, blue), white)
    except np.linalg.LinAlgError:
        raise InputError(f"{path}: its chromaticities {stated} are no colours; render it again") from None
    if matrix is not None:
        notes.add("colour", f"{label}: its header's primaries are converted to Rec.709.")
    return matrix


def read_exr_matte(path: Path, label: str, notes: Notes) -> Array:
    """Alpha of an EXR: channel A, else Y, else G: h w float32, 0..1."""
    planes = _planes(path)
    name = next((name for name in ("A", "Y", "G", "R") if name in planes), None)
    if name is None:
        raise InputError(f"{path}: must hold a channel A, Y or G, got {sorted(planes)}; render it with one")
    return _squared(np.clip(finite(planes[name], label, notes), 0, 1), path, label, Notes())


def _aspect(path: Path) -> Fraction | None:
    """Of a pixel; None where the header's is no number."""
    stated = float(exr_header(path).get("pixelAspectRatio", 1.0))
    return Fraction(stated).limit_denominator(_FINEST_ASPECT) if np.isfinite(stated) and stated > 0 else None


def _squared(picture: Array, path: Path, label: str, notes: Notes) -> Array:
    """At the size of square pixels."""
    hw, aspect = picture.shape[:2], _aspect(path)
    square = square_hw((hw[0], hw[1]), aspect)
    if square == hw:
        return picture
    notes.add("geometry", f"{label} has pixels of aspect {aspect}; it is resampled to {square[1]} x {square[0]}.")
    return cv2.resize(picture, square[::-1], interpolation=cv2.INTER_CUBIC if picture.ndim == 3 else cv2.INTER_LINEAR)


def finite(values: Array, label: str, notes: Notes) -> Array:
    """NaN becomes 0, infinity the largest finite value of the picture."""
    good = np.isfinite(values)
    if good.all():
        return values
    notes.add("input", f"{label} holds values that are not numbers; NaN becomes 0, infinity the largest value.")
    top = float(np.max(values, where=good, initial=0.0))
    return np.nan_to_num(values, nan=0.0, posinf=top, neginf=0.0)


def write_exr(
    path: Path, picture: Array, attributes: Mapping[str, Any] | None = None, *, compression: str = "zip"
) -> None:
    """h w 3, or h w 4 with alpha, float32 scene-linear as 16-bit half; values beyond half's range are limited.
    ``attributes``: for its header. ``compression``: ``zip`` (lossless) or ``dwa`` (small, visually lossless)."""
    planes = {"RGBA"[c]: picture[..., c] for c in range(picture.shape[2])}
    write_exr_planes(path, planes, attributes, compression=compression)


def write_exr_planes(
    path: Path, planes: Mapping[str, Array], attributes: Mapping[str, Any] | None = None, *, compression: str = "zip"
) -> None:
    """Channels h w float32 by their names (``R``, ``actor.A``), as ``write_exr`` writes them."""
    header = {
        "compression": _COMPRESSIONS[compression],
        "type": OpenEXR.scanlineimage,
        "chromaticities": _REC709,
        **(attributes or {}),
    }
    half = {name: _half(plane) for name, plane in planes.items()}
    _write(OpenEXR.File(header, half), path)


def _half(plane: Array) -> Array:
    return np.ascontiguousarray(np.nan_to_num(np.clip(plane, -HALF_MAX, HALF_MAX)), np.float16)


def read_exr_data(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Every channel by its name, h w float32, as it stands (no colour, NaN kept), and the texts of the header."""
    planes = _planes(path)
    return planes, {name: value for name, value in exr_header(path).items() if isinstance(value, str)}


def exr_header(path: Path) -> dict[str, Any]:
    """Every attribute of the first part's header."""
    require_file(path)
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            return dict(file.header())
    except (RuntimeError, ValueError):
        raise InputError(f"{path}: {_DAMAGED}") from None


def write_exr_data(path: Path, planes: dict[str, Array], attributes: dict[str, str]) -> None:
    """Channels h w float32 by their names, in 32 bits, ZIP-compressed. ``attributes``: texts for the header."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **attributes}
    _write(OpenEXR.File(header, {name: np.ascontiguousarray(plane) for name, plane in planes.items()}), path)


def _write(file: OpenEXR.File, path: Path) -> None:
    """``OSError`` with the system's number, which OpenEXR tells in words."""
    try:
        file.write(str(path))
    except RuntimeError as error:
        numbers = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS)
        found = next((n for n in numbers if os.strerror(n) in str(error)), errno.EIO)
        raise OSError(found, str(error)) from None


def _windows(path: Path) -> tuple[Array, Array]:
    """Data and display window as [[x0, y0], [x1, y1]], checked against our limit."""
    header = exr_header(path)
    data, display = (np.array(header[name], np.int64) for name in ("dataWindow", "displayWindow"))
    for window in (data, display):
        height, width = _size(window)
        if height < 1 or width < 1 or height * width > MAX_PICTURE_PIXELS:
            raise InputError(f"{path}: a picture must hold 1 to {MAX_PICTURE_PIXELS} pixels, got {width} x {height}")
    return data, display


def _size(window: Array) -> tuple[int, int]:
    return int(window[1][1] - window[0][1] + 1), int(window[1][0] - window[0][0] + 1)


def _planes(path: Path) -> dict[str, Array]:
    """Every full-resolution channel of the first part, float32, in the display window (0 outside the data)."""
    data, display = _windows(path)
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: np.array(c.pixels, np.float32) for name, c in file.channels().items()}
    except (RuntimeError, ValueError):
        raise InputError(f"{path}: {_DAMAGED}") from None
    if (data == display).all():
        return channels
    hw = _size(display)
    low, high = np.maximum(data[0], display[0]), np.minimum(data[1], display[1]) + 1
    planes = {}
    for name, pixels in channels.items():
        planes[name] = np.zeros(hw, np.float32)
        if (high > low).all():
            (x0, y0), (x1, y1) = low - display[0], high - display[0]
            (u0, v0), (u1, v1) = low - data[0], high - data[0]
            planes[name][y0:y1, x0:x1] = pixels[v0:v1, u0:u1]
    return planes
