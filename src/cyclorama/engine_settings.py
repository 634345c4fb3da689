"""What can be asked of the engine that draws a shot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclorama.core.errors import InputError
from cyclorama.core.generation import OFFLOADS, EngineOptions
from cyclorama.option import Option

_LARGEST_SCALE = 16
"""Of the model's picture: beyond it, a tile sees too little of the place to know what it is."""


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """The engine, and what an engine of generation needs besides."""

    engine: Annotated[str, Option("What draws the shot: geometry, or in-context (a trained model).")] = "geometry"
    model: Annotated[
        Path | None, Option("Folder of the model of --engine in-context, as cyc train makes it.", shape="DIR")
    ] = None
    prompt: Annotated[
        str | None, Option("What the model is told: plain words, or JSON with the eight keys of the prompt.")
    ] = None
    seed: Annotated[int, Option("Of the model's noise; the same seed gives the same shot.")] = 0
    sampling_steps: Annotated[int | None, Option("Steps of the model's sampler; else its recipe's.")] = None
    guidance: Annotated[float, Option("How much the prompt counts; 1 asks the model once a step.")] = 1.0
    projection: Annotated[
        bool,
        Option(
            "Whether the actor's fine detail comes from the plate at late steps.", ("--projection/--no-projection",)
        ),
    ] = True
    paint_scale: Annotated[
        float,
        Option("Sides of the picture that the model works on, over its recipe's; above 1 in tiles that overlap."),
    ] = 1.0
    new_look: Annotated[
        Path | None,
        Option("Matte (video or folder) of what keeps its geometry and gets a new look, such as green-painted props."),
    ] = None
    offload: Annotated[
        str,
        Option("Whether the model waits in the machine's memory, not the GPU's: auto (where it must), none, blocks."),
    ] = "auto"

    def __post_init__(self) -> None:
        if self.model is not None and self.engine == "geometry":
            raise InputError("--model belongs to --engine in-context; add it, or leave the model out")
        if self.seed < 0 or not 0 <= self.guidance < float("inf"):
            raise InputError(f"--seed and --guidance must be 0 or more, got {self.seed} and {self.guidance}")
        if not 1 <= self.paint_scale <= _LARGEST_SCALE:
            raise InputError(f"--paint-scale must be 1..{_LARGEST_SCALE}, got {self.paint_scale}")
        if self.offload not in OFFLOADS:
            raise InputError(f"--offload must be {', '.join(OFFLOADS)}, got {self.offload!r}")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that are read."""
        return tuple(path for path in (self.model, self.new_look) if path is not None)

    @property
    def options(self) -> EngineOptions:
        """For ``make_engine``."""
        return EngineOptions(
            self.model, self.prompt or "", self.seed, self.sampling_steps, self.guidance, self.projection,
            offload=self.offload, paint_scale=self.paint_scale, new_look=self.new_look,
        )  # fmt: skip
