"""What a user can ask of ``cyc light``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclorama.camera_words import FocalLength
from cyclorama.depth_words import DepthSettings
from cyclorama.film_words import FilmSettings
from cyclorama.light_words import LightSettings
from cyclorama.media_settings import PlateSettings
from cyclorama.option import Option
from cyclorama.reference_words import LookAt, ReferenceArgument
from cyclorama.settings import FOCAL, PLATE, KeySettings, Settings


@dataclass(frozen=True, kw_only=True)
class LightJobSettings:
    """Everything that decides what is read of light, lens and film."""

    plate: Annotated[Path, PLATE]
    output: Annotated[
        Path, Option("A folder for lighting.json, film.json and light.png.", ("--output", "-o"), shape="DIR")
    ]
    reference: Annotated[
        tuple[ReferenceArgument, ...],
        Option("A picture of the place, a clip or a panorama, as cyc replace takes it.", shape="[WORD:]FILE[@TIME]"),
    ]
    look_at: Annotated[LookAt | None, Option("Where in a panorama the camera looks at first.", shape="YAW[,PITCH]")] = (
        None
    )
    read: PlateSettings = field(default_factory=PlateSettings)
    key: KeySettings = field(default_factory=KeySettings)
    depths: DepthSettings = field(default_factory=DepthSettings)
    camera: Annotated[Path | None, Option("A camera file that cyc camera reads, in place of a solve.")] = None
    focal: Annotated[FocalLength | None, FOCAL] = None
    actor_height: Annotated[float | None, Option("The actor's height, for true scale.", shape="METRES")] = None
    light: LightSettings = field(default_factory=LightSettings)
    film: FilmSettings = field(default_factory=FilmSettings)
    overwrite: Annotated[bool, Option("Replace files that exist.")] = False

    @property
    def shot(self) -> Settings:
        """The shot that this looks at before it is made."""
        return Settings(
            plate=self.plate,
            output=self.output / "light",
            reference=self.reference,
            look_at=self.look_at,
            read=self.read,
            key=self.key,
            depths=self.depths,
            camera=self.camera,
            focal=self.focal,
            actor_height=self.actor_height,
            light=self.light,
            film=self.film,
            overwrite=self.overwrite,
        )
