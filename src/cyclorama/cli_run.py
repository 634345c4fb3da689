"""How every command runs its job and says how it ended."""

import errno
import json
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar

import typer

from cyclorama.core.errors import CycloramaError
from cyclorama.interrupt import Terminated, stoppable

Progress = Callable[[str, int, int], None]
STOPPED = "stopped"
NOTHING = "nothing was written, run the same command to start again"
Json = Annotated[bool, typer.Option("--json", help="Print progress and the report as JSON lines.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class _Report(Protocol):
    """What the reports of every command tell."""

    @property
    def facts(self) -> dict[str, Any]: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...


_Reported = TypeVar("_Reported", bound=_Report)


def _work(job: Callable[[Progress], _Reported], say: Callable[[_Reported], None], as_json: bool) -> None:
    """Runs a job and says what it did: ``say``, in words for a person."""
    from cyclorama.progress import JsonProgress, TerminalProgress

    with (JsonProgress if as_json else TerminalProgress)() as progress, stoppable() as heed:

        def update(stage: str, done: int, total: int) -> None:
            heed()
            progress.update(stage, done, total)

        report = job(update)
    if as_json:
        print(json.dumps({"event": "report", **report.facts}), flush=True)
        return
    for text in report.remarks:
        print(f"note: {' '.join(text.split())}", file=sys.stderr)
    say(report)


def run(job: Callable[[Progress], _Reported], say: Callable[[_Reported], None], *, as_json: bool, debug: bool) -> None:
    """Runs a job and turns what goes wrong into one sentence and an exit code."""
    try:
        _work(job, say, as_json)
    except CycloramaError as error:
        if debug:
            raise
        fail(error.kind, "; ".join([str(error), *_how_to_go_on(error)]), error.exit_code, as_json)
    except (KeyboardInterrupt, Terminated) as error:
        words = "; ".join([STOPPED, *(_how_to_go_on(error) or [NOTHING])])
        fail("interrupted", words, 143 if isinstance(error, Terminated) else 130, as_json)
    except MemoryError as error:
        words = "; ".join(["this machine has too little memory for the shot", *_how_to_go_on(error)])
        fail("machine", f"{words}; try a smaller plate", 3, as_json)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  the reader of our words went away; the work is done
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            name = "" if error.filename is None else f"{error.filename}: "
            fail("input", f"{name}a name here is too long for this disk; choose a shorter one", 2, as_json)
        text = f"{type(error).__name__}: {error}; this is our bug: run again with --debug and report it"
        fail("bug", text, 1, as_json)


def _how_to_go_on(error: BaseException) -> list[str]:
    """What the job folder said of what is done."""
    return getattr(error, "__notes__", [])


def fail(kind: str, text: str, code: int, as_json: bool) -> None:
    sentence = " ".join(text.split())
    if as_json:
        print(json.dumps({"event": "error", "kind": kind, "message": sentence, "exit_code": code}), flush=True)
    print(f"error[{kind}]: {sentence}", file=sys.stderr)
    raise SystemExit(code)
