"""How depth pictures of the place, and a model that guesses depth, are asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclorama.core.depth_sense import DepthSense
from cyclorama.core.errors import InputError
from cyclorama.option import Option
from cyclorama.path_words import file_named

_SENSES: dict[str, DepthSense] = {"metric": "metric", "depth": "depth", "inverse": "inverse"}


@dataclass(frozen=True)
class DepthArgument:
    """``FILE``, or ``metric:FILE`` (metres along the optical axis), ``depth:FILE`` (larger is farther) or
    ``inverse:FILE`` (larger is nearer)."""

    file: Path
    sense: DepthSense | None

    @classmethod
    def parse(cls, text: str) -> "DepthArgument":
        word, colon, name = text.partition(":")
        if colon and word in _SENSES:
            if not name:
                raise InputError(f"a depth picture must be a file, or {word}:FILE, got '{text}'")
            return cls(file_named(name), _SENSES[word])
        return cls(file_named(text), None)

    def __str__(self) -> str:
        return str(self.file) if self.sense is None else f"{self.sense}:{self.file}"


@dataclass(frozen=True, kw_only=True)
class DepthSettings:
    """What tells how far things in the pictures of the place are."""

    depth: Annotated[
        tuple[DepthArgument, ...],
        Option(
            "How far everything in a --reference is, one for each in the order given: .npy, .npz, EXR, PFM, PNG or "
            "TIFF. metric:FILE is in metres, in depth:FILE larger is farther, in inverse:FILE nearer.",
            shape="[SENSE:]FILE",
        ),
    ] = ()
    depth_model: Annotated[
        str | None,
        Option(
            "A model that guesses the depth of the references that come without: a folder that transformers saved, or "
            "OWNER/NAME of a hub.",
            shape="MODEL",
        ),
    ] = None
    depth_device: Annotated[str, Option("Where the --depth-model runs: cpu or cuda.")] = "cpu"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that are read."""
        return tuple(d.file for d in self.depth)
