"""What a user can say of a picture of the place: which, and when in the plate."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cyclorama.core.errors import InputError

_FRAME = re.compile(r"\d{1,9}")
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})s")
_SHARE = re.compile(r"(\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})%")


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
