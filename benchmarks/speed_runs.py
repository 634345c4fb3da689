"""Runs the measured processes, each with a CPU clock and a peak memory of its own, and F around it."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speed_setup import FRAMES_OF, NUM_FRAMES, PLATE

_CHILD = Path(__file__).with_name("speed_child.py")
_ANALYSIS_STAGES = ("references", "key", "camera", "place", "light")
_FRAME_STAGES = {"replace": ("render", "check"), "key": ("key", "check")}


@dataclass(frozen=True)
class Run:
    """One ``cyc replace`` or ``cyc key``: CPU seconds in all and by stage, peak memory, what the report and the file
    say."""

    command: str
    cpu_s: float
    peak_mb: float
    stages: dict[str, float]
    facts: dict[str, Any]
    held: dict[str, float]
    wanted: int
    """Frames that the file must hold."""
    floor_s: float
    """F around this run: other work on the machine makes every CPU second dearer, and both alike."""

    @property
    def analysis(self) -> dict[str, float]:
        """CPU seconds of every stage before the frames of ``cyc replace``."""
        return {s: self.stages.get(s, 0.0) for s in _ANALYSIS_STAGES}

    @property
    def frames_s(self) -> float:
        """CPU seconds of everything after the analysis: draw, encode, finish, check."""
        return sum(self.stages.get(s, 0.0) for s in _FRAME_STAGES[self.command])

    @property
    def frame_s(self) -> float:
        """The same, a frame."""
        return self.frames_s / self.held["frames"]


@dataclass(frozen=True)
class KeyCost:
    """The key without an encoder, several times over. Seconds of CPU, a frame but for ``analyse_s``; ``floors_s``: F of
    the same plate around each time."""

    analyse_s: tuple[float, ...]
    decode_s: tuple[float, ...]
    frame_s: tuple[float, ...]
    floors_s: tuple[float, ...]

    @property
    def in_floors(self) -> list[float]:
        """Decoding and keying in F, the least first."""
        return sorted(s / f for s, f in zip(self.frame_s, self.floors_s))

    @property
    def median_floor_s(self) -> float:
        return statistics.median(self.floors_s)


@dataclass
class Bench:
    """``floors``: by plate, every F that was taken, as ``measure`` gives it, in order."""

    folder: Path
    floors: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def child(self, *words: str) -> tuple[str, float, float]:
        """Runs a measured process: what it printed, its CPU seconds and its peak memory (MB), children included."""
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen([sys.executable, str(_CHILD), *words], stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read()
        if process.returncode:
            raise SystemExit(f"{' '.join(words)}: ended with {process.returncode}\n{text[-2000:]}")
        return text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def ask(self, what: str, *words: str | Path) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.child(what, *map(str, words))[0].splitlines()[-1])
        return answer

    def floor(self, plate: str = PLATE) -> float:
        """F of a plate now."""
        taken = self.ask("floor", self.folder / plate)
        self.floors.setdefault(plate, []).append(taken)
        return float(taken["s_per_frame"])

    def last_floor(self, plate: str = PLATE) -> float:
        """F of a plate as it was taken last; taken now where it never was."""
        taken = self.floors.get(plate)
        return taken[-1]["s_per_frame"] if taken else self.floor(plate)

    def replace(self, plate: str, references: int, frames: str | None = None, extra: tuple[str, ...] = ()) -> Run:
        """``cyc replace`` with one reference or three."""
        middle, last = NUM_FRAMES // 2, NUM_FRAMES - 1
        words = list(extra)
        for frame in (0, middle, last) if references == 3 else (middle,):
            words += ["--reference", f"{self.folder / f'place{frame}.png'}@{frame}"]
        return self._cyc("replace", plate, "shot.mp4", words, frames)

    def key(self, plate: str, frames: str | None = None) -> Run:
        """``cyc key`` to ProRes 4444."""
        return self._cyc("key", plate, "actor.mov", [], frames)

    def _cyc(self, command: str, plate: str, output: str, words: list[str], frames: str | None) -> Run:
        begin, before = time.perf_counter(), self.last_floor()
        out, record = self.folder / output, self.folder / "record.json"
        words += ["--overwrite", "--json", *([] if frames is None else ["--frames", frames])]
        text, cpu_s, peak_mb = self.child("cyc", str(record), command, str(self.folder / plate), "-o", str(out), *words)
        facts = next(e for e in map(json.loads, text.splitlines()) if e.get("event") == "report")
        held = self.ask("measure", out)
        wanted = FRAMES_OF[plate] if frames is None else int(frames.partition(":")[2])
        out.unlink()
        floor_s = (before + self.floor()) / 2
        stages = json.loads(record.read_text())["stages"]
        name = f"{command} {plate} {frames or 'whole'}, references: {words.count('--reference')}"
        say(f"{name}: {cpu_s:.1f} CPU-s", floor_s, begin)
        return Run(command, cpu_s, peak_mb, stages, facts, held, wanted, floor_s)

    def key_cost(self, plate: str, times: int) -> KeyCost:
        """The key of a plate without an encoder, against F of the same plate."""
        taken, floors = [], []
        before = self.floor(plate)
        for _ in range(times):
            begin = time.perf_counter()
            taken.append(self.ask("key", self.folder / plate))
            after = self.floor(plate)
            floors.append((before + after) / 2)
            before = after
            say(f"the key of {plate}: {1000 * taken[-1]['s_per_frame']:.1f} ms a frame", floors[-1], begin)
        analyse_s, decode_s, frame_s = (
            tuple(t[name] for t in taken) for name in ("analyse_s", "decode_s", "s_per_frame")
        )
        return KeyCost(analyse_s, decode_s, frame_s, tuple(floors))


@dataclass
class Measured:
    """All that was measured. ``shots``: ``cyc replace`` by its number of references and "all", "prefix" (the first
    frames alone) or "long"; ``keyed``: ``cyc key``, "all" or "long"; ``keys``: by plate."""

    bench: Bench
    plate: dict[str, float]
    shots: dict[tuple[int, str], Run]
    keyed: dict[str, Run]
    keys: dict[str, KeyCost]
    import_s: float
    import_mb: float
    chain: dict[str, float]
    """FFmpeg's own key, despill and overlay."""
    through: dict[str, float]
    """Our reader and writer alone."""
    near_s: float
    """F around these two."""


def say(text: str, floor_s: float, begin: float) -> None:
    """What has just ended, on the error stream; ``begin``: of ``perf_counter``."""
    words = f"{text}, F {1000 * floor_s:.1f} ms ({time.perf_counter() - begin:.0f} s)"
    print(words, file=sys.stderr, flush=True)
