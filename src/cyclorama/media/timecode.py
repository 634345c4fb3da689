"""SMPTE timecode: counting on, and as EXR files hold it."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import OpenEXR

_TEXT = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})([:;.])(\d{1,3})")
_DROPPED = {30: 2, 60: 4}
"""Numbers that drop-frame timecode leaves out each minute but every tenth, by frames a timecode second."""


@dataclass(frozen=True)
class Timecode:
    """``frame``: counted from 00:00:00:00. ``base``: frames that a second of timecode counts."""

    frame: int
    base: int
    drop: bool

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> "Timecode | None":
        """``HH:MM:SS:FF``, ``;`` before FF in drop-frame. None for what is no timecode at ``rate``."""
        match = _TEXT.fullmatch(text.strip())
        base = round(rate)
        if match is None or base < 1:
            return None
        hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
        if minutes > 59 or seconds > 59 or frames >= base:
            return None
        drop = match[4] != ":" and base in _DROPPED
        total_minutes = 60 * hours + minutes
        count = (60 * total_minutes + seconds) * base + frames
        return cls(count - (_DROPPED[base] * (total_minutes - total_minutes // 10) if drop else 0), base, drop)

    def later(self, frames: int) -> "Timecode":
        """The timecode so many frames on; it starts again after 24 hours."""
        day = 24 * 60 * 60 * self.base - (_DROPPED[self.base] * (24 * 60 - 24 * 6) if self.drop else 0)
        return Timecode((self.frame + frames) % day, self.base, self.drop)

    @property
    def fields(self) -> tuple[int, int, int, int]:
        """Hours, minutes, seconds, frames as they are shown."""
        frame = self.frame
        if self.drop:
            skipped = _DROPPED[self.base]
            minute = 60 * self.base - skipped
            ten = 10 * minute + skipped
            tens, rest = divmod(frame, ten)
            frame += skipped * (9 * tens + (max(rest - skipped, 0) // minute))
        seconds, frames = divmod(frame, self.base)
        return seconds // 3600, seconds // 60 % 60, seconds % 60, frames

    def __str__(self) -> str:
        hours, minutes, seconds, frames = self.fields
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if self.drop else ':'}{frames:02d}"

    def exr(self) -> Any:
        """As an EXR's attribute ``timeCode``."""
        hours, minutes, seconds, frames = self.fields
        return OpenEXR.TimeCode(hours, minutes, seconds, frames, int(self.drop), *[0] * 13)


def text_of_exr(code: Any) -> str:
    """The text of an EXR's ``timeCode``."""
    mark = ";" if code.dropFrame else ":"
    return f"{code.hours:02d}:{code.minutes:02d}:{code.seconds:02d}{mark}{code.frame:02d}"
