"""TIFF pictures (TIFF 6.0, BigTIFF): strips and tiles, planes together or apart, whole numbers and floats.

Of lossless compressions (none, LZW, Deflate, PackBits); what else there is (JPEG, fax, single bits) is left to OpenCV.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.media.headers import HeaderError, tiff_tags, upright

_NONE, _LZW, _PACKBITS = 1, 5, 32773
_DEFLATE = (8, 32946)
_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_COLOURS = {_WHITE_IS_0: 1, _BLACK_IS_0: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
_LAB, _SENSOR = (8, 9, 10), (32803, 34892)
_REDUCED = 1
_UNSIGNED, _FLOAT = 1, 3
_KINDS = {(_UNSIGNED, 8): "u1", (_UNSIGNED, 16): "u2", (_UNSIGNED, 32): "u4"}
_KINDS |= {(_FLOAT, 16): "f2", (_FLOAT, 32): "f4", (_FLOAT, 64): "f8"}
_DIFFERENCES, _FLOAT_BYTES = 2, 3
_LZW_CLEAR, _LZW_END, _LZW_FIRST, _LZW_CODES = 256, 257, 258, 4096
_DAMAGED = "is a TIFF picture that is damaged or cut off; copy or export it again"


@dataclass(frozen=True)
class TiffPicture:
    """``codes``: h w c, upright, uint8, uint16 or float32, 0 black; ``cmyk``: the first four are inks, 0 none.
    ``has_alpha``: the last channel is one."""

    codes: Array
    cmyk: bool
    has_alpha: bool

    @property
    def rgb(self) -> Array:
        """h w 3, what is no colour left out."""
        return self.codes[..., :3] if self.codes.shape[2] >= 3 else np.repeat(self.codes[..., :1], 3, 2)


class _Tags:
    """Of the first picture, with the values that hold where none is stated."""

    def __init__(self, data: bytes) -> None:
        self._tags = dict(tiff_tags(data))
        self.order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"

    def all(self, number: int) -> tuple[int, ...]:
        return self._tags.get(number, ())

    def one(self, number: int, usual: int) -> int:
        return (self.all(number) or (usual,))[0]

    @property
    def hw(self) -> tuple[int, int]:
        return self.one(257, 0), self.one(256, 0)

    @property
    def samples(self) -> int:
        return self.one(277, 1)

    @property
    def apart(self) -> bool:
        """Every channel in strips or tiles of its own."""
        return self.one(284, 1) == 2 and self.samples > 1

    @property
    def block_hw(self) -> tuple[int, int]:
        height, width = self.hw
        return (self.one(323, 0), self.one(322, 0)) if self.all(324) else (min(self.one(278, height), height), width)


def read_tiff(data: bytes) -> TiffPicture | None:
    """The first picture of a whole file whose size was checked; None where it is left to OpenCV. ``HeaderError`` for
    what neither reads, and for what is damaged."""
    tags = _Tags(data)
    photometric = tags.one(262, _BLACK_IS_0)
    _refuse(data, tags, photometric)
    bits = set(tags.all(258) or (1,))
    kind = _KINDS.get((tags.one(339, _UNSIGNED), min(bits))) if len(bits) == 1 else None
    lossless = tags.one(259, _NONE) in (_NONE, _LZW, _PACKBITS, *_DEFLATE)
    count = _COLOURS.get(photometric, 0)
    if kind is None or not lossless or not 0 < count <= tags.samples or tags.one(266, 1) != 1:
        return None
    if photometric == _CMYK and tags.one(332, 1) != 1:
        raise HeaderError("is a TIFF of inks that are not CMYK; export it as RGB")
    codes = _levels(_assembled(data, tags, np.dtype(kind)))
    if photometric == _WHITE_IS_0 and codes.dtype.kind == "u":
        codes[..., :1] = np.iinfo(codes.dtype).max - codes[..., :1]
    if photometric == _PALETTE:
        table = np.array(tags.all(320), np.uint16).reshape(3, -1)
        codes, count = np.ascontiguousarray(table[:, codes[..., 0]].transpose(1, 2, 0)), 3
    has_alpha = codes.shape[2] > count
    return TiffPicture(upright(codes[..., : count + has_alpha], tags.one(274, 1)), photometric == _CMYK, has_alpha)


def _refuse(data: bytes, tags: _Tags, photometric: int) -> None:
    if photometric in _LAB:
        raise HeaderError("is a TIFF of Lab values, which are not read; export it as RGB")
    if photometric in _SENSOR or tags.all(50706) or data[8:10] == b"CR" or tags.one(254, 0) & _REDUCED:
        raise HeaderError("is a camera's raw file, or a preview comes first in it; develop it to a 16-bit TIFF")


def _levels(codes: Array) -> Array:
    if codes.dtype.kind == "f":
        return codes.astype(np.float32)
    return (codes >> 16).astype(np.uint16) if codes.dtype.itemsize == 4 else codes


def _assembled(data: bytes, tags: _Tags, kind: np.dtype) -> Array:
    (height, width), (rows, columns), samples = tags.hw, tags.block_hw, tags.samples
    starts, counts = tags.all(324) or tags.all(273), tags.all(325) or tags.all(279)
    down, across = -(-height // max(rows, 1)), -(-width // max(columns, 1))
    layers = samples if tags.apart else 1
    if min(rows, columns) < 1 or len(starts) != len(counts) or len(starts) < layers * down * across:
        raise HeaderError(_DAMAGED)
    out = np.empty((height, width, samples), kind)
    tiled = bool(tags.all(324))
    for number in range(layers * down * across):
        layer, (down_at, across_at) = number // (down * across), divmod(number % (down * across), across)
        y, x = down_at * rows, across_at * columns
        stored = (rows if tiled else min(rows, height - y), columns, samples // layers)
        raw = data[starts[number] : starts[number] + counts[number]]
        block = _block(raw, tags, kind, stored)[: height - y, : width - x]
        channels = slice(layer, layer + 1) if tags.apart else slice(None)
        out[y : y + block.shape[0], x : x + block.shape[1], channels] = block
    return out


def _block(raw: bytes, tags: _Tags, kind: np.dtype, shape: tuple[int, int, int]) -> Array:
    """One strip or tile, in this machine's order of bytes."""
    rows, columns, samples = shape
    size = rows * columns * samples * kind.itemsize
    packed = _unpacked(raw, tags.one(259, _NONE), size)
    if len(packed) < size:
        raise HeaderError(_DAMAGED)
    flat = np.frombuffer(packed, np.uint8, size)
    predictor = tags.one(317, 1)
    if predictor == _FLOAT_BYTES and kind.kind == "f":
        summed = np.cumsum(flat.reshape(rows, -1, samples), 1, np.uint8).reshape(rows, kind.itemsize, -1)
        values = np.ascontiguousarray(summed.transpose(0, 2, 1)).view(kind.newbyteorder(">"))
        return values.reshape(shape).astype(kind)
    values = flat.view(kind.newbyteorder(tags.order)).reshape(shape).astype(kind)
    return np.cumsum(values, 1, kind) if predictor == _DIFFERENCES and kind.kind == "u" else values


def _unpacked(raw: bytes, compression: int, size: int) -> bytes:
    """At most ``size`` bytes of a strip or tile."""
    if compression == _NONE:
        return raw
    if compression in _DEFLATE:
        try:
            return zlib.decompressobj().decompress(raw, size)
        except zlib.error:
            raise HeaderError(_DAMAGED) from None
    out = np.empty(size, np.uint8)
    unpack = _compiled_lzw() if compression == _LZW else _from_packbits
    return out[: unpack(np.frombuffer(raw, np.uint8), out)].tobytes()


def _from_packbits(raw: Array, out: Array) -> int:
    """Bytes written; fewer than ``out`` holds where it is damaged."""
    at, done = 0, 0
    while at < len(raw) and done < len(out):
        head = raw[at]
        at += 1
        if head < 128:
            count = min(int(head) + 1, len(out) - done, len(raw) - at)
            out[done : done + count] = raw[at : at + count]
            at += int(head) + 1
        elif head > 128 and at < len(raw):
            count = min(257 - int(head), len(out) - done)
            out[done : done + count] = raw[at]
            at += 1
        else:
            continue
        done += count
    return done


@cache
def _compiled_lzw() -> Callable[[Array, Array], int]:
    from numba import njit  # takes longer to load than most pictures to read

    compiled: Callable[[Array, Array], int] = njit(_from_lzw)  # kept nowhere: what reads files may not write any
    return compiled


def _from_lzw(raw: Array, out: Array) -> int:
    """As ``_from_packbits``. Codes of 9 to 12 bits, the highest first. Each code but the first makes a string: that of
    the code before and one byte more, which both lie in ``out`` already, or will at once."""
    start, length = np.zeros(_LZW_CODES, np.int64), np.zeros(_LZW_CODES, np.int64)
    width, following, last, done, bits, held, at = 9, _LZW_FIRST, 0, 0, 0, np.int64(0), 0
    while done < len(out):
        while bits < width and at < len(raw):
            held, bits, at = ((held << 8) | raw[at]) & 0xFFFFFF, bits + 8, at + 1
        if bits < width:
            break
        bits -= width
        code = (held >> bits) & ((1 << width) - 1)
        if code == _LZW_CLEAR:
            width, following, last = 9, _LZW_FIRST, 0
            continue
        if last and following < _LZW_CODES:
            start[following], length[following] = done - last, last + 1
            following += 1
        if code == _LZW_END or code >= following:
            break
        if code < _LZW_CLEAR:
            out[done], last = code, 1
        else:
            last = min(length[code], len(out) - done)
            for i in range(last):
                out[done + i] = out[start[code] + i]
        done += last
        if following + 1 >= 1 << width and width < 12:
            width += 1
    return done
