"""What may be asked of an engine of generation."""

from dataclasses import dataclass
from pathlib import Path

OFFLOADS = ("auto", "none", "blocks")


@dataclass(frozen=True)
class EngineOptions:
    """The geometry engine needs none of it."""

    weights: Path | None = None
    """Folder of a trained model."""
    prompt: str = ""
    """Plain words, or the structured prompt as JSON."""
    seed: int = 0
    steps: int | None = None
    """Sampling steps; None: the model's own."""
    guidance: float = 1.0
    projection: bool = True
    """The actor's fine detail comes from the plate at every late step."""
    offload: str = "auto"
    """Whether the model's blocks wait in the machine's memory: ``auto``, ``none`` or ``blocks``."""
    paint_scale: float = 1.0
    """Sides of the picture that the model works on, over those of its recipe."""
    new_look: Path | None = None
    """A matte of what keeps its geometry and gets a new look."""
