"""Decoded video frames to scene-linear pictures, and to small ones."""

from collections.abc import Callable

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_code8, linear_from_display
from cyclorama.media import kernels
from cyclorama.media.colour import SignalColour
from cyclorama.media.film import DecodedFrame
from cyclorama.media.film_service import FirstFrame
from cyclorama.media.floats import float_values
from cyclorama.media.layouts import GREY, PACKED, PLANAR, SUBSAMPLING, TakeColour, bits_of, is_float

Turn = Callable[[Array], Array]


def plane_codes(frame: DecodedFrame, plane: int) -> Array:
    """The code values of one plane, (rows, padded columns), uint8 or uint16, sharing the frame's memory."""
    codes = frame.planes[plane]
    return codes.view(np.uint16) if bits_of(frame.layout) > 8 else codes


def packed_codes(frame: DecodedFrame) -> Array:
    """The code values of an RGB or RGBA layout, h w c uint8 or uint16."""
    (h, w), size = frame.hw, PACKED[frame.layout]
    codes = np.ascontiguousarray(frame.planes[0][:, : w * size])
    return (codes.view(np.uint16) if bits_of(frame.layout) > 8 else codes).reshape(h, w, -1)


class PixelConverter:
    """One stream's frames to ``h w 3`` float32 scene-linear, turned upright, at one size."""

    def __init__(self, colour: SignalColour, turn: Turn, *, left_sited: bool, stored_hw: tuple[int, int]) -> None:
        """``stored_hw``: the size to deliver before turning."""
        self._colour, self._turn, self._left, self._hw = colour, turn, left_sited, stored_hw
        self._codes16: Array | None = None

    @property
    def take(self) -> TakeColour:
        """What ``linear`` wants of a frame."""
        return TakeColour(self._hw, self._colour.full_range, self._left)

    def linear(self, frame: DecodedFrame) -> Array:
        """What was taken of a frame as a fresh array."""
        out: Array
        if is_float(frame.layout):
            out = self._colour.curve(float_values(frame, self._hw)).astype(np.float32)
        else:
            out = self._linear_of_rgb(frame) if frame.layout in PACKED else self._linear_of_yuv(frame)
        if self._colour.rec709 is not None:
            out = cv2.transform(out, self._colour.rec709)
        turned = self._turn(out)
        return turned if turned is out else np.ascontiguousarray(turned)

    def _linear_of_yuv(self, frame: DecodedFrame) -> Array:
        grey = GREY.fullmatch(frame.layout) is not None
        match = PLANAR.fullmatch(frame.layout)
        sub = (1, 1) if grey or match is None else SUBSAMPLING[match.group(1)]
        first = plane_codes(frame, 0)
        planes = (first, first, first) if grey else (first, plane_codes(frame, 1), plane_codes(frame, 2))
        out = np.empty((*frame.hw, 3), np.float32)
        layout = np.array([*sub, self._left], np.int64)
        scales = self._colour.scales(bits_of(frame.layout), grey=grey, shift_px=frame.shift_px)
        kernels.linear_from_yuv(planes, layout, scales, self._colour.table, out)
        return out

    def _linear_of_rgb(self, frame: DecodedFrame) -> Array:
        codes = packed_codes(frame)
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


def upright(frame: FirstFrame) -> tuple[Turn, bool, str | None]:
    """How to turn a frame by its display matrix: the turn, whether height and width swap, and words for a note."""
    if not frame.matrix:
        return _as_it_is, False, None
    a, b, _, c, d = (int(n) for n in np.frombuffer(bytes.fromhex(frame.matrix), np.int32)[:5])
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
