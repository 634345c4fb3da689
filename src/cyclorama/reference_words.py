"""What a user can say of a picture of the place: which, and when in the plate."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from cyclorama.core.errors import InputError
from cyclorama.path_words import file_named

_FRAME = re.compile(r"\d{1,9}")
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})s")
_SHARE = re.compile(r"(\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})%")

_ANGLES = re.compile(r"([+-]?\d{1,4}(?:\.\d{0,9})?)(?:,\s*([+-]?\d{1,4}(?:\.\d{0,9})?))?")


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


ReferenceWord = Literal["flat", "pano", "loop", "hold", "footage"]
_WORDS = get_args(ReferenceWord)


@dataclass(frozen=True)
class ReferenceArgument:
    """``[WORD:]FILE`` or ``[WORD:]FILE@TIME``. An ``@`` that no TIME follows belongs to the file's name; a file whose
    own name begins with a word and a colon is given as ``./NAME``.

    ``word``: what the file is, where it cannot be seen from it or is seen wrongly: ``flat`` an ordinary picture,
    ``pano`` a 360 panorama, ``loop`` and ``hold`` a clip that begins again or stays at its last frame where it is
    shorter than the plate, ``footage`` a clip that already moves as the plate's camera does.
    """

    picture: Path
    moment: Moment | None
    word: ReferenceWord | None = None

    @classmethod
    def parse(cls, text: str) -> "ReferenceArgument":
        begin, colon, rest = text.partition(":")
        word = next((w for w in _WORDS if colon and rest and w == begin), None)
        text = rest if word else text
        name, at, time = text.rpartition("@")
        moment = Moment.parse(time) if at and name else None
        return cls(file_named(name), moment, word) if moment else cls(file_named(text), None, word)


@dataclass(frozen=True)
class LookAt:
    """Where in a panorama the camera looks first: degrees to the right of its middle, and above its horizon."""

    yaw_deg: float
    pitch_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (abs(self.yaw_deg) <= 360 and abs(self.pitch_deg) <= 90):
            raise InputError(
                "a view of a panorama must be YAW or YAW,PITCH with YAW in -360..360 and PITCH in -90..90 degrees, got "
                f"{self.yaw_deg:g},{self.pitch_deg:g}"
            )

    @classmethod
    def parse(cls, text: str) -> "LookAt":
        match = _ANGLES.fullmatch(text.strip())
        if not match:
            raise InputError(
                f"a view of a panorama must be YAW or YAW,PITCH in degrees, such as 90 or 90,-5; got '{text}'"
            )
        return cls(float(match[1]), float(match[2] or 0))
