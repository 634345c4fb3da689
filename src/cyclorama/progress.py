"""How far a run is, for people and for machines."""

import json
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class TerminalProgress:
    """A bar a stage, with the time left; plain lines when no terminal is watching."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        if self._bars.disable:
            print("working ...", file=sys.stderr, flush=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def update(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
            if self._bars.disable:
                print(f"{stage} ...", file=sys.stderr, flush=True)
        self._bars.update(self._tasks[stage], completed=done)


class JsonProgress:
    """One JSON object a line on stdout, at most five a second: ``{"event": "progress", "stage", "done", "total",
    "seconds_left"}``."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._said = 0.0

    def __enter__(self) -> Self:
        print(json.dumps({"event": "start"}), flush=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def update(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun = self._begun.setdefault(stage, now)
        if now - self._said < 0.2 and done < total:
            return
        self._said = now
        left = (now - begun) / done * (total - done) if done else None
        facts = {"stage": stage, "done": done, "total": total, "seconds_left": None if left is None else round(left, 1)}
        print(json.dumps({"event": "progress", **facts}), flush=True)
