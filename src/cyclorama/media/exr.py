"""EXR pictures: scene-linear already."""

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.aspect import square_hw
from cyclorama.media.children import ask_once
from cyclorama.media.curves import Colour, rec709_from
from cyclorama.media.gate import require_file, require_pixels
from cyclorama.media.notes import Notes
from cyclorama.media.verdicts import sensible
from cyclorama.media.wire import Message, WireError

_REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""x and y of red, green, blue and white."""
HALF_MAX = 65504
"""The largest 16-bit float."""
_MOST_BYTES = 1 << 33  # of all channels
_COMPRESSIONS = {"zip": OpenEXR.ZIP_COMPRESSION, "dwa": OpenEXR.DWAA_COMPRESSION}


def exr_hw(path: Path) -> tuple[int, int]:
    """The size of its display window in square pixels, from the header alone."""
    header = read_exr_header(path)
    for hw in (header.data_hw, header.hw):
        require_pixels(path, hw)
    return square_hw(header.hw, header.aspect)


def read_exr(path: Path, label: str, notes: Notes, colour: Colour | None = None) -> Array:
    """Colour in its display window: h w 3 float32, NaN and infinite values replaced. Linear Rec.709 by ``colour``, else
    by the header's chromaticities, else as it is."""
    header = read_exr_header(path)
    names = _colour_names(header.channels, path, label, notes)
    if "A" in header.channels and names[0] != "A":
        notes.add("input", f"{label} has an alpha channel; it is left out, and the colours are taken as they are.")
    planes = _planes(path, tuple(dict.fromkeys(names)))
    picture = finite(np.stack([planes[name] for name in names], -1), label, notes)
    matrix = _to_rec709(header, path, label, notes) if colour is None else colour.to_rec709
    if colour is not None:
        notes.add("colour", f"{label} is linear light; only the primaries of {colour.words} are taken.")
    return _squared(picture if matrix is None else cv2.transform(picture, matrix), header, label, notes)


def _colour_names(there: Sequence[str], path: Path, label: str, notes: Notes) -> tuple[str, str, str]:
    """The channels of red, green and blue: those of the picture itself, else of the first layer that has them, else
    grey. ``InputError`` when there are none."""
    bases = [name[:-1] for name in there if name[-1:] in ("R", "r")]
    layers = [tuple(b + c for c in letters) for b in sorted(bases, key=len) for letters in ("RGB", "rgb")]
    found = next(((r, g, b) for r, g, b in layers if {r, g, b} <= set(there)), None)
    if found is not None:
        if found[0] not in ("R", "r"):
            notes.add("input", f"{label} holds no picture but layers; {found[0][:-2]} is taken.")
        return found
    grey = next((name for name in ("Y", "L", "A") if name in there), None)
    if grey is None or {"RY", "BY"} & set(there):
        raise InputError(f"{path}: must hold channels R, G and B or Y, got {sorted(there)}; render it with them")
    return grey, grey, grey


def _to_rec709(header: "ExrHeader", path: Path, label: str, notes: Notes) -> Array | None:
    """What the header's chromaticities ask for; None where they are those of Rec.709 or there are none."""
    stated = header.chromaticities
    if len(stated) != 8 or not np.isfinite(stated).all() or min(stated[1::2]) == 0:
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
    header = read_exr_header(path)
    name = next((name for name in ("A", "Y", "G", "R") if name in header.channels), None)
    if name is None:
        raise InputError(f"{path}: must hold a channel A, Y or G, got {sorted(header.channels)}; render it with one")
    plane = _planes(path, (name,))[name]
    return _squared(np.clip(finite(plane, label, notes), 0, 1), header, label, Notes())


def _squared(picture: Array, header: "ExrHeader", label: str, notes: Notes) -> Array:
    """At the size of square pixels."""
    hw, aspect = picture.shape[:2], header.aspect
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
    header = read_exr_header(path)
    return _planes(path, header.channels), header.texts


@dataclass(frozen=True)
class ExrHeader:
    """Of the part that is read. ``hw``, ``data_hw``: the sizes of its display and data windows. ``rate``, ``timecode``,
    ``reel``: None where it states none. ``aspect``: of a pixel; None where the header's is no number.
    ``chromaticities``: as it states them. ``texts``: every text."""

    hw: tuple[int, int]
    data_hw: tuple[int, int]
    rate: Fraction | None
    timecode: str | None
    reel: str | None
    aspect: Fraction | None
    channels: tuple[str, ...]
    chromaticities: tuple[float, ...]
    texts: dict[str, str]


def read_exr_header(path: Path) -> ExrHeader:
    """``InputError`` when it is none."""
    require_file(path)
    answer = ask_once("exr_header", path, "")
    with sensible(path, ""):
        stated = answer.facts.get("chromaticities")
        if not isinstance(stated, list) or not all(isinstance(number, float) for number in stated):
            raise WireError("chromaticities must be numbers")
        return ExrHeader(
            _hw(answer, "hw"),
            _hw(answer, "data_hw"),
            answer.fraction("rate") if answer.facts.get("rate") else None,
            answer.text("timecode") or None,
            answer.text("reel") or None,
            answer.fraction("aspect") if answer.facts.get("aspect") else None,
            _names(answer, "channels"),
            tuple(stated),
            dict(answer.pairs("texts")),
        )


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


def _planes(path: Path, names: Sequence[str]) -> dict[str, Array]:
    """Channels of these names, h w float32 in the display window."""
    answer = ask_once("exr_planes", path, "", names=names, most_bytes=_MOST_BYTES)
    with sensible(path, ""):
        hw = _hw(answer)
        require_pixels(path, hw)
        if len(names) != len(answer.buffers) or any(len(b) != 4 * hw[0] * hw[1] for b in answer.buffers):
            raise WireError("channels must be whole")
        return {n: np.asarray(b).view(np.float32).reshape(hw) for n, b in zip(names, answer.buffers)}


def _names(answer: Message, name: str) -> tuple[str, ...]:
    found = answer.facts.get(name)
    if not isinstance(found, list) or not all(isinstance(n, str) for n in found):
        raise WireError(f"{name} must be names")
    return tuple(found)


def _hw(answer: Message, name: str = "hw") -> tuple[int, int]:
    match answer.facts.get(name):
        case [int(height), int(width)]:
            return height, width
    raise WireError("a size must be height and width")
