"""What the code values of a video mean: matrix, range, transfer, primaries. Tags first; every assumption is noted.

The numbers are those of ITU-T H.273, which FFmpeg uses for its tags.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.media.curves import TAGGED_HDR, TAGGED_PRIMARIES, TAGGED_TRANSFERS, Colour, Function, rec709_from
from cyclorama.media.film_service import FirstFrame
from cyclorama.media.kernels import DISPLAY_TABLE, transfer_table
from cyclorama.media.layouts import is_float
from cyclorama.media.notes import Notes

_UNTAGGED, _LINEAR = 2, 8
_MATRICES = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
_MATRICES[9] = (0.2627, 0.0593)
_MATRIX_NAMES = {1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 9: "BT.2020"}
_DISPLAY_TRANSFERS = (0, 1, 2, 6, 7, 11, 13)
_FULL_RANGE = 2


@dataclass(frozen=True)
class SignalColour:
    """``scales`` and ``table`` as ``kernels.linear_from_yuv`` takes them; ``rec709`` (3, 3) or None when the primaries
    are already those of Rec.709. ``curve``: the table's, unclipped, for floats. ``hdr``: PQ or HLG, by its tag."""

    luma_weights: tuple[float, float]
    full_range: bool
    curve: Function
    rec709: Array | None
    hdr: Colour | None = None

    @cached_property
    def table(self) -> Array:
        return DISPLAY_TABLE if self.curve is linear_from_display else transfer_table(self.curve)

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


def signal_colour(frame: FirstFrame, codec: str, name: str, notes: Notes, asked: Colour | None = None) -> SignalColour:
    """The colour of a stream, from its first decoded frame; transfer and primaries as ``asked``, over its tags.
    ``InputError`` for encodings we cannot read right."""
    rgb = frame.format.is_rgb or "pal8" in frame.format.name
    weights = (0.2126, 0.0722) if rgb else _matrix(frame, name, notes)
    full = True if rgb else is_full_range(frame, codec, name, notes)
    if asked is not None:
        notes.add("colour", f"{name} is read as {asked.words}, as asked.")
        return SignalColour(weights, full, asked.linear_curve(full_range=full), asked.to_rec709)
    hdr = TAGGED_HDR.get(int(frame.color_trc))
    return SignalColour(weights, full, _transfer(frame, name, notes), _primaries(frame, name, notes), hdr)


def _matrix(frame: FirstFrame, name: str, notes: Notes) -> tuple[float, float]:
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


def is_full_range(frame: FirstFrame, codec: str, name: str, notes: Notes) -> bool:
    """Whether 0..2^bits-1 is black..white. By tag; untagged YUV is limited, untagged grey pictures are full."""
    kind = frame.format.name
    if kind.startswith("yuvj"):
        return True
    if int(frame.color_range) in (1, _FULL_RANGE):
        return int(frame.color_range) == _FULL_RANGE
    full = kind.startswith(("gray", "ya")) and codec not in ("h264", "hevc", "av1", "vp9")
    notes.add("colour", f"{name} has no range tag; {'full' if full else 'limited (video)'} range is taken.")
    return full


def _transfer(frame: FirstFrame, name: str, notes: Notes) -> Function:
    tag = int(frame.color_trc)
    if tag == _UNTAGGED and is_float(frame.format.name):
        notes.add("colour", f"{name} holds floating-point values; they are taken as scene-linear.")
        return TAGGED_TRANSFERS[_LINEAR][1]
    if tag in _DISPLAY_TRANSFERS:
        return linear_from_display
    if tag in (14, 15):
        notes.add("colour", f"{name} is tagged BT.2020 (SDR); its transfer is decoded with the display curve (sRGB).")
        return linear_from_display
    if tag not in TAGGED_TRANSFERS:
        raise InputError(
            f"{name}: its transfer curve (H.273 number {tag}) cannot be read yet; convert it to BT.709, sRGB, PQ or HLG"
        )
    words, curve = TAGGED_TRANSFERS[tag]
    notes.add("colour", f"{name}: {words}.")
    return curve


def _primaries(frame: FirstFrame, name: str, notes: Notes) -> Array | None:
    tag = int(frame.color_primaries)
    if tag in (0, 1, _UNTAGGED):
        return None
    if tag not in TAGGED_PRIMARIES:
        notes.add("colour", f"{name} is tagged with primaries number {tag} of H.273; they are taken as Rec.709.")
        return None
    words, primaries = TAGGED_PRIMARIES[tag]
    notes.add("colour", f"{name}: {words} primaries are converted to Rec.709; colours outside it become negative.")
    return rec709_from(primaries)
