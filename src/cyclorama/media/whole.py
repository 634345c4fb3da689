"""Whether a video file is as long as it says, for containers whose demuxers show a cut file as a shorter one."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

_HEAD, _TAIL = 4096, 1 << 16
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet of a transport stream, and where in it its first byte of sync is: plain, Blu-ray, broadcast."""
_TS_SYNC = b"G"
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_MXF_HEADER, _MXF_FOOTER_AT = b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", 44
_DV_START, _DV_PAL = b"\x1f\x07\x00", 0x80
_DV_BYTES = {True: 144_000, False: 120_000}
"""Of a frame of 625 and of 525 lines; of 50 Mb/s, twice that."""
_Y4M = re.compile(rb"YUV4MPEG2 W(\d+) H(\d+)(?: [^C\n][^ \n]*)*(?: C(\d{3}|mono)([^ \n]*))?(?: [^C\n][^ \n]*)*\n")
_CHROMA = {b"420": (2, 2), b"422": (2, 1), b"444": (1, 1), b"411": (4, 1)}
_OGG_PAGE, _OGG_LAST = 27, 4


def is_cut_off(path: Path) -> bool:
    """Whether a file ends before the place that it states itself. False for what states none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    tests: tuple[Callable[[], bool], ...] = (
        lambda: head[:4] == b"RIFF" and 8 + struct.unpack("<I", head[4:8])[0] > size,
        lambda: head[:4] == _EBML and _end_of_segment(head) > size,
        lambda: head.startswith(_MXF_HEADER) and struct.unpack_from(">Q", head, _MXF_FOOTER_AT)[0] >= size,
        lambda: head[:4] == b"GIF8" and tail.rstrip(b"\0")[-1:] != b";",
        lambda: head.startswith(_DV_START) and size % _DV_BYTES[bool(head[3] & _DV_PAL)] != 0,
        lambda: head[:10] == b"YUV4MPEG2 " and _ends_in_a_picture(head, size),
        lambda: head[:4] == b"OggS" and not _ends_with_a_last_page(tail),
        lambda: _ends_in_a_packet(head, size),
    )
    try:
        return any(test() for test in tests)
    except (struct.error, IndexError):
        return True


def _ends_in_a_packet(head: bytes, size: int) -> bool:
    """Of a transport stream, which is whole packets."""
    packet = next((n for n, at in _TS_PACKETS if head[at::n][:8] == 8 * _TS_SYNC), None)
    return packet is not None and size % packet != 0


def _end_of_segment(head: bytes) -> int:
    """Of a Matroska file; 0 where its length is not stated, as in a stream."""
    at = head.find(_SEGMENT)
    if at < 0:
        return 0
    first = head[at + 4]
    width = 9 - first.bit_length()
    length = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    return 0 if length == (1 << 7 * width) - 1 else at + 4 + width + length


def _ends_in_a_picture(head: bytes, size: int) -> bool:
    """Of a YUV4MPEG file whose pictures have no words of their own."""
    match = _Y4M.match(head)
    kind = (match[3] or b"420") if match else b""
    if match is None or kind not in (*_CHROMA, b"mono"):
        return False
    width, height = int(match[1]), int(match[2])
    across, down = _CHROMA.get(kind, (1, 1))
    chroma = 0 if kind == b"mono" else 2 * -(-width // across) * -(-height // down)
    alpha = width * height if match[4] == b"alpha" else 0
    deep = 2 if re.match(rb"p\d+", match[4] or b"") or (kind == b"mono" and match[4]) else 1
    frame = len(b"FRAME\n") + deep * (width * height + chroma + alpha)
    return head[match.end() :].startswith(b"FRAME\n") and (size - match.end()) % frame != 0


def _ends_with_a_last_page(tail: bytes) -> bool:
    """Of an Ogg file: its last page is whole, and says that it is the last."""
    at = tail.rfind(b"OggS")
    if at < 0:
        return False
    sizes = tail[at + _OGG_PAGE : at + _OGG_PAGE + tail[at + _OGG_PAGE - 1]]
    return bool(tail[at + 5] & _OGG_LAST) and at + _OGG_PAGE + len(sizes) + sum(sizes) <= len(tail)
