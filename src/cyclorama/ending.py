"""The end of a job: what it publishes is written down first, so that a run that is killed meanwhile is finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclorama.core.errors import MachineError
from cyclorama.folder import END, write_whole
from cyclorama.media.gate import writing
from cyclorama.media.output import Move, move_all
from cyclorama.media.safe import load_record, save_record, stamp
from cyclorama.report import Report

_PAGES = "pages"


@dataclass(frozen=True)
class _Pending:
    """A move, and what tells its file wherever it is: size, time of change and number on its disk."""

    move: Move
    stamp: tuple[int, int, int]

    @property
    def is_done(self) -> bool:
        """Whether the file has its name already."""
        return not self.move.temporary.exists() and self.move.final.exists() and _mark(self.move.final) == self.stamp

    @property
    def is_lost(self) -> bool:
        return not self.move.temporary.exists() and not self.is_done and not self.move.replaces


def end_job(
    folder: Path, moves: Sequence[Move], files: Mapping[Path, str | bytes], report: Report, *, overwrite: bool
) -> None:
    """Publish ``moves``, then ``files`` (by the names that they get, which may stand in for older ones).
    ``InputError`` where a name is taken that may not be."""
    pages = folder / _PAGES
    with writing(pages):
        pages.mkdir(exist_ok=True)
    every = list(moves)
    for number, (final, data) in enumerate(files.items()):
        write_whole(pages / f"{number}{final.suffix}", data, pages)
        every.append(Move(pages / f"{number}{final.suffix}", final, replaces=True))
    with writing(folder):
        listed = [[str(m.temporary), str(m.final.absolute()), m.replaces, _mark(m.temporary)] for m in every]
    save_record(folder / END, {"moves": listed, "facts": report.facts})
    move_all(every, overwrite=overwrite)


def ended_before(folder: Path, *, overwrite: bool) -> dict[str, Any] | None:
    """Publish what an earlier run of the job did not get to, and return the facts of its report; None when it did not
    come so far, or when what it had is gone."""
    found = load_record(folder / END)
    if not isinstance(found, dict):
        return None
    every = [_Pending(Move(Path(a), Path(b), replaces), tuple(stamp)) for a, b, replaces, stamp in found["moves"]]
    if any(p.is_lost for p in every):
        with writing(folder):
            (folder / END).unlink()
        return None
    waiting = [p.move for p in every if p.move.temporary.exists()]
    for move in [m for m in waiting if m.final.exists() and m.final.samefile(m.temporary)]:
        move.temporary.unlink()  # it had both its names when the run was killed
        waiting.remove(move)
    move_all(waiting, overwrite=overwrite)
    facts = found["facts"]
    if not isinstance(facts, dict):
        raise MachineError(f"{folder}: its record is damaged; remove the folder and run again")
    return facts


def _mark(path: Path) -> tuple[int, int, int]:
    size, changed = stamp(path)
    return size, changed, path.stat().st_ino
