"""How a plate is read and a result written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclorama.camera_settings import FrameRate
from cyclorama.core.errors import InputError
from cyclorama.option import Option

if TYPE_CHECKING:
    from cyclorama.media.curves import Colour

COLOUR_WORDS = (
    *("srgb", "bt1886", "bt709-camera", "linear", "acescg", "pq", "hlg", "slog3", "slog3-sgamut3"),
    *("logc3", "logc4", "vlog", "clog3", "log3g10"),
)
"""Those of ``media.curves.COLOURS``, so that a help page loads no codec."""
_COLOURS = ", ".join(COLOUR_WORDS)
OCIO = "ocio:"


@dataclass(frozen=True)
class ColourWord:
    """The name of a way to code light, such as ``slog3``, or ``ocio:`` and that of a colour space of OpenColorIO's."""

    word: str

    @classmethod
    def parse(cls, text: str) -> "ColourWord":
        if text not in COLOUR_WORDS and not (text.startswith(OCIO) and text.removeprefix(OCIO).strip()):
            raise InputError(f"a colour must be one of {_COLOURS}, or ocio:NAME, got '{text}'")
        return cls(text)

    @property
    def colour(self) -> "Colour":
        """``InputError`` for a name that OpenColorIO does not know, ``MachineError`` without it."""
        from cyclorama.media.curves import COLOURS
        from cyclorama.media.ocio import ocio_colour

        return COLOURS[self.word] if self.word in COLOURS else ocio_colour(self.word.removeprefix(OCIO).strip())

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class FrameNumber:
    """A frame's number in a file name."""

    number: int

    @classmethod
    def parse(cls, text: str) -> "FrameNumber":
        if not text.isdecimal() or len(text) > 9:
            raise InputError(f"a frame number must be 0 or more, got '{text}'")
        return cls(int(text))

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, kw_only=True)
class PlateSettings:
    """How the plate is read."""

    plate_color: Annotated[
        ColourWord | None,
        Option(f"What the plate's code values mean, over its tags: {_COLOURS}; or ocio:NAME.", shape="NAME"),
    ] = None
    stream: Annotated[
        int | None, Option("Which of several videos in the plate's file, counted from 0.", shape="NUMBER")
    ] = None
    rate: Annotated[
        FrameRate | None,
        Option("Frames a second of a plate that is a folder: 24, 23.976, 30000/1001.", shape="RATE"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """How the result is written."""

    codec: Annotated[
        str | None,
        Option(
            "What the output's name leaves open: h264 or h265 (.mp4), prores or prores4444 too (.mov), ffv1 (.mkv), "
            "png8 or png16, zip or dwa (.exr); the first is usual.",
            shape="WORD",
        ),
    ] = None
    output_color: Annotated[
        ColourWord | None,
        Option(
            "How light is coded in h265, prores, prores4444 and ffv1: a word of --plate-color; else the plate's where "
            "that is HDR by its tags, else srgb.",
            shape="NAME",
        ),
    ] = None
    first_frame: Annotated[
        FrameNumber | None,
        Option("The first frame's number in a sequence; else the plate's own where it is one, else 0.", shape="NUMBER"),
    ] = None

    @property
    def colour(self) -> "Colour | None":
        return None if self.output_color is None else self.output_color.colour
