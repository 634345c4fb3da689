"""ICC profiles of tables (ICC.1:2022, 10.10 to 10.12: lut8, lut16, lutAToB), which printers and scanners have."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

XYZ_D50_FROM_REC709 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Bradford-adapted, as profiles hold their colours."""
_D50 = np.array([0.9642, 1.0, 0.8249])
_VERSION_4 = 4
_V4_BLACK = np.array([0.00336, 0.0034731, 0.00287])
"""Of the reference medium (ICC.1:2022, 6.3.4.3)."""
_XYZ_TOP = 1 + 32767 / 32768
_INKS = {b"RGB ": 3, b"CMYK": 4}
_ROWS = 64
"""Worked on at once."""
Step = Callable[[Array], Array]
"""(n, channels) to (n, channels)."""


@dataclass(frozen=True)
class TableProfile:
    """``steps``: from a signal of 0..1, (n, 3 or 4), to CIE XYZ under D50, (n, 3)."""

    name: str
    channels: int
    steps: tuple[Step, ...]
    is_srgb: bool = False

    def linear(self, codes: Array) -> Array:
        """Scene-linear Rec.709 of full-range codes, h w ``channels`` uint8 or uint16; of inks, 0 is none."""
        h, w = codes.shape[:2]
        out = np.empty((h, w, 3), np.float32)
        rec709 = np.linalg.inv(XYZ_D50_FROM_REC709).T.astype(np.float32)
        for y in range(0, h, _ROWS):
            rows = codes[y : y + _ROWS].reshape(-1, self.channels)
            values = rows.astype(np.float32) / np.float32(np.iinfo(codes.dtype).max)
            for step in self.steps:
                values = step(values)
            out[y : y + _ROWS] = (values @ rec709).reshape(-1, w, 3)
        return out


def table_profile(name: str, raw: bytes, tag: bytes, curve: Callable[[bytes], Array]) -> TableProfile | None:
    """Of a whole profile and its tag ``A2B0``; ``curve`` reads a tag of one. None for a kind of colour that pictures do
    not have; ``ValueError``, ``IndexError`` and ``struct.error`` for what is damaged."""
    channels = _INKS.get(raw[16:20])
    if channels is None or raw[20:24] not in (b"Lab ", b"XYZ ") or tag[8:10] != bytes((channels, 3)):
        return None
    kind, lab = tag[:4], raw[20:24] == b"Lab "
    if kind in (b"mft1", b"mft2"):
        steps = _lut(tag, channels)
        top = 65535 / 65280 if kind == b"mft2" and lab else 1.0  # 16 bits of version 2 hold Lab in eighths and more
    elif kind == b"mAB ":
        steps, top = _lut_a_to_b(tag, channels, curve), 1.0
    else:
        return None
    steps = (*steps, _xyz_of_lab(top) if lab else lambda values: values * np.float32(_XYZ_TOP))
    return TableProfile(name, channels, steps if raw[8] < _VERSION_4 else (*steps, _deepened))


def _lut(tag: bytes, channels: int) -> tuple[Step, ...]:
    wide = tag[:4] == b"mft2"
    kind, top = (">u2", 65535) if wide else (">u1", 255)
    entries, leaving = struct.unpack(">HH", tag[48:52]) if wide else (256, 256)
    sizes = (tag[10],) * channels
    counts = (channels * entries, 3 * tag[10] ** channels, 3 * leaving)
    values = np.frombuffer(tag, kind, sum(counts), 52 if wide else 48).astype(np.float32) / top
    first, table, last = np.split(values, np.cumsum(counts)[:2])
    return _curves(first.reshape(channels, -1)), _table(table, sizes), _curves(last.reshape(3, -1))


def _lut_a_to_b(tag: bytes, channels: int, curve: Callable[[bytes], Array]) -> tuple[Step, ...]:
    b, matrix, m, table, a = struct.unpack(">5I", tag[12:32])
    steps: list[Step] = []
    if a:
        steps.append(_curves(_in_a_row(tag, a, channels, curve)))
    if table:
        sizes, wide = tuple(tag[table : table + channels]), tag[table + 16] == 2
        kind, top = (">u2", 65535) if wide else (">u1", 255)
        values = np.frombuffer(tag, kind, 3 * int(np.prod(sizes)), table + 20)
        steps.append(_table(values.astype(np.float32) / top, sizes))
    if m:
        steps.append(_curves(_in_a_row(tag, m, 3, curve)))
    if matrix:
        numbers = np.array(struct.unpack(">12i", tag[matrix : matrix + 48]), np.float32) / 65536
        steps.append(lambda values: values @ numbers[:9].reshape(3, 3).T + numbers[9:])
    return (*steps, _curves(_in_a_row(tag, b, 3, curve)))


def _in_a_row(tag: bytes, start: int, count: int, curve: Callable[[bytes], Array]) -> Array:
    """Curves one behind the other, each at a multiple of four bytes."""
    found = []
    for _ in range(count):
        found.append(curve(tag[start:]))
        if tag[start : start + 4] == b"curv":
            size = 12 + 2 * struct.unpack(">I", tag[start + 8 : start + 12])[0]
        else:
            size = 12 + 4 * (1, 3, 4, 5, 7)[struct.unpack(">H", tag[start + 8 : start + 10])[0]]
        start += (size + 3) // 4 * 4
    return np.array(found, np.float32)


def _curves(tables: Array) -> Step:
    """One evenly spaced table a channel."""
    steps = np.linspace(0, 1, tables.shape[1])

    def step(values: Array) -> Array:
        return np.stack([np.interp(values[:, c], steps, tables[c]) for c in range(len(tables))], 1).astype(np.float32)

    return step


def _table(values: Array, sizes: tuple[int, ...]) -> Step:
    if min(sizes) < 2:
        raise ValueError("a table must have two points a side or more")
    grid = np.ascontiguousarray(values.reshape(-1, 3))
    sides = np.array(sizes, np.int64)
    strides = np.append(np.cumprod(sides[:0:-1])[::-1], 1)

    def step(signals: Array) -> Array:
        out = np.empty((len(signals), 3), np.float32)
        _interpolate(np.ascontiguousarray(signals), grid, sides, strides, out)
        return out

    return step


@njit(cache=True, nogil=True)
def _interpolate(signals: Array, grid: Array, sides: Array, strides: Array, out: Array) -> None:
    """In the tetrahedron of the cell that holds the last three channels, and linearly along one before them."""
    count = signals.shape[1]
    parts, order = np.empty(count, np.float32), np.empty(3, np.int64)
    for pixel in range(len(signals)):
        corner = 0
        for c in range(count):
            place = min(max(signals[pixel, c], np.float32(0)), np.float32(1)) * (sides[c] - 1)
            cell = min(int(place), sides[c] - 2)
            corner += cell * strides[c]
            parts[c] = place - cell
        for c in range(3):
            at = c
            while at > 0 and parts[order[at - 1]] < parts[count - 3 + c]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = count - 3 + c
        out[pixel] = 0
        for side in range(count - 2):
            share = np.float32(1) if count == 3 else (parts[0] if side else 1 - parts[0])
            point, before = corner + side * strides[0], np.float32(1)
            for step in range(4):
                part = parts[order[step]] if step < 3 else np.float32(0)
                for channel in range(3):
                    out[pixel, channel] += share * (before - part) * grid[point, channel]
                if step < 3:
                    point += strides[order[step]]
                before = part


def _deepened(xyz: Array) -> Array:
    """The black of version 4's perceptual tables becomes black."""
    return (_D50 * (xyz - _V4_BLACK) / (_D50 - _V4_BLACK)).astype(np.float32)


def _xyz_of_lab(top: float) -> Step:
    """CIE XYZ under D50 of Lab in 0..1; ``top``: by how much its scale goes beyond."""

    def step(values: Array) -> Array:
        scaled = values * np.float32(top)
        y = (scaled[:, 0] * 100 + 16) / 116
        x, z = y + (scaled[:, 1] * 255 - 128) / 500, y - (scaled[:, 2] * 255 - 128) / 200
        roots = np.stack([x, y, z], 1)
        linear = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
        return (linear * _D50).astype(np.float32)

    return step
