"""What was seen of the frames while they were made, kept beside them: a run that goes on reports the whole shot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.folder import TOLD
from cyclorama.media.gate import writing
from cyclorama.media.output import Move
from cyclorama.media.safe import Records


class Memory(Protocol):
    """What a job knows of every frame that it made."""

    def told(self, frames: range) -> dict[str, Array]:
        """Of these frames of the plate."""
        ...

    def recall(self, frames: range, told: Mapping[str, Array]) -> None:
        """Know them again."""
        ...


class Told:
    """A ``ClipWriter`` of nothing but memories: ``told-000000.npz`` in the job folder, one a seal. ``frames``: of the
    plate that are worked on."""

    def __init__(self, folder: Path, frames: range, memories: Mapping[str, Memory]) -> None:
        self._folder, self._frames, self._memories = folder, frames, memories
        self._records = Records(folder, TOLD)
        self._sealed = self._next = 0

    def found(self, limit: int) -> int:
        return max((stop for _, stop in self._records.stretches(limit)), default=0)

    def take(self, count: int) -> None:
        done = list(self._records.stretches(count))
        keep = {path for start, _ in done for path in self._records.files(start)}
        for path in set(self._folder.glob(f"{TOLD}-*")) - keep:
            path.unlink()
        for start, stop in done:
            with np.load(self._path(start), allow_pickle=False) as arrays:
                found = dict(arrays)
            for name, memory in self._memories.items():
                own = {k.removeprefix(f"{name}:"): v for k, v in found.items() if k.startswith(f"{name}:")}
                memory.recall(self._frames[start:stop], own)
        self._sealed = self._next = count

    def write(self, index: int, _: Any, /) -> None:
        self._next = index + 1

    def seal(self) -> None:
        if self._next == self._sealed:
            return
        frames, path = self._frames[self._sealed : self._next], self._path(self._sealed)
        told = {f"{name}:{k}": v for name, m in self._memories.items() for k, v in m.told(frames).items()}
        with writing(path):
            np.savez(path, **told)  # type: ignore[arg-type]
        self._records.add(self._sealed, self._next, [path])
        self._sealed = self._next

    def _path(self, start: int) -> Path:
        return self._folder / f"{TOLD}-{start:06d}.npz"

    def close(self) -> None:
        return None

    def moves(self) -> tuple[Move, ...]:
        return ()

    def publish(self, *, overwrite: bool) -> None:  # noqa: ARG002  there is nothing to publish
        return None

    def drop(self) -> None:
        return None

    def abort(self) -> None:
        for path in self._folder.glob(f"{TOLD}-*"):
            path.unlink()
