"""What a name can hold: the codecs of every suffix, the first of which is taken where none is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cyclorama.core.errors import InputError
from cyclorama.media import coding
from cyclorama.media.coding import Coding, Quality
from cyclorama.media.curves import DISPLAY, Colour
from cyclorama.media.notes import Notes

SEQUENCE_SUFFIXES = (".png", ".exr")
SHOT_CODECS: Mapping[str, tuple[str, ...]] = {
    ".mp4": ("h264", "h265"),
    ".mov": ("h264", "h265", "prores", "prores4444"),
    ".mkv": ("ffv1", "h264", "h265"),
    ".webm": ("vp9",),
    ".png": ("png8", "png16"),
    ".exr": ("zip", "dwa"),
}
"""Of finished shots."""
KEYED_CODECS: Mapping[str, tuple[str, ...]] = {
    ".mov": ("prores4444",),
    ".mkv": ("ffv1",),
    ".webm": ("vp9",),
    ".png": ("png16",),
    ".exr": ("zip", "dwa"),
}
"""Of pictures with an alpha."""
DEEP = ("h265", "prores", "prores4444", "ffv1")
"""Codecs of 10 bits and more, which can hold HDR and camera log."""
LEAST_BYTES = {"prores": 0.2, "prores4444": 0.3, "ffv1": 1.0, "png8": 0.5, "png16": 1.5, "zip": 1.5, "dwa": 0.1}
"""Of a pixel of an easy picture; H.264 and its kin need next to nothing."""


def codec_of(output: Path, word: str | None, codecs: Mapping[str, tuple[str, ...]] = SHOT_CODECS) -> str:
    """The codec that a name and ``--codec`` ask for. ``InputError`` for a suffix that holds none of them."""
    suffix = output.suffix.lower()
    if suffix not in codecs:
        kinds = ", ".join(f"%04d{s}" if s in SEQUENCE_SUFFIXES else s for s in codecs)
        raise InputError(
            f"{output}: cannot write {suffix or 'a name without a suffix'}; end the name in one of {kinds}"
        )
    known = codecs[suffix]
    if word is None:
        return known[0]
    if word in known:
        return word
    others = [s for s in codecs if word in codecs[s]]
    if not others:
        words = ", ".join(dict.fromkeys(w for k in codecs.values() for w in k))
        raise InputError(f"--codec must be one of {words}, got '{word}'")
    raise InputError(f"{output}: {suffix} holds {' or '.join(known)}; for {word} name it *{' or *'.join(others)}")


@dataclass(frozen=True)
class VideoForm:
    """What decides a coding besides its codec. ``alpha``: pictures carry one; ``premultiply``: their signal is
    multiplied by it."""

    hw: tuple[int, int]
    quality: Quality
    colour: Colour = DISPLAY
    alpha: bool = False
    premultiply: bool = False


def coding_of(codec: str, form: VideoForm, notes: Notes) -> Coding:
    """The coding of a video codec. ``MachineError`` when this FFmpeg cannot write it."""
    mixed = {"alpha": form.alpha, "premultiply": form.premultiply}
    makers: dict[str, Callable[[], Coding]] = {
        "h264": lambda: coding.h264(form.hw, form.quality, notes),
        "h265": lambda: coding.h265(form.hw, form.quality, form.colour, notes),
        "prores": lambda: coding.prores(form.hw, form.colour),
        "prores4444": lambda: coding.prores4444(form.hw, form.colour, **mixed),
        "ffv1": lambda: coding.ffv1(form.hw, form.colour, **mixed),
        "vp9": lambda: coding.vp9(form.quality, **mixed),
    }
    made = makers[codec]()
    coding.require_encoder(made)
    return made


def colour_for(codec: str, asked: Colour | None, notes: Notes) -> Colour:
    """How light is coded in a display format."""
    if asked is None or asked is DISPLAY:
        return DISPLAY
    if codec in DEEP:
        notes.add("colour", f"The output is {asked.words}.")
        return asked
    notes.add(
        "colour",
        f"{codec} has too few bits for {asked.words}: the output is written for a display (SDR) and clips above white; "
        f"choose --codec {', '.join(DEEP)} or %04d.exr.",
    )
    return DISPLAY
