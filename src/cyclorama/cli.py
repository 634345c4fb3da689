"""The command ``cyc``."""

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer
from typer.exceptions import TyperException

from cyclorama import __version__
from cyclorama.camera_settings import CameraJobSettings
from cyclorama.check_settings import CheckSettings, InspectSettings
from cyclorama.core.errors import CycloramaError
from cyclorama.interrupt import Terminated, stoppable
from cyclorama.options import command_of
from cyclorama.settings import KeyJobSettings, Settings
from cyclorama.solve_settings import SolveSettings
from cyclorama.train_command import add_train

if TYPE_CHECKING:
    from cyclorama.checkjob import CheckReport
    from cyclorama.doctor import Diagnosis
    from cyclorama.inspectjob import Inspection
    from cyclorama.report import Report

_Progress = Callable[[str, int, int], None]
_STOPPED = "stopped; nothing was written, run the same command to start again"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

_REPLACE = """
Put another place behind the actor of PLATE.

\b
  cyc replace actor.mp4 --reference begin.jpg@0 --reference middle.jpg@50% --reference end.jpg@100% -o shot.mp4
  cyc replace actor.mp4 --reference beach.jpg -o shot.mp4
  cyc replace footage.mp4 --matte matte/ --reference street.jpg -o shot/%04d.png
"""
_KEY = """
Take the actor off the green or blue screen of PLATE.

\b
  cyc key plate.mp4 -o actor.mov --sheet sheets/
  cyc key plate.mp4 -o actor/%04d.exr
  cyc key plate.mp4 -o matte/%04d.png --only-matte
"""
_CAMERA = """
Write the camera INPUT for another program.

\b
  cyc camera work/camera.json -o camera.nk --film-back 24.89 --first-frame 1001
  cyc camera solve.chan -o camera.usda --size 1920x1080 --rate 24
  cyc camera sparse/0 -o camera.json --rate 25
"""
_SOLVE = """
Solve the camera of PLATE from its markers, its screen's texture or the background of ordinary footage.

\b
  cyc solve plate.mp4 -o camera.nk --work work/
  cyc solve plate.mp4 -o camera.usda --focal 35mm --film-back 24.89 --actor-height 1.78
  cyc solve footage.mp4 --matte matte/ -o sparse/
"""
_CHECK = """
Measure how far the background of FINISHED slips against a camera. It ends with 0 whatever it finds.

\b
  cyc check shot.mp4 --work work/
  cyc check shot.mp4 --camera camera.json --matte matte/ -o proof/
"""
_INSPECT = """
Look at PLATE before the work: what it is, what trouble to expect, what would help.

\b
  cyc inspect plate.mp4
  cyc inspect plate.mp4 --json
"""
_DOCTOR = """
Look at this machine: versions, codecs, memory, optional parts and how to get them.

\b
  cyc doctor
  cyc doctor --json
"""


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Cinematic video background replacement: a plate and pictures of a place in, a finished shot out."""
    if version:
        typer.echo(f"cyc {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


_Json = Annotated[bool, typer.Option("--json", help="Print progress and the report as JSON lines.")]
_Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class _Report(Protocol):
    """What the reports of every command tell this page."""

    @property
    def facts(self) -> dict[str, Any]: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...


_Reported = TypeVar("_Reported", bound=_Report)


def replace(settings: Settings, as_json: _Json = False, debug: _Debug = False) -> None:
    def job(progress: _Progress) -> "Report":
        from cyclorama.project import replace_background

        return replace_background(settings, progress)

    _run(job, lambda report: _say_written(settings, report), as_json=as_json, debug=debug)


def key(settings: KeyJobSettings, as_json: _Json = False, debug: _Debug = False) -> None:
    def job(progress: _Progress) -> "Report":
        from cyclorama.keyjob import key_plate

        return key_plate(settings, progress)

    _run(job, lambda report: _say_written(settings, report), as_json=as_json, debug=debug)


def check(settings: CheckSettings, as_json: _Json = False, debug: _Debug = False) -> None:
    def job(progress: _Progress) -> "CheckReport":
        from cyclorama.checkjob import check_shot

        return check_shot(settings, progress)

    def say(report: "CheckReport") -> None:
        print(f"{settings.finished}: {report.check.sentence()}")

    _run(job, say, as_json=as_json, debug=debug)


def camera(settings: CameraJobSettings, as_json: _Json = False, debug: _Debug = False) -> None:
    def job(progress: _Progress) -> "Report":
        from cyclorama.camerajob import convert_camera

        return convert_camera(settings, progress)

    _run(job, lambda report: _say_written(settings, report), as_json=as_json, debug=debug)


def solve(settings: SolveSettings, as_json: _Json = False, debug: _Debug = False) -> None:
    def job(progress: _Progress) -> "Report":
        from cyclorama.solvejob import solve_plate

        return solve_plate(settings, progress)

    def say(report: "Report") -> None:
        print(_camera_sentence(report.facts["camera"]))
        _say_written(settings, report)

    _run(job, say, as_json=as_json, debug=debug)


def inspect(settings: InspectSettings, as_json: _Json = False, debug: _Debug = False) -> None:
    def job(progress: _Progress) -> "Inspection":
        from cyclorama.inspectjob import inspect_plate

        return inspect_plate(settings, progress)

    _run(job, lambda report: print("\n".join(report.lines())), as_json=as_json, debug=debug)


@app.command(help=_DOCTOR)
def doctor(as_json: _Json = False, debug: _Debug = False) -> None:
    found: list[Diagnosis] = []

    def job(_: _Progress) -> "Diagnosis":
        from cyclorama.doctor import examine

        found.append(examine())
        return found[0]

    _run(job, lambda report: print("\n".join(report.lines())), as_json=as_json, debug=debug)
    if found[0].broken:
        _fail("machine", found[0].verdict, 3, as_json)


app.command(help=_REPLACE)(command_of(Settings, replace))
app.command(help=_KEY)(command_of(KeyJobSettings, key))
app.command(help=_CAMERA)(command_of(CameraJobSettings, camera))
app.command(help=_SOLVE)(command_of(SolveSettings, solve))
app.command(help=_CHECK)(command_of(CheckSettings, check))
app.command(help=_INSPECT)(command_of(InspectSettings, inspect))


def _say_written(settings: Settings | KeyJobSettings | CameraJobSettings | SolveSettings, report: "Report") -> None:
    print(f"{settings.output}: {report.facts['frames']} frames in {sum(report.facts['seconds'].values()):.1f} s")
    if settings.work is not None:
        print(f"report: {settings.work / 'report.html'}")


def _camera_sentence(camera: dict[str, Any]) -> str:
    """A camera in one line."""
    words = [f"from the {camera['source']}", f"{camera['focal_mm']:.1f} mm ({camera['focal_px']:.0f} px)"]
    if "model" in camera:
        words[0] = f"{camera['model']} {words[0]}"
        words.append(f"error {camera['error_median_px']:.2f} px (95 %: {camera['error_95_px']:.2f})")
        words.append(f"{camera['tracks']} tracks")
    return f"camera: {', '.join(words)}"


def _work(job: Callable[[_Progress], _Reported], say: Callable[[_Reported], None], as_json: bool) -> None:
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
        print(f"note: {text}", file=sys.stderr)
    say(report)


def _run(
    job: Callable[[_Progress], _Reported], say: Callable[[_Reported], None], *, as_json: bool, debug: bool
) -> None:
    """Runs a job and turns what goes wrong into one sentence and an exit code."""
    try:
        _work(job, say, as_json)
    except CycloramaError as error:
        if debug:
            raise
        _fail(error.kind, str(error), error.exit_code, as_json)
    except KeyboardInterrupt:
        _fail("interrupted", _STOPPED, 130, as_json)
    except Terminated:
        _fail("interrupted", _STOPPED, 143, as_json)
    except MemoryError:
        _fail("machine", "this machine has too little memory for the shot; try a smaller plate", 3, as_json)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  the reader of our words went away; the work is done
    except Exception as error:
        if debug:
            raise
        text = f"{type(error).__name__}: {error}; this is our bug: run again with --debug and report it"
        _fail("bug", text, 1, as_json)


def _fail(kind: str, text: str, code: int, as_json: bool) -> None:
    sentence = " ".join(text.split())
    if as_json:
        print(json.dumps({"event": "error", "kind": kind, "message": sentence, "exit_code": code}), flush=True)
    print(f"error[{kind}]: {sentence}", file=sys.stderr)
    raise SystemExit(code)


add_train(app, _run, (_Json, _Debug))


def main() -> None:
    # The matrices are small: a second thread of the linear algebra only spins, and takes a core from the codec.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(standalone_mode=False)
    except TyperException as error:
        words = error.format_message() if hasattr(error, "format_message") else str(error)
        context = getattr(error, "ctx", None)
        _fail("input", f"{words} See {context.command_path if context else 'cyc'} --help.", 2, as_json=False)
    except typer.Abort:
        _fail("interrupted", _STOPPED, 130, False)
