"""What a user can say of the camera and of the actor before it."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from cyclorama.core.errors import InputError
from cyclorama.core.moves import Moves

ActorWord = Literal["stands", "walks", "free"]


@dataclass(frozen=True)
class ActorArgument:
    """``stands``: what moves it in the picture is the camera. ``walks``, ``free``: its motion is its own."""

    word: ActorWord

    @classmethod
    def parse(cls, text: str) -> "ActorArgument":
        found = next((w for w in get_args(ActorWord) if w == text), None)
        if found is None:
            raise InputError(f"the actor stands, walks or is free, got '{text}'")
        return cls(found)


@dataclass(frozen=True)
class MoveArgument:
    """Camera moves as ``core.moves.Moves`` reads them."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "MoveArgument":
        """``InputError`` with the grammar when ``text`` holds no moves."""
        return cls(str(Moves.parse(text)))

    @property
    def moves(self) -> Moves:
        return Moves.parse(self.text)


@dataclass(frozen=True)
class FocalLength:
    """``1200`` or ``1200px``: pixels of the plate; ``35mm``: on the film back."""

    value: float
    unit: str

    @classmethod
    def parse(cls, text: str) -> "FocalLength":
        match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(px|mm)?", text.strip())
        if not match or not float(match[1]) > 0:
            raise InputError(f"a focal length must be a positive number of pixels or NUMBERmm, got '{text}'")
        return cls(float(match[1]), match[2] or "px")

    def px(self, width: int, film_back_mm: float) -> float:
        """In pixels of a picture so wide."""
        return self.value if self.unit == "px" else self.value / film_back_mm * width

    def __str__(self) -> str:
        return f"{self.value:g}{self.unit}"
