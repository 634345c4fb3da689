"""What a user can say of where the actor stands."""

import re
from dataclasses import dataclass

from cyclorama.core.errors import InputError
from cyclorama.reference_words import Moment

_NUMBER = r"\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}"
_PLACE = re.compile(rf"({_NUMBER})(%?),({_NUMBER})(%?)")


@dataclass(frozen=True)
class StandAt:
    """``X,Y`` or ``X,Y@TIME``: where in a picture of the place the actor's feet stand, from its upper left corner.

    Shares of its width and height (0.5,0.9), per cent (50%,90%) or pixels of the picture (960,1010): numbers that are
    both 1 or less are shares. ``moment``: which reference is meant, by its time; else the one nearest the middle.
    """

    x: float
    y: float
    unit: str
    moment: Moment | None = None

    @classmethod
    def parse(cls, text: str) -> "StandAt":
        place, at, time = text.strip().partition("@")
        match = _PLACE.fullmatch(place)
        moment = Moment.parse(time) if at else None
        if not match or match[2] != match[4] or (at and moment is None):
            raise InputError(
                "the actor stands at X,Y or X,Y@TIME: shares of the picture's width and height (0.5,0.9 or 50%,90%) "
                f"or its pixels (960,1010), got '{text}'"
            )
        x, y, unit = float(match[1]), float(match[3]), match[2]
        if not unit:
            unit = "share" if x <= 1 and y <= 1 else "px"
        if unit == "%" and (x > 100 or y > 100):
            raise InputError(f"a place in the picture must lie in it, 0% to 100%, got '{text}'")
        return cls(x, y, unit, moment)

    def share(self, hw: tuple[int, int]) -> tuple[float, float]:
        """Of the width and the height of a picture of ``hw``. ``InputError`` for pixels outside it."""
        if self.unit == "px":
            if self.x > hw[1] or self.y > hw[0]:
                raise InputError(
                    f"--stand-at {self.x:g},{self.y:g} lies outside the picture, which is {hw[1]} x {hw[0]} pixels"
                )
            return self.x / hw[1], self.y / hw[0]
        whole = 100.0 if self.unit == "%" else 1.0
        return self.x / whole, self.y / whole
