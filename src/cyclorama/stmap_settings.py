"""How an STMap is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cyclorama.core.errors import InputError


@dataclass(frozen=True)
class StmapArgument:
    """``MAP.exr``, whose name says which way it goes, or ``undistort:MAP.exr`` or ``distort:MAP.exr``."""

    file: Path
    direction: Literal["undistort", "distort"]

    @classmethod
    def parse(cls, text: str) -> "StmapArgument":
        way, colon, name = text.partition(":")
        if colon and name and way in ("undistort", "distort"):
            return cls(Path(name), "undistort" if way == "undistort" else "distort")
        stem = Path(text).stem.lower()
        if "distort" not in stem:
            raise InputError(
                "an STMap must say which way it goes: undistort:MAP.exr makes the plate straight, distort:MAP.exr "
                f"bends straight pictures, got '{text}'"
            )
        return cls(Path(text), "undistort" if "undistort" in stem else "distort")

    def __str__(self) -> str:
        return f"{self.direction}:{self.file}"
