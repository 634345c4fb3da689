"""``cyc batch``: many shots, several at once, each in a process of its own, so that none takes another down."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cyclorama.batch_page import batch_page
from cyclorama.batch_shots import BatchShot, read_shots
from cyclorama.core.errors import InputError, MachineError
from cyclorama.fingerprint import fingerprint_of
from cyclorama.folder import write_whole
from cyclorama.interrupt import Terminated
from cyclorama.media import is_pattern
from cyclorama.media.gate import writing
from cyclorama.media.safe import load_record, save_record, stamp
from cyclorama.memory import available_bytes, needed_bytes

_RECORDS = ".batch"
_KINDS = {1: "bug", 2: "input", 3: "machine", 4: "busy"}
_WORST = (1, 3, 4, 2)
"""Exit codes, the worst first."""
_LOOK_S = 0.1
_PATIENCE_S = 20.0
"""For shots that were told to stop."""


@dataclass(frozen=True)
class Ended:
    """How a shot went. ``facts``: of its report, where it was finished; ``sentence``: what went wrong, where not."""

    name: str
    output: str
    code: int
    sentence: str
    facts: dict[str, Any]
    skipped: bool = False

    @property
    def state(self) -> str:
        return "was done before" if self.skipped else "done" if self.code == 0 else "failed"


@dataclass(frozen=True)
class BatchReport:
    """Every shot, in the order that it was named; ``page``: where the summary is."""

    shots: tuple[Ended, ...]
    page: Path

    @property
    def failed(self) -> tuple[Ended, ...]:
        return tuple(shot for shot in self.shots if shot.code)

    @property
    def facts(self) -> dict[str, Any]:
        done = len(self.shots) - len(self.failed)
        shots = [{**asdict(s), "state": s.state} for s in self.shots]
        return {"done": done, "failed": len(self.failed), "page": str(self.page), "shots": shots}

    @property
    def remarks(self) -> tuple[str, ...]:
        return ()

    @property
    def verdict(self) -> tuple[str, str, int]:
        """Kind, sentence and exit code of a batch that has failures: those of the worst."""
        codes = {shot.code if shot.code in _KINDS else 1 for shot in self.failed}
        code = next(c for c in _WORST if c in codes)
        names = ", ".join(shot.name for shot in self.failed)
        words = f"{len(self.failed)} of {len(self.shots)} shots failed: {names}; see {self.page}, then run it again"
        return _KINDS[code], words, code

    def lines(self) -> Iterator[str]:
        for shot in self.shots:
            yield f"{shot.name}: {shot.state}{': ' + shot.sentence if shot.code else ', ' + shot.output}"
        yield f"summary: {self.page}"


def run_batch(
    path: Path, folder: Path | None, at_once: int | None, progress: Callable[[str, int, int], None]
) -> BatchReport:
    """Run what is not done; ``InputError`` or ``MachineError`` where the batch itself cannot be."""
    shots = read_shots(path)
    if at_once is not None and at_once < 1:
        raise InputError(f"--at-once must be 1 or more, got {at_once}")
    folder = (folder or (path if path.is_dir() else path.parent) / "finished").absolute()
    start = path if path.is_dir() else path.parent
    with writing(folder):
        (folder / _RECORDS).mkdir(parents=True, exist_ok=True)
    batch = _Batch(folder, start.absolute(), progress, len(shots))
    ended = {shot.name: done for shot in shots if (done := batch.done_before(shot)) is not None}
    batch.finish(len(ended))
    waiting = [shot for shot in shots if shot.name not in ended]
    ended |= batch.run(waiting, at_once or os.cpu_count() or 1)
    starved = [shot for shot in waiting if _is_starved(ended[shot.name])]
    ended |= batch.run(starved, 1)  # those that ran out of memory beside others, once more and alone
    report = BatchReport(tuple(ended[shot.name] for shot in shots), folder / "batch.html")
    write_whole(folder / "batch.json", json.dumps(report.facts, indent=1), folder)
    write_whole(report.page, batch_page(report.facts), folder)
    return report


def _is_starved(ended: Ended) -> bool:
    return ended.code < 0 or (ended.code == 3 and "memory" in ended.sentence)


class _Batch:
    def __init__(self, folder: Path, start: Path, progress: Callable[[str, int, int], None], total: int) -> None:
        self._folder, self._start = folder, start
        self._progress, self._total, self._finished = progress, total, 0

    def finish(self, count: int) -> None:
        self._finished += count
        self._progress("shots", self._finished, self._total)

    def done_before(self, shot: BatchShot) -> Ended | None:
        """How a shot ended that an earlier run finished; None when its output or what it was made from changed."""
        record = load_record(self._record(shot))
        made_from = self._made_from(shot)
        if not isinstance(record, dict) or record["made_from"] != made_from:
            return None
        output = shot.output(self._folder)
        facts, same = record["facts"], _found(output) == record["stamp"]
        return Ended(shot.name, str(output), 0, "", facts, True) if same else None

    def _record(self, shot: BatchShot) -> Path:
        return self._folder / _RECORDS / f"{shot.name}.json"

    def _made_from(self, shot: BatchShot) -> str:
        return fingerprint_of([*shot.words, shot.suffix], _files(shot, self._start))

    def run(self, shots: Sequence[BatchShot], at_once: int) -> dict[str, Ended]:
        """``at_once`` at the most, and no more than memory is there for; never less than one."""
        waiting, running, ended = list(shots), dict[str, _Running](), dict[str, Ended]()
        room = available_bytes()
        try:
            while waiting or running:
                used = sum(r.needs for r in running.values())
                if waiting and len(running) < at_once:
                    needs = needed_bytes(self._start / waiting[0].words[0])
                    if not running or used + needs <= room:
                        shot = waiting.pop(0)
                        ours = self._record(shot).is_file()
                        running[shot.name] = _Running(shot, self._start, self._folder, needs, overwrite=ours)
                        continue
                for name in [name for name, r in running.items() if r.process.poll() is not None]:
                    ended[name] = self._end(running.pop(name))
                    self.finish(1 if not _is_starved(ended[name]) or at_once == 1 else 0)
                time.sleep(_LOOK_S)
        except (KeyboardInterrupt, Terminated) as error:
            done = f"{self._finished} of {self._total} shots are done"
            error.add_note(f"{done}; run the same command again to go on")
            raise
        finally:
            _stop([r.process for r in running.values()])
        return ended

    def _end(self, run: "_Running") -> Ended:
        facts, sentence = run.told()
        code, output = run.process.returncode, run.shot.output(self._folder)
        if code < 0:
            sentence = f"it was killed ({signal.Signals(-code).name}), perhaps for want of memory"
        if code == 0:
            record = {"made_from": self._made_from(run.shot), "stamp": _found(output), "facts": facts}
            save_record(self._record(run.shot), record)
        return Ended(run.shot.name, str(output), code, sentence, facts)


class _Running:
    """A shot at work. ``needs``: bytes of memory; ``overwrite``: what has its name is of an earlier batch."""

    def __init__(self, shot: BatchShot, start: Path, folder: Path, needs: int, *, overwrite: bool) -> None:
        self.shot, self.needs = shot, needs
        self._log = folder / _RECORDS / f"{shot.name}.log"
        command = [sys.executable, "-m", "cyclorama", "replace", *shot.words]
        command += [f"--output={shot.output(folder)}", "--json", *(["--overwrite"] if overwrite else [])]
        try:
            with self._log.open("wb") as log:
                self.process = subprocess.Popen(
                    command, cwd=start, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise MachineError(f"{self._log}: the shot cannot be started ({error.strerror})") from None

    def told(self) -> tuple[dict[str, Any], str]:
        """Its report, and its error's sentence."""
        facts: dict[str, Any] = {}
        sentence = "it ended without a word"
        for line in self._log.read_text(errors="replace").splitlines():
            event = _event(line)
            if event.get("event") == "report":
                facts = {k: event.get(k) for k in ("frames", "size", "rate", "warnings", "assumed", "seconds")}
            elif event.get("event") == "error":
                sentence = str(event.get("message"))
        return facts, sentence


def _event(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + _PATIENCE_S
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _files(shot: BatchShot, start: Path) -> list[Path]:
    """What a shot's words name that is there."""
    values = [shot.words[0], *(word.partition("=")[2] for word in shot.words[1:])]
    parts = [part for v in values for part in (v, v.rpartition("@")[0], v.partition(":")[2]) if part]
    paths = [start / part for part in dict.fromkeys(parts)]
    return [path for path in paths if path.exists() or (is_pattern(path) and path.parent.is_dir())]


def _found(output: Path) -> list[list[Any]]:
    """Size and time of change of what lies under an output's name."""
    files = sorted(output.parent.glob("*" + output.suffix)) if "%" in output.name else [output]
    return [[p.name, *stamp(p)] for p in files if p.is_file()] or [["nothing", 0, 0]]
