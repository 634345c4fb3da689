"""What can be asked of a training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclorama.core.errors import InputError
from cyclorama.option import Option


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """A recipe, where its run goes, and the few things that are changed from one run to the next."""

    output: Annotated[
        Path, Option("The run's folder; a run that stands there is gone on with.", ("--output", "-o"), "DIR")
    ]
    recipe: Annotated[str, Option("nano, mini, wan-1.3b, wan-5b or wan-14b.")] = "mini"
    data: Annotated[
        Path | None,
        Option("A folder of cases (truth.mp4 or truth/, alpha/, refs/, meta.json); else made-up shots.", shape="DIR"),
    ] = None
    shots: Annotated[
        Path | None, Option("Where shots are kept at the training's size; else shots/ of the run.", shape="DIR")
    ] = None
    weights: Annotated[str | None, Option("Another hub id or folder of Wan weights.")] = None
    change: Annotated[
        tuple[str, ...],
        Option("A field of the recipe: model.width=128, train.steps=500; may be repeated.", shape="FIELD=VALUE"),
    ] = ()
    unseen: Annotated[int, Option("Made-up shots, never trained on, that the run is judged on.")] = 64

    def __post_init__(self) -> None:
        if self.unseen < 1:
            raise InputError(f"--unseen must be 1 or more, got {self.unseen}")
