"""What a user can ask of ``replace``: one typed place; the command's help is made from it."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from cyclorama.core.display import linear_from_display
from cyclorama.core.errors import InputError

_FRAME = re.compile(r"\d+")
_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)s")
_SHARE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)%")


@dataclass(frozen=True)
class Moment:
    """When in the plate: a frame (``12``), seconds (``0.5s``) or a share (``50%``), from the plate's first frame."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Moment | None":
        """None when ``text`` is no moment."""
        return cls(text) if any(p.fullmatch(text) for p in (_FRAME, _SECONDS, _SHARE)) else None

    def frame(self, timestamps_s: tuple[Fraction, ...]) -> int:
        """The frame meant: of seconds, the one on screen then; of a share p, floor(p/100 x (n-1) + 0.5)."""
        last = len(timestamps_s) - 1
        if self.text.endswith("%"):
            share = Fraction(self.text[:-1]) / 100
            if share > 1:
                raise InputError(f"a reference at {self.text} lies after the plate's end; give 0% to 100%")
            return int(share * last + Fraction(1, 2))
        if self.text.endswith("s"):
            seconds = Fraction(self.text[:-1])
            step = timestamps_s[-1] / last if last else Fraction(1)
            if seconds >= timestamps_s[-1] + step:
                length = float(timestamps_s[-1] + step)
                raise InputError(f"a reference at {self.text} lies after the plate's end, which is at {length:.3f}s")
            return max(i for i, t in enumerate(timestamps_s) if t <= seconds)
        if int(self.text) > last:
            raise InputError(f"a reference at frame {self.text} lies after the plate's end; its last frame is {last}")
        return int(self.text)


@dataclass(frozen=True)
class ReferenceArgument:
    """``PICTURE`` or ``PICTURE@TIME``. An ``@`` that no TIME follows belongs to the file's name."""

    picture: Path
    moment: Moment | None

    @classmethod
    def parse(cls, text: str) -> "ReferenceArgument":
        name, at, time = text.rpartition("@")
        moment = Moment.parse(time) if at and name else None
        return cls(Path(name), moment) if moment else cls(Path(text), None)


def parse_range(text: str, num_frames: int) -> range:
    """``A:B``, frames A up to but without B; either may be left out. ``InputError`` when it holds no frame."""
    match = re.fullmatch(r"(\d*):(\d*)", text)
    if not match:
        raise InputError(f"--frames must be A:B (frames A up to but without B), got '{text}'")
    start = int(match[1] or 0)
    stop = int(match[2]) if match[2] else num_frames
    if not start < stop <= num_frames:
        raise InputError(f"--frames {text} holds no frames of the plate; give A:B within 0:{num_frames}")
    return range(start, stop)


@dataclass(frozen=True)
class Settings:
    """Everything that decides a finished shot."""

    plate: Path
    """The plate: a video, or a folder of numbered pictures."""
    output: Path
    """The finished shot: NAME.mp4, or frames as NAME%04d.png."""
    references: tuple[ReferenceArgument, ...]
    """Pictures of the place, each with the TIME whose view it shows."""
    matte: Path | None = None
    """The actor's matte (a video or a folder, white is actor), in place of a key."""
    camera: Path | None = None
    """A camera.json, in place of a solve."""
    focal_px: float | None = None
    """The focal length, in pixels of the plate, when it is known."""
    screen: str | None = None
    """The screen's colour, when it is not found right: green, blue or #rrggbb."""
    frames: str | None = None
    """Frames A up to but without B of the plate, as A:B. Times still count from the plate's first frame."""
    relight: bool = True
    """Match the actor's exposure and white balance to the place."""
    engine: str = "geometry"
    """What draws the place."""
    work: Path | None = None
    """Keep the camera, the mattes and the report in this folder."""
    overwrite: bool = False
    """Replace an output that exists."""


_SCREENS = {"green": "#00b140", "blue": "#0047bb"}


def screen_rgb(text: str | None) -> tuple[float, float, float] | None:
    """The screen's colour, scene-linear: ``green``, ``blue`` or ``#rrggbb`` (sRGB). None asks to find it."""
    if text is None:
        return None
    code = _SCREENS.get(text.lower(), text)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", code):
        raise InputError(f"--screen must be green, blue or #rrggbb, got '{text}'")
    red, green, blue = linear_from_display(np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255).tolist()
    return red, green, blue
