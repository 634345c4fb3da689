"""Results of expensive stages, kept beside the job and used again while what they were made from is the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.media import Notes
from cyclorama.media.gate import writing
from cyclorama.media.notes import Note
from cyclorama.media.safe import Records, load_record, save_record
from cyclorama.packing import pack, unpack

Value = TypeVar("Value")


@dataclass(frozen=True)
class Stages:
    """``folder``: ``NAME.json`` says what a result is made of and from, ``NAME.npz`` holds its arrays."""

    folder: Path
    notes: Notes

    def __call__(self, name: str, made_from: str, make: Callable[[], Value]) -> Value:
        """The result of ``make``, which is called only where none of the same ``made_from`` is kept; what it noted is
        noted again. The result is the one that was kept, in every run, so that all runs go on from the same bits."""
        kept = self._kept(name, made_from)
        if kept is None:
            before = len(self.notes.all)
            value = make()
            self._keep(name, made_from, value, self.notes.all[before:])
            del value
            kept = self._kept(name, made_from)
            if kept is None:
                raise ValueError(f"a result that was kept must be there, {self.folder / name} is not")
        for note in kept[1]:
            self.notes.add(note.kind, note.text)
        return kept[0]

    def _kept(self, name: str, made_from: str) -> tuple[Any, tuple[Note, ...]] | None:
        found = load_record(self.folder / f"{name}.json")
        done = next(Records(self.folder, name).stretches(1), None)
        if done is None or not isinstance(found, dict) or found.get("made_from") != made_from:
            return None
        with np.load(self.folder / f"{name}.npz", allow_pickle=False) as arrays:
            return unpack(found["value"], arrays), unpack(found["notes"], {})

    def _keep(self, name: str, made_from: str, value: Any, said: tuple[Note, ...]) -> None:
        arrays: dict[str, Array] = {}
        tree = pack(value, arrays)
        data = self.folder / f"{name}.npz"
        with writing(data):
            self.folder.mkdir(exist_ok=True)
            np.savez(data, **arrays)  # type: ignore[arg-type]
        record = {"made_from": made_from, "notes": pack(said, {}), "value": tree}
        save_record(self.folder / f"{name}.json", record)
        Records(self.folder, name).add(0, 1, [data, self.folder / f"{name}.json"])
