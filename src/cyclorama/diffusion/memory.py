"""When memory is not enough, in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cyclorama.core.errors import MachineError

_ORDER = ("wan-14b", "wan-5b", "wan-1.3b", "mini", "nano")
_CPU_WORDS = "allocate memory"  # torch's CPU allocator has no error type of its own


@contextmanager
def memory_told(recipe: str) -> Iterator[None]:
    """Turns any way of running out of memory into a ``MachineError`` that names what to do."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not isinstance(error, (torch.OutOfMemoryError, MemoryError)) and _CPU_WORDS not in str(error):
            raise
        raise MachineError(f"memory is not enough for {recipe}: {smaller(recipe)}") from error


def smaller(recipe: str) -> str:
    """What to do when memory is not enough for a recipe."""
    place = _ORDER.index(recipe) if recipe in _ORDER else len(_ORDER)
    return f"the next smaller recipe is {_ORDER[place + 1]}" if place + 1 < len(_ORDER) else "take a smaller batch"
