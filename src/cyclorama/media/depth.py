"""Depth pictures as data: NumPy arrays, PFM, EXR and pictures; none of them is trusted."""

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.exr import read_exr_data
from cyclorama.media.gate import MAX_PICTURE_PIXELS, reading, require_file
from cyclorama.media.headers import kind_of
from cyclorama.media.pictures import read_codes

_NUMPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"
_EXR_NAMES = ("Z", "depth.Z", "Depth.Z", "depth", "Depth", "Y", "L", "R")
_NUMPY_NAMES = ("depth", "arr_0")
_LEVELS = (np.uint8, np.uint16)
_MAX_ARRAY_BYTES = 8 * MAX_PICTURE_PIXELS
_KINDS = ".npy, .npz, EXR, PFM, or PNG or TIFF of 8 or 16 bits"


def read_depth(path: Path, *, flat_too: bool = False) -> tuple[Array, bool]:
    """A depth picture as h w float32, as it stands, NaN where it holds no finite number (+inf is kept: it is far), and
    whether it came as whole numbers.

    ``InputError`` when it is no such file, is cut off, too large, of no single plane, or (but ``flat_too``) empty or
    constant.
    """
    path = require_file(path)
    with reading(path, "cannot be read; copy it again"), path.open("rb") as file:
        head = file.read(16)
    if head.startswith(_NUMPY):
        values = _array(path)
    elif head.startswith(_ZIP):
        values = _archive(path)
    elif head[:2] in (b"Pf", b"PF"):
        values = _pfm(path)
    elif kind_of(head) == "EXR":
        values = _exr(path)
    elif kind_of(head) is not None:
        values = read_codes(path)
    else:
        raise InputError(f"{path}: is no depth picture; give {_KINDS}")
    return _checked(_one_plane(values, path), path, flat_too=flat_too), values.dtype.kind in "ui"


def _one_plane(values: Array, path: Path) -> Array:
    """h w of h w, 1 h w, h w 1, or a grey picture saved as colour."""
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim == 3 and 1 <= values.shape[2] <= 4:
        colours = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
        if (colours != colours[..., :1]).any():
            raise InputError(f"{path}: a depth picture must be grey, got colours; export depth itself, not its drawing")
        values = values[..., 0]
    if values.ndim != 2 or values.dtype.kind not in "fiub":
        shape = " x ".join(map(str, values.shape)) or "one number"
        raise InputError(f"{path}: a depth picture must be height x width numbers, got {shape} {values.dtype}")
    return values


def _checked(values: Array, path: Path, *, flat_too: bool) -> Array:
    if min(values.shape) < 2 or values.size > MAX_PICTURE_PIXELS:
        size = f"{values.shape[1]} x {values.shape[0]}"
        raise InputError(f"{path}: a depth picture must hold 2 x 2 to {MAX_PICTURE_PIXELS} values, got {size}")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    values[np.isneginf(values)] = np.nan
    if flat_too:
        return values
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise InputError(f"{path}: the depth picture holds no number at all (NaN or infinite); export it again")
    if finite.min() == finite.max():
        raise InputError(f"{path}: the depth picture is {finite[0]:g} everywhere and tells nothing; leave it out")
    return values


def _array(path: Path) -> Array:
    with reading(path, "cannot be read; copy it again"), path.open("rb") as file:
        return _from_stream(file, path)


def _from_stream(file: io.BufferedIOBase, path: Path) -> Array:
    """The header is looked at before anything is allocated; pickled objects are refused."""
    damaged = InputError(f"{path}: is no whole NumPy array of numbers; save it again with numpy.save")
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, kind = header(file)
    except (ValueError, EOFError):
        raise damaged from None
    size = int(np.prod(shape, dtype=object)) * kind.itemsize
    if kind.kind not in "fiub" or not 0 < size <= _MAX_ARRAY_BYTES:
        words = " x ".join(map(str, shape))
        raise InputError(f"{path}: a depth picture must hold numbers, at most {MAX_PICTURE_PIXELS}, got {words} {kind}")
    data = file.read(size)
    if len(data) != size:
        raise damaged
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")


def _archive(path: Path) -> Array:
    """The array called depth of an .npz, else its only one."""
    damaged = InputError(f"{path}: is no whole .npz; save it again with numpy.savez")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith(".npy")]
            name = next((f"{n}.npy" for n in _NUMPY_NAMES if f"{n}.npy" in names), names[0] if len(names) == 1 else "")
            if not name:
                raise InputError(f"{path}: must hold an array called depth, got {sorted(names)[:5]}; name it so")
            with archive.open(name) as file:
                return _from_stream(file, path)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise damaged from None


def _pfm(path: Path) -> Array:
    """Portable float map: Pf, width height, scale (negative: little-endian), rows from the bottom."""
    damaged = InputError(f"{path}: the PFM is damaged or cut off; export it again")
    with reading(path, "cannot be read; copy it again"), path.open("rb") as file:
        lines = [file.readline(64) for _ in range(3)]
        try:
            width, height = (int(word) for word in lines[1].split())
            order = "<f4" if float(lines[2]) < 0 else ">f4"
        except ValueError:
            raise damaged from None
        planes = 3 if lines[0].strip() == b"PF" else 1
        if width < 1 or height < 1 or width * height > MAX_PICTURE_PIXELS:
            raise InputError(f"{path}: a picture must hold 1 to {MAX_PICTURE_PIXELS} pixels, got {width} x {height}")
        data = file.read(4 * width * height * planes)
    if len(data) != 4 * width * height * planes:
        raise damaged
    return np.frombuffer(data, order).reshape(height, width, planes)[::-1]


def _exr(path: Path) -> Array:
    planes, _ = read_exr_data(path)
    return planes[next((name for name in _EXR_NAMES if name in planes), next(iter(planes)))]
