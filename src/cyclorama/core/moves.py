"""The language of camera moves: ``truck left 0.4m, pan right 10deg @1s..2s, handheld 0.3``.

A move is a name, a direction, an amount with its unit, and, where it does not last the whole shot, its times and its
ease. The words mean what a camera crew means by them; ``matchmove.move_path`` turns them into cameras.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cyclorama.core.errors import InputError

Ease = Literal["ease", "linear", "ease-in", "ease-out"]
EASES: tuple[Ease, ...] = ("ease", "linear", "ease-in", "ease-out")


@dataclass(frozen=True)
class Word:
    """What may follow a move's name: the directions, the positive one first, and units with the largest amounts."""

    directions: tuple[str, str] | tuple[()]
    units: dict[str, float]


_TURN = {"deg": 3600.0}
_METRES = {"m": 1000.0}
WORDS: dict[str, Word] = {
    "static": Word((), {}),
    "pan": Word(("right", "left"), _TURN),
    "tilt": Word(("up", "down"), _TURN),
    "roll": Word(("right", "left"), _TURN),
    "truck": Word(("right", "left"), _METRES),
    "pedestal": Word(("up", "down"), _METRES),
    "dolly": Word(("in", "out"), _METRES),
    "orbit": Word(("right", "left"), _TURN),
    "zoom": Word(("in", "out"), {"x": 100.0, "mm": 1000.0}),
    "dolly-zoom": Word(("in", "out"), _METRES),
    "handheld": Word((), {"": 20.0}),
}
GRAMMAR = (
    "give MOVE, MOVE, ... such as 'truck left 0.4m, pan right 10deg @1s..2s, handheld 0.3'; a MOVE is static, "
    "pan|roll|orbit left|right Ndeg, tilt up|down Ndeg, truck left|right Nm, pedestal up|down Nm, "
    "dolly|dolly-zoom in|out Nm, zoom in|out Nx or Nmm, or handheld N, and may end in @TIME..TIME (frames 12, seconds "
    "0.5s, shares 50%) and in ease, linear, ease-in or ease-out"
)
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}"
_AMOUNT = re.compile(rf"({_NUMBER})(deg|mm|m|x|)")
_WHEN = re.compile(rf"({_NUMBER})(s|%|)")


@dataclass(frozen=True)
class When:
    """A time of the shot: a frame (unit ''), seconds ('s') or a share of it ('%')."""

    value: Fraction
    unit: Literal["", "s", "%"]

    def frame(self, num_frames: int, rate: Fraction) -> float:
        """The frame meant, fractions of one too. ``InputError`` when it lies after the last frame."""
        last = num_frames - 1
        scale = {"": Fraction(1), "s": rate, "%": Fraction(last, 100)}[self.unit]
        found = self.value * scale
        # A time in seconds may name the end of the last frame, which is when the shot ends.
        if found > last + (self.unit == "s"):
            raise InputError(f"--move: {self} lies after the shot's end; its last frame is {last}")
        return float(min(found, Fraction(last)))

    def __str__(self) -> str:
        return f"{_decimal(self.value)}{self.unit}"


@dataclass(frozen=True)
class Move:
    """One move. ``direction`` and ``unit`` '' where the name has none; ``amount`` over 0, and 1 or more in 'x'.

    ``span``: when it begins and ends (None: with the shot). ``InputError`` for what the language cannot say.
    """

    name: str
    direction: str = ""
    amount: Fraction = Fraction(0)
    unit: str = ""
    span: tuple[When, When] | None = None
    ease: Ease = "ease"

    def __post_init__(self) -> None:
        word = WORDS.get(self.name)
        if word is None:
            raise _refused(str(self.name), "no such move")
        if self.direction not in (word.directions or ("",)):
            raise _refused(str(self), f"{self.name} goes {' or '.join(word.directions) or 'nowhere'}")
        if self.name == "static":
            if self.amount or self.unit or self.span:
                raise _refused(str(self), "static is a word alone")
            return
        if self.unit not in word.units:
            units = " or ".join(word.units) or "nothing"
            raise _refused(str(self), f"its amount is a number{' of ' + units if units != 'nothing' else ' alone'}")
        least = 1 if self.unit == "x" else 0
        if not least <= self.amount <= word.units[self.unit] or not self.amount:
            raise _refused(str(self), f"its amount must be over {least} and at most {word.units[self.unit]:g}")

    @property
    def signed(self) -> float:
        """The amount, negative in the second direction."""
        directions = WORDS[self.name].directions
        return float(self.amount) * (-1 if directions and self.direction == directions[1] else 1)

    def __str__(self) -> str:
        words = [self.name, self.direction, f"{_decimal(self.amount)}{self.unit}" if self.amount else ""]
        if self.span is not None:
            words.append(f"@{self.span[0]}..{self.span[1]}")
        if self.ease != "ease":
            words.append(self.ease)
        return " ".join(w for w in words if w)


@dataclass(frozen=True)
class Moves:
    """Moves that happen at once. ``str`` gives the text back that ``parse`` reads."""

    moves: tuple[Move, ...]

    @classmethod
    def parse(cls, text: str) -> "Moves":
        """``InputError``, one sentence with the grammar, for anything else than moves."""
        return cls(tuple(_move(part) for part in text.split(",")))

    def __str__(self) -> str:
        return ", ".join(map(str, self.moves))


def _move(text: str) -> Move:
    words = text.split()
    if not words:
        raise _refused(text, "a move is missing")
    name, rest = words[0].lower(), [w.lower() for w in words[1:]]
    ease = next((e for e in EASES if rest and rest[-1] == e), None)
    if ease is not None:
        rest.pop()
    span = _span(text, rest.pop()) if rest and rest[-1].startswith("@") else None
    direction = rest.pop(0) if rest and not _AMOUNT.fullmatch(rest[0]) else ""
    amount, unit = Fraction(0), ""
    if rest:
        match = _AMOUNT.fullmatch(rest.pop(0))
        if not match or rest:
            raise _refused(text, "its words are not in order")
        amount, unit = Fraction(match[1]), match[2]
    return Move(name, direction, amount, unit, span, ease or "ease")


def _span(text: str, word: str) -> tuple[When, When]:
    begin, dots, end = word[1:].partition("..")
    ends = [_WHEN.fullmatch(w) for w in (begin, end)]
    if not dots or not all(ends):
        raise _refused(text, "its times are not @TIME..TIME")
    first, last = (When(Fraction(m[1]), m[2]) for m in ends if m)  # type: ignore[arg-type]
    if first.unit == last.unit and first.value >= last.value:
        raise _refused(text, "it must end after it begins")
    return first, last


def _decimal(value: Fraction) -> str:
    """The shortest decimal of nine places at most."""
    return f"{float(value):.9f}".rstrip("0").rstrip(".")


def _refused(text: str, why: str) -> InputError:
    return InputError(f"'{' '.join(text.split())}' is not understood ({why}); {GRAMMAR}")
