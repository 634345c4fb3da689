"""What a user can say of the lens and the film that the place is seen through."""

import re
from dataclasses import dataclass
from typing import Annotated

from cyclorama.core.errors import InputError
from cyclorama.option import Option

_DEFOCUS = re.compile(r"(f/)?(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})(%)?")


@dataclass(frozen=True)
class DefocusArgument:
    """How far the place is out of focus behind the actor, one of both: ``percent``, the diameter of the disc that a
    point at infinity becomes, of the picture's height; ``stop``, the lens's f-number."""

    percent: float | None
    stop: float | None

    @classmethod
    def parse(cls, text: str) -> "DefocusArgument":
        """``f/2.8``, or ``1.5`` or ``1.5%``; ``InputError`` for anything else."""
        match = _DEFOCUS.fullmatch(text.strip().lower())
        if not match or (match[1] and match[3]):
            raise InputError(f"a defocus is an f-number (f/2.8) or a percentage of the height (1.5), got '{text}'")
        value = float(match[2])
        if match[1] and value == 0:
            raise InputError(f"an f-number must be above 0, got '{text}'")
        return cls(None, value) if match[1] else cls(value, None)


@dataclass(frozen=True, kw_only=True)
class FilmSettings:
    """How the place and the finished frame take the plate's lens and film. None: as measured."""

    no_film: Annotated[bool, Option("Leave out wrap, sharpness, shutter and grain, unless they are asked for.")] = False
    wrap: Annotated[
        float | None, Option("How strongly bright places spill over the actor's edge: 0 not at all, to 1.")
    ] = None
    sharpness: Annotated[
        float | None,
        Option("How far a place that is sharper than the plate is softened: 0 not at all, 1 until they agree."),
    ] = None
    defocus: Annotated[
        DefocusArgument | None,
        Option(
            "Blur the place by its depth, sharp at the actor: an f-number (f/2.8), where the scale is known, or the "
            "disc of a far point in percent of the height (1.5).",
            shape="STOP|PERCENT",
        ),
    ] = None
    shutter: Annotated[
        float | None,
        Option(
            "Blur the place by the camera's motion as a shutter open by so many degrees does (180: half a frame); 0 "
            "not. Else as the plate shows.",
            shape="DEGREES",
        ),
    ] = None
    grain: Annotated[
        float | None,
        Option("How much of the plate's grain that the place lacks is added to it: 0 none, 1 all; at most 2."),
    ] = None
    grade: Annotated[float, Option("How far the place's black and white go to the plate's: 0 not at all, 1 whole.")] = (
        0.0
    )
    vignette: Annotated[float, Option("Share of the light that the finished frame's corners lose; 0 to 0.9.")] = 0.0
    aberration: Annotated[
        float, Option("How far red and blue part from green at the finished frame's corners, in pixels; 0 to 20.")
    ] = 0.0
