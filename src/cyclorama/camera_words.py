"""What a user can say of the camera and of the actor before it."""

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
