"""Memory that a run shares with a process that reads files for it: large answers lie there and are not sent."""

import fcntl
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence

_ALIGNED = 64
"""Bytes, of the start of everything that lies there."""
_SEALS = ("F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_SEAL")


class Shelf:
    """``file`` is a descriptor that another process can map too; ``memory`` all of it."""

    def __init__(self, file: int) -> None:
        self.file, self.memory = file, mmap.mmap(file, 0)

    def put(self, start: int, size: int, buffers: Sequence[memoryview]) -> bool:
        """Lay them down from ``start`` on; False where they need more than ``size`` bytes."""
        *places, end = places_of(len(buffer) for buffer in buffers)
        if end > size or start + end > len(self.memory):
            return False
        with memoryview(self.memory) as memory:
            for place, buffer in zip(places, buffers):
                memory[start + place : start + place + len(buffer)] = buffer
        return True

    def close(self) -> None:
        """No other process can be given it any more; the memory stays as long as it is looked at."""
        os.close(self.file)


def new_shelf(num_bytes: int) -> Shelf | None:
    """One that nobody can make smaller, so that looking at it is safe; None where the system grants none.
    ``MemoryError`` where there is not even room for it among the addresses: libraries that cannot say so would be next.
    """
    if not hasattr(os, "memfd_create") or not all(hasattr(fcntl, seal) for seal in _SEALS):
        return None
    try:
        file = os.memfd_create("cyclorama", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    try:
        os.ftruncate(file, num_bytes)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:  # as where files may not be so large
        os.close(file)
        return None
    try:
        return Shelf(file)
    except OSError:
        os.close(file)
        raise MemoryError from None


def places_of(sizes: Iterable[int]) -> Iterator[int]:
    """Where things of these sizes begin, one after another, and where the last one ends."""
    place = 0
    for size in sizes:
        yield place
        place += -(-size // _ALIGNED) * _ALIGNED
    yield place
