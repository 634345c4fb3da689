"""Whether a model will fit, told before it starts."""

import os

from cyclorama.core.errors import MachineError
from cyclorama.diffusion.cost import cost_of
from cyclorama.diffusion.recipes import Recipe

_GB = 1e9


def require_memory(recipe: Recipe, available: float | None = None) -> tuple[str, ...]:
    """A sentence with the estimate of sampling's peak memory. ``available``: bytes; the machine's when None.

    ``MachineError`` when the estimate is more than that.
    """
    cost = cost_of(recipe, recipe.data.num_frames, recipe.data.hw)
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if available is None else available
    words = f"{recipe.name}: about {cost.infer_bytes / _GB:.1f} GB of memory for windows of {cost.tokens} tokens"
    if cost.infer_bytes > have:
        raise MachineError(
            f"{words}, and this machine has {have / _GB:.1f} GB; take a smaller recipe, or fewer frames a window"
        )
    return (words,)
