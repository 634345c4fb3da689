"""Keyed actors with their alpha: video, EXR and PNG, straight or premultiplied."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Foreground
from cyclorama.media.coding import Quality
from cyclorama.media.curves import Colour
from cyclorama.media.formats import KEYED_CODECS, VideoForm, codec_of, coding_of, colour_for
from cyclorama.media.kernels import bgra16_from_linear
from cyclorama.media.notes import Notes
from cyclorama.media.output import OutputSpec, is_sequence
from cyclorama.media.sound import Sound
from cyclorama.media.video_writer import VideoWriter
from cyclorama.media.writers import ClipWriter, SequenceWriter, Through, exr_saver, note_sequence, save_png

_FAINT = np.float32(1 / 16)
"""Alpha below which a pixel's own colour counts less and less, and that of the actor nearby more and more."""
_CELL, _REACH = 4, 4
"""Side, in pixels, of the cells from which colour is spread beyond the actor's edge, and how many cells far."""
_CRF = 16
"""Of VP9."""
_NONE = np.float32(1e-4)
"""Mean alpha of a cell that holds no actor."""


@dataclass(frozen=True)
class ForegroundFormat:
    """``kind``: what is written, in words. ``straight``: colour is not multiplied by alpha."""

    kind: str
    linear: bool
    straight: bool

    @classmethod
    def of(cls, output: Path, straight: bool | None = None) -> "ForegroundFormat":
        """The format that a name asks for, with the alpha that is usual there unless ``straight`` says otherwise.

        ``InputError`` for a name that cannot hold an alpha.
        """
        found = _FORMATS.get(output.suffix.lower())
        if found is None:
            raise InputError(
                f"{output}: a keyed actor needs an alpha channel; name it NAME.mov (ProRes 4444), NAME.mkv (FFV1), "
                "NAME.webm (VP9), %04d.exr or %04d.png"
            )
        return found if straight is None else cls(found.kind, found.linear, straight)

    @property
    def words(self) -> str:
        if self.straight:
            return f"{self.kind}, straight alpha: colour is not multiplied by alpha"
        values = "linear values" if self.linear else "display values"
        return f"{self.kind}, premultiplied alpha: {values} are multiplied by alpha (matted with black)"


_FORMATS = {
    ".mov": ForegroundFormat("ProRes 4444", linear=False, straight=True),
    ".mkv": ForegroundFormat("FFV1, 12 bits", linear=False, straight=True),
    ".webm": ForegroundFormat("VP9, 8 bits", linear=False, straight=True),
    ".png": ForegroundFormat("16-bit sRGB PNG", linear=False, straight=True),
    ".exr": ForegroundFormat("half float scene-linear EXR", linear=True, straight=False),
}


@dataclass(frozen=True)
class ForegroundSettings:
    """``codec``: a word of ``formats.KEYED_CODECS``; ``straight``: whether colour is kept as it is or multiplied by
    alpha; None for what is usual of the name. ``colour``: how light is coded where the codec has the bits for it."""

    codec: str | None = None
    straight: bool | None = None
    colour: Colour | None = None


def open_foreground_writer(
    output: Path,
    folder: Path,
    spec: OutputSpec,
    *,
    notes: Notes,
    sound: Sound | None = None,
    settings: ForegroundSettings | None = None,
    name: str = "shot",
) -> ClipWriter[Foreground]:
    """The writer for a name: ``.mov`` (ProRes 4444), ``.mkv`` (FFV1), ``.webm`` (VP9) and ``%04d.png`` (16 bits, sRGB),
    all straight; ``%04d.exr`` (half, scene-linear, premultiplied).

    In files that hold display values, premultiplied means that those are multiplied, as editors expect.
    """
    settings = settings or ForegroundSettings()
    kind, codec = ForegroundFormat.of(output, settings.straight), codec_of(output, settings.codec, KEYED_CODECS)
    notes.add("output", f"The output is {kind.words}.")
    if not is_sequence(output):
        colour = colour_for(codec, settings.colour, notes)
        form = VideoForm(spec.hw, Quality(_CRF, ""), colour, alpha=True, premultiply=not kind.straight)
        coding = coding_of(codec, form, notes)
        return Through(VideoWriter(output, folder, spec, coding, notes=notes, sound=sound, name=name), straight_rgba)
    note_sequence(sound, spec, notes)
    if kind.linear:
        attributes = {"cyclorama/alpha": "straight" if kind.straight else "premultiplied"}
        frames = SequenceWriter(output, folder, spec, exr_saver(spec, codec, attributes), name)
        return Through(frames, straight_rgba if kind.straight else premultiplied_rgba)
    return Through(SequenceWriter(output, folder, spec, _png_saver(not kind.straight), name), straight_rgba)


def _png_saver(premultiply: bool) -> Callable[[int, Path, Array], None]:
    def save(_: int, path: Path, rgba: Array) -> None:
        codes = np.empty(rgba.shape, np.uint16)
        bgra16_from_linear(rgba, premultiply, codes)
        save_png(path, codes)

    return save


def premultiplied_rgba(foreground: Foreground) -> Array:
    """h w 4 float32 scene-linear."""
    return np.dstack([foreground.color, foreground.alpha])


def straight_rgba(foreground: Foreground) -> Array:
    """h w 4 float32 scene-linear, the colour divided by alpha; around the actor his colour goes on for some pixels and
    ends in black, so that a picture that is resampled later gets no dark fringe."""
    around = cv2.resize(_spread(foreground), foreground.alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    out = np.empty((*foreground.alpha.shape, 4), np.float32)
    _divide(np.ascontiguousarray(foreground.color), np.ascontiguousarray(foreground.alpha), around, out)
    return out


def _spread(foreground: Foreground) -> Array:
    """The actor's colour in and around him by cells of ``_CELL`` pixels: means over the cells within ``_REACH``, nearer
    and more opaque ones counting more; black where there is nothing of him."""
    height, width = (math.ceil(side / _CELL) for side in foreground.alpha.shape)
    small = [cv2.resize(p, (width, height), interpolation=cv2.INTER_AREA) for p in (foreground.color, foreground.alpha)]
    box = (_REACH + 1, _REACH + 1)  # twice: a tent
    color, weight = (cv2.blur(cv2.blur(p, box), box) for p in small)
    return color * ((weight > _NONE) / np.maximum(weight, _NONE))[..., None]


@njit(cache=True, nogil=True)
def _divide(color: Array, alpha: Array, around: Array, out: Array) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            a = alpha[y, x]
            out[y, x, 3] = a
            own = min(a / _FAINT, np.float32(1.0)) if a > 0 else np.float32(0.0)
            for c in range(3):
                value = color[y, x, c] / a if own > 0 else np.float32(0.0)
                out[y, x, c] = value if own >= 1 else around[y, x, c] + own * (value - around[y, x, c])
