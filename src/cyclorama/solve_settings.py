"""What a user can ask of ``cyc solve``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclorama.camera_words import FocalLength
from cyclorama.media_settings import PlateSettings
from cyclorama.option import Option
from cyclorama.reference_words import ReferenceArgument
from cyclorama.settings import FOCAL, ZOOM, KeySettings

_HEIGHT = "METRES"


@dataclass(frozen=True, kw_only=True)
class SolveSettings:
    """Everything that decides a solved camera."""

    plate: Annotated[Path, Option("The plate: a video, or a folder of numbered pictures.", argument=True)]
    output: Annotated[
        Path,
        Option(
            "The camera, by its name: NAME.json, transforms.json, NAME.chan, NAME.nk, NAME.usda, NAME.py (Blender), "
            "NAME.txt (After Effects), or a folder (COLMAP).",
            ("--output", "-o"),
        ),
    ]
    read: PlateSettings = field(default_factory=PlateSettings)
    key: KeySettings = field(default_factory=KeySettings)
    focal: Annotated[FocalLength | None, FOCAL] = None
    zoom: Annotated[bool | None, ZOOM] = None
    reference: Annotated[
        tuple[ReferenceArgument, ...],
        Option(
            "A picture of the place as PICTURE@TIME, for a screen that shows too little; two or more are needed.",
            shape="PICTURE[@TIME]",
        ),
    ] = ()
    actor_height: Annotated[
        float | None, Option("The actor's height: makes the camera's unit a metre.", shape=_HEIGHT)
    ] = None
    camera_height: Annotated[
        float | None, Option("The camera's height over the floor at the first frame, for the same.", shape=_HEIGHT)
    ] = None
    film_back: Annotated[float | None, Option("The film back's width in millimetres; else 36.", shape="MM")] = None
    format: Annotated[str | None, Option("The format, over that of the name; those of cyc camera.", shape="NAME")] = (
        None
    )
    first_frame: Annotated[
        int | None,
        Option("The first frame's number; else what is usual: 1 in Nuke, USD and Blender, 0 in the others."),
    ] = None
    work: Annotated[Path | None, Option("Keep the camera, the report and the tracks in this folder.")] = None
    overwrite: Annotated[bool, Option("Replace an output that exists.")] = False

    @property
    def frames(self) -> None:
        """A camera is solved for the whole plate."""
        return None

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that are read."""
        return (self.plate, *self.key.inputs, *(r.picture for r in self.reference))
