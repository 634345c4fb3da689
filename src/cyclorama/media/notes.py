"""What was assumed or chosen while reading and writing, for the report."""

from dataclasses import dataclass
from typing import Literal

NoteKind = Literal["input", "colour", "geometry", "time", "sound", "output", "light", "film"]


@dataclass(frozen=True)
class Note:
    """One plain sentence and what it is about."""

    kind: NoteKind
    text: str


class Notes:
    """An append-only list of sentences; the same sentence is kept once."""

    def __init__(self) -> None:
        self._notes: list[Note] = []

    def add(self, kind: NoteKind, text: str) -> None:
        note = Note(kind, text)
        if note not in self._notes:
            self._notes.append(note)

    @property
    def all(self) -> tuple[Note, ...]:
        return tuple(self._notes)

    def texts(self, kind: NoteKind | None = None) -> tuple[str, ...]:
        """The sentences, of one kind or of all, in the order they came."""
        return tuple(note.text for note in self._notes if kind in (None, note.kind))
