"""What a user can ask of ``cyc camera``."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from cyclorama.core.errors import InputError
from cyclorama.option import Option
from cyclorama.stmap_settings import StmapArgument


@dataclass(frozen=True)
class PictureSize:
    """``WIDTHxHEIGHT`` in pixels."""

    hw: tuple[int, int]

    @classmethod
    def parse(cls, text: str) -> "PictureSize":
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
        if not match:
            raise InputError(f"a size must be WIDTHxHEIGHT in pixels, such as 1920x1080, got '{text}'")
        return cls((int(match[2]), int(match[1])))

    def __str__(self) -> str:
        return f"{self.hw[1]}x{self.hw[0]}"


_RATES_OF_FILM = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


@dataclass(frozen=True)
class FrameRate:
    """Frames a second as a number or a fraction; 23.976, 29.97 and 59.94 are 24000/1001 and its kin."""

    per_second: Fraction

    @classmethod
    def parse(cls, text: str) -> "FrameRate":
        if not re.fullmatch(r"\d+(?:\.\d+|/\d*[1-9]\d*)?", text) or not Fraction(text):
            raise InputError(f"a rate must be frames a second, such as 24 or 24000/1001, got '{text}'")
        return cls(_RATES_OF_FILM.get(text, Fraction(text)))

    def __str__(self) -> str:
        return str(self.per_second)


@dataclass(frozen=True, kw_only=True)
class CameraJobSettings:
    """Everything that decides a converted camera."""

    input: Annotated[
        Path,
        Option(
            "A camera: camera.json, transforms.json, .chan, .nk, .usda, .py, .txt or a COLMAP folder.", argument=True
        ),
    ]
    output: Annotated[
        Path,
        Option(
            "The camera's new file, by its name: NAME.json, transforms.json, NAME.chan, NAME.nk, NAME.usda, NAME.py "
            "(Blender), NAME.txt (After Effects), or a folder (COLMAP).",
            ("--output", "-o"),
        ),
    ]
    format: Annotated[
        str | None,
        Option(
            "The format, over that of the name: json, transforms, colmap, colmap-binary, chan, nuke, usd, blender or "
            "after-effects.",
            shape="NAME",
        ),
    ] = None
    first_frame: Annotated[
        int | None,
        Option("The first frame's number; else what is usual: 1 in Nuke, USD and Blender, 0 in the others."),
    ] = None
    film_back: Annotated[
        float | None, Option("The film back's width in millimetres, where the format holds one; else 36.", shape="MM")
    ] = None
    rate: Annotated[FrameRate | None, Option("Frames a second, where the input does not say them.", shape="RATE")] = (
        None
    )
    size: Annotated[
        PictureSize | None, Option("The picture's size, where the input does not say it.", shape="WIDTHxHEIGHT")
    ] = None
    stmap: Annotated[
        StmapArgument | None,
        Option(
            "An STMap of the lens, for an input that holds none: MAP.exr, undistort:MAP.exr or distort:MAP.exr.",
            shape="[WAY:]MAP",
        ),
    ] = None
    write_stmaps: Annotated[
        Path | None,
        Option("Put STMaps of the lens, undistort.exr and distort.exr, into this folder.", shape="DIR"),
    ] = None
    overwrite: Annotated[bool, Option("Replace an output that exists.")] = False

    @property
    def work(self) -> None:
        """A conversion keeps nothing else."""
        return None
