"""What the code values of a video mean: matrix, range, transfer, primaries. Tags first; every assumption is noted.

The numbers are those of ITU-T H.273, which FFmpeg uses for its tags.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.kernels import DISPLAY_TABLE, transfer_table
from cyclorama.media.notes import Notes

_UNTAGGED = 2
_MATRICES = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
_MATRICES[9] = (0.2627, 0.0593)
_MATRIX_NAMES = {1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 9: "BT.2020"}
_DISPLAY_TRANSFERS = (0, 1, 2, 6, 7, 11, 13)
_FULL_RANGE = 2
# Linear Rec.709 from linear BT.2020 and Display P3 (all D65).
_REC709_FROM = {
    9: (
        "BT.2020",
        ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730)),
    ),
    12: ("Display P3", ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098274))),
}


@dataclass(frozen=True)
class SignalColour:
    """``scales`` and ``table`` as ``kernels.linear_from_yuv`` takes them; ``rec709`` (3, 3) or None when the primaries
    are already those of Rec.709."""

    luma_weights: tuple[float, float]
    full_range: bool
    table: Array
    rec709: Array | None

    @property
    def is_display(self) -> bool:
        return self.table.size == 0

    def scales(self, bits: int, *, grey: bool, shift_px: float) -> Array:
        """Zeros and scales of ``bits``-bit code values, the matrix, and how far right 4:4:4 chroma sits."""
        top, step = (1 << bits) - 1, 1 << max(bits - 8, 0)
        kr, kb = self.luma_weights
        kg = 1 - kr - kb
        luma = (0.0, 1 / top) if self.full_range else (16.0 * step, 1 / (219 * step))
        chroma = (128.0 * step, 1 / top if self.full_range else 1 / (224 * step))
        matrix = (2 * (1 - kr), -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg, 2 * (1 - kb))
        if grey:
            chroma, matrix = (0.0, 0.0), (0.0, 0.0, 0.0, 0.0)
        return np.array([*luma, *chroma, *matrix, shift_px], np.float32)


def signal_colour(frame: VideoFrame, codec: str, name: str, notes: Notes) -> SignalColour:
    """The colour of a stream, from its first decoded frame. ``InputError`` for encodings we cannot read right."""
    rgb = frame.format.is_rgb or "pal8" in frame.format.name
    weights = (0.2126, 0.0722) if rgb else _matrix(frame, name, notes)
    full = True if rgb else is_full_range(frame, codec, name, notes)
    return SignalColour(weights, full, _transfer(frame, name, notes), _primaries(frame, name, notes))


def _matrix(frame: VideoFrame, name: str, notes: Notes) -> tuple[float, float]:
    tag = int(frame.colorspace)
    if tag in (0, _UNTAGGED, 3):
        tag = 1 if frame.width >= 1280 or frame.height > 576 else 6
        if not frame.format.name.startswith("gray"):
            notes.add(
                "colour", f"{name} has no colour matrix tag; {_MATRIX_NAMES[tag]} is taken, as its size suggests."
            )
    if tag not in _MATRICES:
        raise InputError(f"{name}: its colour matrix (H.273 number {tag}) cannot be read; convert it to BT.709 first")
    return _MATRICES[tag]


def is_full_range(frame: VideoFrame, codec: str, name: str, notes: Notes) -> bool:
    """Whether 0..2^bits-1 is black..white. By tag; untagged YUV is limited, untagged grey pictures are full."""
    kind = frame.format.name
    if kind.startswith("yuvj"):
        return True
    if int(frame.color_range) in (1, _FULL_RANGE):
        return int(frame.color_range) == _FULL_RANGE
    full = kind.startswith(("gray", "ya")) and codec not in ("h264", "hevc", "av1", "vp9")
    notes.add("colour", f"{name} has no range tag; {'full' if full else 'limited (video)'} range is taken.")
    return full


def _transfer(frame: VideoFrame, name: str, notes: Notes) -> Array:
    tag = int(frame.color_trc)
    if tag in _DISPLAY_TRANSFERS:
        return DISPLAY_TABLE
    if tag in (14, 15):
        notes.add("colour", f"{name} is tagged BT.2020 (SDR); its transfer is decoded with the display curve (sRGB).")
        return DISPLAY_TABLE
    if tag not in _CURVES:
        raise InputError(
            f"{name}: its transfer curve (H.273 number {tag}) cannot be read yet; convert it to BT.709, sRGB, PQ or HLG"
        )
    words, curve = _CURVES[tag]
    notes.add("colour", f"{name}: {words}.")
    return transfer_table(curve)


def _primaries(frame: VideoFrame, name: str, notes: Notes) -> Array | None:
    tag = int(frame.color_primaries)
    if tag in (0, 1, _UNTAGGED):
        return None
    if tag not in _REC709_FROM:
        notes.add("colour", f"{name} is tagged with primaries number {tag} of H.273; they are taken as Rec.709.")
        return None
    words, matrix = _REC709_FROM[tag]
    notes.add("colour", f"{name}: {words} primaries are converted to Rec.709; colours outside it become negative.")
    return np.array(matrix, np.float32)


def linear_from_pq(signal: Array) -> Array:
    """SMPTE ST 2084, with 203 cd/m2 (the reference white of BT.2408) as 1."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = np.clip(signal, 0, 1) ** (1 / m2)
    return (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * (10000 / 203)


def linear_from_hlg(signal: Array) -> Array:
    """ARIB STD-B67, scene light, with the reference white signal 0.75 as 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073

    def scene(value: Array) -> Array:
        high = np.maximum(value, 0.5)
        return np.where(value <= 0.5, value * np.abs(value) / 3, (np.exp((high - c) / a) + b) / 12)

    return scene(np.asarray(signal, np.float64)) / scene(np.array(0.75))


def _gamma(exponent: float) -> Callable[[Array], Array]:
    return lambda signal: np.sign(signal) * np.abs(signal) ** exponent


_CURVES: dict[int, tuple[str, Callable[[Array], Array]]] = {
    4: ("its transfer is a pure power of 2.2, by its tag", _gamma(2.2)),
    5: ("its transfer is a pure power of 2.8, by its tag", _gamma(2.8)),
    8: ("it is scene-linear, by its tag", lambda signal: signal),
    16: ("HDR (PQ): 203 cd/m2 becomes 1.0; the output is written as SDR and clips above it", linear_from_pq),
    18: ("HDR (HLG): signal 75 % becomes 1.0; the output is written as SDR and clips above it", linear_from_hlg),
}
