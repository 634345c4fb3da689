"""What a user can ask for that measures and changes nothing: a check of a finished shot, a look at a plate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclorama.settings import PLATE, SCREEN, STMAP, Option
from cyclorama.stmap_settings import StmapArgument


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """What a finished shot is held against."""

    finished: Annotated[Path, Option("The finished shot: a video, or a folder of numbered pictures.", argument=True)]
    camera: Annotated[Path | None, Option("The camera.json that the background should move with.")] = None
    stmap: Annotated[StmapArgument | None, STMAP] = None
    matte: Annotated[
        tuple[Path, ...],
        Option(
            "The actor's matte (a video or a folder, white is actor): what is not background; may be repeated.",
            shape="CLIP",
        ),
    ] = ()
    work: Annotated[
        Path | None, Option("A work folder of cyc replace: its camera.json and matte/ are taken where none is given.")
    ] = None
    output: Annotated[
        Path | None,
        Option("A folder for check.json and check.svg, in place of the work folder.", ("--output", "-o"), "DIR"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class InspectSettings:
    """What is looked at."""

    plate: Annotated[Path, PLATE]
    screen: Annotated[str | None, SCREEN] = None
