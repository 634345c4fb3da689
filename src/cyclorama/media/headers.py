"""What a picture file says about itself before anything is decoded: kind, size, alpha, ICC, and whether it is whole."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array

PictureKind = Literal["PNG", "JPEG", "TIFF", "WebP", "HDR", "EXR"]
_HDR_SIZE = re.compile(rb"-Y (\d{1,6}) \+X (\d{1,6})\n")
_HDR_CODED, _HDR_RUN = (8, 32768), 128  # widths that are run-length coded; counts above are runs
_TIFF_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}


_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIF"}
_OTHERS = {b"BM": "BMP", b"8BPS": "Photoshop", b"SDPX": "DPX", b"XPDS": "DPX", b"\x80\x2a\x5f\xd7": "Cineon"}
_OTHERS |= {b"\0\0\0\x0cjP  ": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000", b"\0\0\0\x0cJXL ": "JPEG XL"}
_OTHERS |= {b"\xff\x0a": "JPEG XL", b"<svg": "SVG", b"%!PS": "PostScript"}


class HeaderError(ValueError):
    """The bytes are not a whole picture of a known kind; the message completes 'it ...'."""


@dataclass(frozen=True)
class PictureHeader:
    """``hw`` as stored, before any EXIF turn. ``moves``: it is an animation."""

    kind: PictureKind
    hw: tuple[int, int]
    has_alpha: bool = False
    has_profile: bool = False
    moves: bool = False


def kind_of(data: bytes) -> PictureKind | None:
    """The kind of picture that starts with ``data`` (16 bytes are enough), by signature."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith((b"#?RADIANCE", b"#?RGBE")):
        return "HDR"
    return "EXR" if data.startswith(b"\x76\x2f\x31\x01") else None


def other_kind(data: bytes) -> str | None:
    """The kind of a picture that is not read, which starts with ``data`` (16 bytes are enough)."""
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12])
    return next((name for start, name in _OTHERS.items() if data.startswith(start)), None)


def read_header(data: bytes) -> PictureHeader:
    """The header of a whole PNG, JPEG, TIFF, WebP or HDR file. ``HeaderError`` when it is cut off or none of them."""
    kind = kind_of(data)
    readers = {"PNG": _png, "JPEG": _jpeg, "TIFF": _tiff, "WebP": _webp, "HDR": _hdr}
    if kind not in readers:
        other = other_kind(data[:16])
        if other:
            raise HeaderError(f"is a picture of the kind {other}, which is not read; convert it to PNG, TIFF or EXR")
        raise HeaderError("is not a PNG, JPEG, TIFF, WebP, HDR or EXR picture; convert it to one of these")
    try:
        header = readers[kind](data)
    except (struct.error, IndexError):
        header = None
    if header is None or min(header.hw) < 1:
        raise HeaderError(f"is a {kind} picture that is damaged or cut off; copy or export it again")
    return header


def _png(data: bytes) -> PictureHeader | None:
    width, height, _, colour = struct.unpack(">IIBB", data[16:26])
    alpha, profile, moves, position, ended = colour in (4, 6), False, False, 8, False
    while position + 12 <= len(data) and not ended:
        (length,) = struct.unpack(">I", data[position : position + 4])
        name, end = data[position + 4 : position + 8], position + 12 + length
        if end > len(data) or zlib.crc32(data[position + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            return None
        alpha, profile, ended = alpha or name == b"tRNS", profile or name == b"iCCP", name == b"IEND"
        moves |= name == b"acTL"
        position = end
    return PictureHeader("PNG", (height, width), alpha, profile, moves) if ended else None


def _jpeg(data: bytes) -> PictureHeader | None:
    position, hw, profile = 2, None, False
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD7:
            position += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            hw = struct.unpack(">HH", data[position + 5 : position + 9])
        profile = profile or data[position + 4 : position + 16] == b"ICC_PROFILE\0"
        if marker == 0xDA:
            whole = hw is not None and data.rfind(b"\xff\xd9") > position
            return PictureHeader("JPEG", (hw[0], hw[1]), False, profile) if whole and hw else None
        position += 2 + length
    return None


def _webp(data: bytes) -> PictureHeader | None:
    (length,) = struct.unpack("<I", data[4:8])
    if length + 8 > len(data):
        return None
    name, body = data[12:16], data[20:]
    if name == b"VP8X":
        width, height = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        return PictureHeader("WebP", (height, width), *(bool(body[0] & bit) for bit in (0x10, 0x20, 0x02)))
    if name == b"VP8L":
        (bits,) = struct.unpack("<I", body[1:5])
        return PictureHeader("WebP", (1 + (bits >> 14 & 0x3FFF), 1 + (bits & 0x3FFF)), bool(bits >> 28 & 1))
    width, height = struct.unpack("<HH", body[6:10])
    return PictureHeader("WebP", (height & 0x3FFF, width & 0x3FFF))


def _hdr(data: bytes) -> PictureHeader | None:
    """Radiance RGBE (Ward 1991), rows from the top, and every row whole: as it stands or run-length coded."""
    lines, blank, rest = data.partition(b"\n\n")
    size = _HDR_SIZE.match(rest)
    if not blank or not size:
        return None
    if b"FORMAT=32-bit_rle_xyze" in lines:
        raise HeaderError("is a Radiance picture of XYZ values, which are not read; export it as RGB")
    height, width = int(size[1]), int(size[2])
    return PictureHeader("HDR", (height, width)) if _hdr_is_whole(rest[size.end() :], height, width) else None


def _hdr_is_whole(body: bytes, height: int, width: int) -> bool:
    if body[:2] != b"\2\2" or not _HDR_CODED[0] <= width < _HDR_CODED[1]:
        return len(body) >= 4 * height * width or body[:3] == b"\1\1\1"  # the oldest coding tells no length
    position = 0
    for _ in range(height):
        position += 4
        for _ in range(4):
            done = 0
            while done < width:
                count = body[position]
                run = count > _HDR_RUN
                done += count - _HDR_RUN if run else count
                position += 2 if run else 1 + count
    return position <= len(body)


def _tiff(data: bytes) -> PictureHeader | None:
    tags = dict(tiff_tags(data))
    width, height = tags.get(256, (0,))[0], tags.get(257, (0,))[0]
    starts, counts = tags.get(273) or tags.get(324) or (), tags.get(279) or tags.get(325) or ()
    if not starts or any(a + n > len(data) for a, n in zip(starts, counts)):
        return None
    return PictureHeader("TIFF", (height, width), 338 in tags, 34675 in tags)


def upright(codes: Array, orientation: int) -> Array:
    """By the tag of TIFF and EXIF, 1 to 8: 5 to 8 swap the sides."""
    if orientation in (5, 6, 7, 8):
        codes = codes.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        codes = codes[::-1]
    if orientation in (2, 3, 6, 7):
        codes = codes[:, ::-1]
    return np.ascontiguousarray(codes)


def tiff_tags(data: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The whole-number tags of the first picture of a TIFF or BigTIFF."""
    order, big = ("<" if data[:2] == b"II" else ">"), data[2] == 43 or data[3] == 43
    offset_code, offset_size, entry_size = ("Q", 8, 20) if big else ("I", 4, 12)
    (start,) = struct.unpack(order + offset_code, data[8:16] if big else data[4:8])
    (count,) = struct.unpack(order + ("Q" if big else "H"), data[start : start + (8 if big else 2)])
    start += 8 if big else 2
    if start + count * entry_size > len(data):
        raise HeaderError("is a TIFF picture that is damaged or cut off; copy or export it again")
    for position in range(start, start + count * entry_size, entry_size):
        tag, kind = struct.unpack(order + "HH", data[position : position + 4])
        at = position + 4 + offset_size
        (number,) = struct.unpack(order + offset_code, data[position + 4 : at])
        size = _TIFF_SIZES.get(kind)
        if size is None or number * size > len(data):
            yield tag, (0,)
            continue
        if number * size > offset_size:
            (at,) = struct.unpack(order + offset_code, data[at : at + offset_size])
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
        yield tag, struct.unpack(f"{order}{number}{code}", data[at : at + number * size])
