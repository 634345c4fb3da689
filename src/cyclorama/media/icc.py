"""ICC profiles of pictures (ICC.1:2022): those of three curves and a matrix, which cameras, phones and screens write;
those of tables are ``icc_tables``'s."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_display
from cyclorama.media.headers import PictureKind
from cyclorama.media.icc_tables import XYZ_D50_FROM_REC709, TableProfile, table_profile
from cyclorama.media.inks import jpeg_segments

_ALMOST = 0.004
"""A matrix and curves this near to sRGB's are those of sRGB: half a code of 8 bits."""
_MOST_BYTES = 16_000_000
_STEPS = 4096


@dataclass(frozen=True)
class Profile:
    """``curves``: linear light of ``_STEPS`` + 1 even signals, for one channel or three; ``matrix`` (3, 3): linear
    Rec.709 from it. ``name``: the profile's description."""

    name: str
    curves: tuple[Array, ...]
    matrix: Array

    @property
    def channels(self) -> int:
        return 3

    @property
    def is_srgb(self) -> bool:
        own = linear_from_display(np.linspace(0, 1, _STEPS + 1))
        same = all(np.abs(curve - own).max() < _ALMOST for curve in self.curves)
        return bool(same and np.abs(self.matrix - np.eye(3)).max() < _ALMOST)

    def linear(self, codes: Array) -> Array:
        """Scene-linear Rec.709 of full-range RGB codes, h w 3 uint8 or uint16."""
        top = np.iinfo(codes.dtype).max
        signal, steps = np.arange(top + 1) / top, np.linspace(0, 1, _STEPS + 1)
        tables = [np.interp(signal, steps, curve).astype(np.float32) for curve in self.curves]
        picture = np.dstack([tables[min(c, len(tables) - 1)][codes[..., c]] for c in range(3)])
        return cv2.transform(picture, self.matrix.astype(np.float32))


def read_profile(kind: PictureKind, data: bytes) -> Profile | TableProfile | None:
    """The profile inside a picture's bytes; None when there is none that can be applied."""
    try:
        raw = _embedded(kind, data)
        return None if raw is None else _parse(raw)
    except (struct.error, IndexError, KeyError, ValueError, zlib.error):
        return None


def _embedded(kind: PictureKind, data: bytes) -> bytes | None:
    if kind == "PNG":
        start = data.find(b"iCCP")
        (length,) = struct.unpack(">I", data[start - 4 : start])
        name, _, packed = data[start + 4 : start + 4 + length].partition(b"\0")
        return zlib.decompressobj().decompress(packed[1:], _MOST_BYTES) if name else None
    if kind == "JPEG":
        parts = sorted(_jpeg_parts(data))
        return b"".join(part for _, part in parts) or None
    start = data.find(b"ICCP") if kind == "WebP" else data.find(b"acsp") - 36
    if kind == "WebP":
        (length,) = struct.unpack("<I", data[start + 4 : start + 8])
        return data[start + 8 : start + 8 + length]
    if start < 0:
        return None
    (length,) = struct.unpack(">I", data[start : start + 4])
    return data[start : start + length]


def _jpeg_parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of the pieces of a profile."""
    for marker, _, body in jpeg_segments(data):
        if marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            yield body[12], body[14:]


def _parse(raw: bytes) -> Profile | TableProfile | None:
    space = raw[16:20]
    (count,) = struct.unpack(">I", raw[128:132])
    tags = {}
    for at in range(132, 132 + 12 * min(count, 100), 12):
        name, start, length = struct.unpack(">4sII", raw[at : at + 12])
        tags[name] = raw[start : start + length]
    name = _text(tags.get(b"desc", b""))
    if space == b"GRAY" and b"kTRC" in tags:
        return Profile(name, (_curve(tags[b"kTRC"]),), np.eye(3))
    if b"A2B0" in tags:
        return table_profile(name, raw, tags[b"A2B0"], _curve)
    if space != b"RGB " or b"rXYZ" not in tags:
        return None
    columns = np.array([struct.unpack(">3i", tags[c + b"XYZ"][8:20]) for c in (b"r", b"g", b"b")]).T / 65536
    matrix = np.linalg.solve(XYZ_D50_FROM_REC709, columns)
    return Profile(name, tuple(_curve(tags[c + b"TRC"]) for c in (b"r", b"g", b"b")), matrix)


def _curve(tag: bytes) -> Array:
    x = np.linspace(0, 1, _STEPS + 1)
    if tag[:4] == b"curv":
        (count,) = struct.unpack(">I", tag[8:12])
        if count == 0:
            return x
        values = np.frombuffer(tag, ">u2", count, 12)
        return x ** (values[0] / 256) if count == 1 else np.interp(x, np.linspace(0, 1, count), values / 65535)
    if tag[:4] != b"para":
        raise ValueError("a curve must be 'curv' or 'para'")
    (kind,) = struct.unpack(">H", tag[8:10])
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind, 0)
    g, *rest = np.array(struct.unpack(f">{count}i", tag[12 : 12 + 4 * count])) / 65536
    a, b, c, d, e, f = [*rest, 0, 0, 0, 0, 0, 0][:6] if rest else [1, 0, 0, 0, 0, 0]
    if a <= 0 or g <= 0:
        raise ValueError("a curve must rise")
    if kind in (1, 2):
        e, f, c, d = (c, c, 0, -b / a) if kind == 2 else (0, 0, 0, -b / a)
    power = np.maximum(a * x + b, 0) ** g
    return np.where(x >= d, power + e, c * x + f)


def _text(tag: bytes) -> str:
    """A description of version 2 or 4."""
    if tag[:4] == b"desc":
        (length,) = struct.unpack(">I", tag[8:12])
        return tag[12 : 12 + length].rstrip(b"\0").decode("ascii", "replace")
    if tag[:4] == b"mluc":
        length, start = struct.unpack(">II", tag[20:28])
        return tag[start : start + length].decode("utf-16-be", "replace")
    return ""
