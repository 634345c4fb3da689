"""How pictures become the packets of a video: an encoder, its pixel layout, and the kernel that fills its planes."""

from collections.abc import Callable
from dataclasses import dataclass

from cyclorama.core.arrays import Array
from cyclorama.media.kernels import bt709_from_linear, bt709a_from_linear
from cyclorama.media.notes import Notes

_PRORES_4444 = "4"
"""The encoder's number of the profile."""


@dataclass(frozen=True)
class Coding:
    """``fill(picture, planes)`` writes a contiguous h w ``channels`` float32 scene-linear picture into code planes."""

    codec: str
    pix_fmt: str
    options: dict[str, str]
    channels: int
    fill: Callable[[Array, list[Array]], None]


def h264(hw: tuple[int, int], quality: tuple[int, str], notes: Notes) -> Coding:
    """H.264, 8 bits. ``quality``: x264's crf and preset."""
    sub = 2 if hw[0] % 2 == 0 and hw[1] % 2 == 0 else 1
    if sub == 1:
        notes.add("output", "H.264 4:2:0 needs even sizes; this odd size is written as 4:4:4, which few players show.")

    def fill(picture: Array, planes: list[Array]) -> None:
        y, cb, cr = planes
        bt709_from_linear(picture, y, cb, cr, sub)

    options = {"crf": str(quality[0]), "preset": quality[1]}
    return Coding("libx264", "yuv420p" if sub == 2 else "yuv444p", options, 3, fill)


def prores4444(*, premultiply: bool) -> Coding:
    """ProRes 4444 of straight red, green, blue and alpha, 10 bits. ``premultiply``: the display values times alpha."""

    def fill(picture: Array, planes: list[Array]) -> None:
        y, cb, cr, alpha = planes
        bt709a_from_linear(picture, y, cb, cr, alpha, premultiply)

    return Coding("prores_aw", "yuva444p10le", {"profile": _PRORES_4444}, 4, fill)
