"""What may be asked of an engine of generation."""

from dataclasses import dataclass
from pathlib import Path


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
