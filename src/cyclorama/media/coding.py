"""How pictures become the packets of a video: an encoder, its pixel layout, and the kernel that fills its planes."""

from collections.abc import Callable
from dataclasses import dataclass

import av
import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import MachineError
from cyclorama.media.curves import DISPLAY, Colour
from cyclorama.media.kernels import DISPLAY_TABLE, encode_table, yuv_from_linear
from cyclorama.media.notes import Notes

_LUMA_WEIGHTS = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}
"""Red and blue, by the matrix's number in H.273."""
_SLICES = 4
"""Of a FFV1 frame: threads of its decoder."""
_PRORES = {"422HQ": "3", "4444": "4"}
"""The encoders' numbers of the profiles."""


@dataclass(frozen=True)
class Coding:
    """``bits`` of a code; ``sub``: how much smaller chroma is, across and down. ``alpha``: pictures are h w 4,
    straight; ``premultiply``: their signal is multiplied by it. ``tag``: the codec's four letters in mp4 and mov."""

    codec: str
    pix_fmt: str
    options: dict[str, str]
    bits: int
    sub: tuple[int, int]
    colour: Colour = DISPLAY
    alpha: bool = False
    premultiply: bool = False
    tag: str | None = None

    @property
    def channels(self) -> int:
        return 4 if self.alpha else 3

    @property
    def tags(self) -> tuple[int, int, int]:
        """Primaries, transfer and matrix by H.273. ProRes has no number for the sRGB curve: editors show BT.709."""
        primaries, transfer, matrix = self.colour.tags
        return primaries, 1 if transfer == 13 and self.codec.startswith("prores") else transfer, matrix

    def filler(self) -> Callable[[Array, list[Array]], None]:
        """``fill(picture, planes)``: h w ``channels`` contiguous float32 scene-linear into code planes."""
        step = 1 << (self.bits - 8)
        kr, kb = _LUMA_WEIGHTS[self.colour.tags[2]]
        gains = (224 * step / (2 * (1 - kb)), 224 * step / (2 * (1 - kr)))
        scales = np.array([16 * step, 219 * step, 128 * step, *gains, kr, kb, self.colour.top], np.float32)
        display = self.colour is DISPLAY
        table = DISPLAY_TABLE if display else encode_table(*self.colour.signal_curve())
        to_rec709 = self.colour.to_rec709
        matrix = None if to_rec709 is None else np.linalg.inv(to_rec709.astype(np.float64)).astype(np.float32)
        if matrix is not None and self.alpha:
            matrix = np.block([[matrix, np.zeros((3, 1), np.float32)], [np.zeros((1, 3)), np.ones((1, 1))]])
            matrix = matrix.astype(np.float32)
        top = float((1 << self.bits) - 1)

        def fill(picture: Array, planes: list[Array]) -> None:
            linear = picture if matrix is None else cv2.transform(picture, matrix)
            plane = planes[3] if self.alpha else np.empty((0, 0), planes[0].dtype)
            alpha = (plane, top, self.premultiply)
            yuv_from_linear(linear, (planes[0], planes[1], planes[2]), self.sub, scales, table, alpha)

        return fill


@dataclass(frozen=True)
class Quality:
    """``crf``: of H.264 and H.265 (those of VP9 are taken from it); ``preset``: how long they may take."""

    crf: int
    preset: str


def h264(hw: tuple[int, int], quality: Quality, notes: Notes) -> Coding:
    """H.264, 8 bits, 4:2:0."""
    sub, layout = _halved(hw, "H.264", notes)
    return Coding("libx264", layout, {"crf": str(quality.crf), "preset": quality.preset}, 8, sub)


def h265(hw: tuple[int, int], quality: Quality, colour: Colour, notes: Notes) -> Coding:
    """H.265, 10 bits, 4:2:0, tagged hvc1, which Apple's players ask for."""
    sub, layout = _halved(hw, "H.265", notes)
    options = {"crf": str(quality.crf), "preset": quality.preset, "x265-params": "log-level=error"}
    return Coding("libx265", f"{layout}10le", options, 10, sub, colour, tag="hvc1")


def _halved(hw: tuple[int, int], name: str, notes: Notes) -> tuple[tuple[int, int], str]:
    if hw[0] % 2 == 0 and hw[1] % 2 == 0:
        return (2, 2), "yuv420p"
    notes.add("output", f"{name} 4:2:0 needs even sizes; this odd size is written as 4:4:4, which few players show.")
    return (1, 1), "yuv444p"


def prores(hw: tuple[int, int], colour: Colour) -> Coding:
    """ProRes 422 HQ, 10 bits."""
    return Coding(_prores_encoder(hw), "yuv422p10le", {"profile": _PRORES["422HQ"]}, 10, (2, 1), colour)


def prores4444(
    hw: tuple[int, int], colour: Colour = DISPLAY, *, alpha: bool = False, premultiply: bool = False
) -> Coding:
    """ProRes 4444, 10 bits, with alpha or without."""
    layout = "yuva444p10le" if alpha else "yuv444p10le"
    return Coding(_prores_encoder(hw), layout, {"profile": _PRORES["4444"]}, 10, (1, 1), colour, alpha, premultiply)


def _prores_encoder(hw: tuple[int, int]) -> str:
    """The faster of FFmpeg's encoders takes even widths alone."""
    return "prores_ks" if hw[1] % 2 else "prores_aw"


def ffv1(hw: tuple[int, int], colour: Colour = DISPLAY, *, alpha: bool = False, premultiply: bool = False) -> Coding:
    """FFV1, lossless, 12 bits, 4:4:4: every 8- and 10-bit code value comes back. Every slice carries its checksum."""
    options = {"level": "3", "slicecrc": "1", "slices": str(_SLICES if min(hw) > 1 else 1), "g": "1"}
    layout = "yuva444p12le" if alpha else "yuv444p12le"
    return Coding("ffv1", layout, options, 12, (1, 1), colour, alpha, premultiply)


def vp9(quality: Quality, *, alpha: bool = False, premultiply: bool = False) -> Coding:
    """VP9, 8 bits, 4:2:0, with alpha or without; for pages and overlays."""
    options = {"crf": str(quality.crf), "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
    options |= {"auto-alt-ref": "0"} if alpha else {}
    return Coding("libvpx-vp9", "yuva420p" if alpha else "yuv420p", options, 8, (2, 2), DISPLAY, alpha, premultiply)


def require_encoder(coding: Coding) -> None:
    """``MachineError`` when this FFmpeg cannot write it."""
    if coding.codec not in av.codecs_available:
        raise MachineError(f"this FFmpeg has no encoder {coding.codec}; choose another --codec, or write frames")
