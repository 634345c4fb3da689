"""Decoded video frames to scene-linear pictures, and to small ones."""

import re
from collections.abc import Callable

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_code8, linear_from_display
from cyclorama.media import kernels
from cyclorama.media.colour import SignalColour
from cyclorama.media.floats import float_values, is_float

Turn = Callable[[Array], Array]
_PLANAR = re.compile(r"yuv[aj]?(420|422|440|444)p(?:(9|10|12|14|16)le)?")
_GREY = re.compile(r"gray(?:(9|10|12|14|16)le)?")
_SUBSAMPLING = {"420": (2, 2), "422": (2, 1), "440": (1, 2), "444": (1, 1)}
_REORDER = {"nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "yuyv422": "yuv422p", "uyvy422": "yuv422p"}
_REORDER |= {"ya8": "gray", "ya16le": "gray16le", "p010le": "yuv420p10le", "p210le": "yuv422p10le"}
_SHRINK = Interpolation.AREA | Interpolation.ACCURATE_RND
_ENLARGE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
_EXACT = (
    Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


def plane_codes(frame: VideoFrame, plane: int) -> Array:
    """The code values of one plane, (rows, padded columns), uint8 or uint16, sharing the frame's memory."""
    source = frame.planes[plane]
    codes = np.frombuffer(source, np.uint8).reshape(source.height, source.line_size)  # type: ignore[call-overload]
    wide = re.search(r"(9|10|12|14|16)le$", frame.format.name)
    return codes.view(np.uint16) if wide else codes


def bits_of(frame: VideoFrame) -> int:
    """Significant bits of a planar format's code values."""
    match = re.search(r"(9|10|12|14|16)le$", frame.format.name)
    return int(match.group(1)) if match else 8


def is_planar(name: str) -> bool:
    """Whether our kernels read the format as it is."""
    return bool(_PLANAR.fullmatch(name) or _GREY.fullmatch(name))


class PixelConverter:
    """One stream's frames to ``h w 3`` float32 scene-linear, turned upright, at one size."""

    def __init__(self, colour: SignalColour, turn: Turn, *, left_sited: bool, stored_hw: tuple[int, int]) -> None:
        """``stored_hw``: the size to deliver before turning."""
        self._colour, self._turn, self._left, self._hw = colour, turn, left_sited, stored_hw
        self._reformatter = VideoReformatter()
        self._shift_px = 0.0  # what the scaler, which takes chroma to sit between two pixels, moves it to the right
        self._codes16: Array | None = None

    def shrink(self, frame: VideoFrame) -> VideoFrame:
        """A frame in a layout that ``linear`` reads, at the size to deliver. Not thread-safe."""
        name = frame.format.name
        if is_float(name):
            return frame
        resized = (frame.height, frame.width) != self._hw
        larger = self._hw[0] > frame.height or self._hw[1] > frame.width
        if frame.format.is_rgb or name == "pal8":
            deep = any(c.bits > 8 for c in frame.format.components)
            target = "rgb48le" if deep else "rgb24"
        elif not resized:
            target = name if is_planar(name) else _REORDER.get(name, "yuv444p16le")
        else:
            match = _PLANAR.fullmatch(_REORDER.get(name, name))
            grey = _GREY.fullmatch(_REORDER.get(name, name))
            bits = match.group(2) if match else "16"
            target = grey.group(0) if grey else f"yuv444p{bits}le" if bits else "yuv444p"
        if target == name and not resized:
            return frame
        match = _PLANAR.fullmatch(_REORDER.get(name, name))
        halved = match is not None and match.group(1) in ("420", "422")
        self._shift_px = 0.5 * self._hw[1] / frame.width if resized and halved and self._left else 0.0
        level = ColorRange.JPEG if self._colour.full_range else ColorRange.MPEG
        return self._reformatter.reformat(
            frame,
            width=self._hw[1],
            height=self._hw[0],
            format=target,
            interpolation=_EXACT if not resized else _ENLARGE if larger else _SHRINK,
            src_color_range=level,
            dst_color_range=level,
            threads=1,
        )

    def linear(self, frame: VideoFrame) -> Array:
        """A frame from ``shrink`` as a fresh array."""
        out: Array
        if is_float(frame.format.name):
            out = self._colour.curve(float_values(frame, self._hw)).astype(np.float32)
        else:
            out = self._linear_of_rgb(frame) if frame.format.is_rgb else self._linear_of_yuv(frame)
        if self._colour.rec709 is not None:
            out = cv2.transform(out, self._colour.rec709)
        turned = self._turn(out)
        return turned if turned is out else np.ascontiguousarray(turned)

    def _linear_of_yuv(self, frame: VideoFrame) -> Array:
        grey = _GREY.fullmatch(frame.format.name) is not None
        match = _PLANAR.fullmatch(frame.format.name)
        sub = (1, 1) if grey or match is None else _SUBSAMPLING[match.group(1)]
        first = plane_codes(frame, 0)
        planes = (first, first, first) if grey else (first, plane_codes(frame, 1), plane_codes(frame, 2))
        out = np.empty((frame.height, frame.width, 3), np.float32)
        layout = np.array([*sub, self._left], np.int64)
        scales = self._colour.scales(bits_of(frame), grey=grey, shift_px=self._shift_px)
        kernels.linear_from_yuv(planes, layout, scales, self._colour.table, out)
        return out

    def _linear_of_rgb(self, frame: VideoFrame) -> Array:
        codes = frame.to_ndarray()
        if codes.dtype == np.uint8 and self._colour.is_display:
            return linear_from_code8(codes)
        if self._codes16 is None:
            signal = np.arange(65536) / 65535.0
            table, steps = (
                self._colour.table,
                np.linspace(kernels.TABLE_LOW, kernels.TABLE_HIGH, kernels.TABLE_STEPS + 1),
            )
            curve = linear_from_display(signal) if self._colour.is_display else np.interp(signal, steps, table)
            self._codes16 = curve.astype(np.float32)
        if codes.dtype == np.uint8:
            codes = codes.astype(np.uint16) * np.uint16(257)
        return self._codes16[codes]


def upright(frame: VideoFrame) -> tuple[Turn, bool, str | None]:
    """How to turn a frame by its display matrix: the turn, whether height and width swap, and words for a note."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return _as_it_is, False, None
    a, b, _, c, d = (int(n) for n in np.frombuffer(bytes(matrix), np.int32)[:5])
    if (a, b, c, d) == (65536, 0, 0, 65536):
        return _as_it_is, False, None
    if (a == 0 and d == 0 and b and c) or (b == 0 and c == 0 and a and d):
        swap = a == 0
        mirror_x, mirror_y = (c < 0, b < 0) if swap else (a < 0, d < 0)

        def turn(picture: Array) -> Array:
            picture = picture.swapaxes(0, 1) if swap else picture
            return picture[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]

        return turn, swap, "is turned upright by its display matrix"
    return _as_it_is, False, "has a display matrix that is not a quarter turn; it is ignored"


def _as_it_is(picture: Array) -> Array:
    return picture
