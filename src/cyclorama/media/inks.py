"""Pictures of inks: the four planes of a CMYK JPEG as they are stored, and inks as light where no profile says how."""

import struct
from collections.abc import Iterator

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_code8
from cyclorama.media.headers import HeaderError, tiff_tags, upright

_ADOBE, _EXIF = 0xEE, 0xE1
_COMMENT = 0xFE
_SCAN, _SCAN_BEGINS = 0xDA, b"\xff\xda"
_YCCK = 2
_FRAMES = (0xC0, 0xC1, 0xC2)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(marker, where it begins, body) of what comes before the picture itself."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != _SCAN:
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        yield data[position + 1], position, data[position + 4 : position + 2 + length]
        position += 2 + length


def jpeg_inks(data: bytes) -> Array | None:
    """h w 4 uint8, upright, 0 no ink; None for a JPEG that is not of four inks, or is of a kind or in
    a state that FFmpeg does not read.

    Adobe's programs, which say so in a segment, write light in place of ink.
    """
    segments = list(jpeg_segments(data))
    if not any(marker in _FRAMES and body[5:6] == b"\4" for marker, _, body in segments):
        return None
    adobe = next((body for marker, _, body in segments if marker == _ADOBE and body[:5] == b"Adobe"), None)
    planes = _planes(_unnamed(data, segments))
    if planes is None:
        return None
    if adobe is not None:
        planes = _rgb_of_ycc(planes) if adobe[11:12] == bytes((_YCCK,)) else 255 - planes
    exif = next((body[6:] for marker, _, body in segments if marker == _EXIF and body[:4] == b"Exif"), b"")
    try:
        turned = dict(tiff_tags(exif)).get(0x112, (1,))[0]
    except (struct.error, IndexError, HeaderError):
        turned = 1
    return upright(planes, turned)


def _unnamed(data: bytes, segments: list[tuple[int, int, bytes]]) -> bytes:
    """The file without what says that its planes are inks, by which FFmpeg would convert them plainly."""
    plain, names = bytearray(data), b""
    for marker, at, body in segments:
        if marker in _FRAMES:
            names, plain[at + 10 : at + 22 : 3] = body[6:18:3], bytes((1, 2, 3, 4))
        elif marker == _ADOBE:
            plain[at + 1] = _COMMENT
    scan = data.find(_SCAN_BEGINS, segments[-1][1])
    while scan >= 0:  # a progressive one has several
        own = slice(scan + 5, scan + 5 + 2 * plain[scan + 4], 2)
        plain[own] = bytes(names.find(name) + 1 for name in plain[own])
        scan = data.find(_SCAN_BEGINS, scan + 2)
    return bytes(plain)


def _planes(data: bytes) -> Array | None:
    reader = CodecContext.create("mjpeg", "r")
    assert isinstance(reader, VideoCodecContext)
    try:
        frames = [*reader.decode(av.Packet(data)), *reader.decode(None)]
    except av.FFmpegError:
        frames = []
    if len(frames) != 1 or len(frames[0].planes) != 4:
        return None
    frame = frames[0]
    sizes = {(plane.height, plane.width) for plane in frame.planes}
    if sizes != {(frame.height, frame.width)}:
        frame = frame.reformat(format="yuva444p")
    return np.dstack(
        [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in frame.planes]  # type: ignore[call-overload]
    )


def _rgb_of_ycc(planes: Array) -> Array:
    """Inks of YCCK, whose first three planes code them as JPEG does red, green and blue, and whose fourth is light."""
    y, cb, cr = (planes[..., c].astype(np.float32) - (0 if c == 0 else 128) for c in range(3))
    inks = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return np.dstack([np.clip(np.rint(inks), 0, 255).astype(np.uint8), 255 - planes[..., 3]])


def plain_light(inks: Array) -> Array:
    """Scene-linear light of inks, h w 4 uint8 or uint16, as programs without a profile convert them."""
    top = np.iinfo(inks.dtype).max
    light = (top - inks[..., :3].astype(np.float32)) * (top - inks[..., 3:].astype(np.float32)) / (top * top)
    return linear_from_code8(np.rint(light * 255).astype(np.uint8))
