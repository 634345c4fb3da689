"""The command ``cyc``."""

import io
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from cyclorama import __version__
from cyclorama.camera_settings import CameraJobSettings
from cyclorama.check_settings import CheckSettings, InspectSettings
from cyclorama.cli_batch import BATCH, JOBS, batch, jobs
from cyclorama.cli_run import NOTHING, STOPPED, Debug, Json, Progress, fail, run
from cyclorama.cli_train import TRAIN, train
from cyclorama.light_settings import LightJobSettings
from cyclorama.options import command_of
from cyclorama.settings import KeyJobSettings, Settings
from cyclorama.solve_settings import SolveSettings
from cyclorama.train_settings import TrainSettings

if TYPE_CHECKING:
    from cyclorama.checkjob import CheckReport
    from cyclorama.doctor import Diagnosis
    from cyclorama.inspectjob import Inspection
    from cyclorama.report import Report

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
_LIGHT = """
Read the light, the lens and the film of PLATE and place, and show them; the shot itself is not made.

\b
  cyc light plate.mp4 --reference street.jpg -o look/
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


def replace(settings: Settings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "Report":
        from cyclorama.project import replace_background

        return replace_background(settings, progress)

    run(job, lambda report: _say_written(settings, report), as_json=as_json, debug=debug)


def key(settings: KeyJobSettings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "Report":
        from cyclorama.keyjob import key_plate

        return key_plate(settings, progress)

    run(job, lambda report: _say_written(settings, report), as_json=as_json, debug=debug)


def check(settings: CheckSettings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "CheckReport":
        from cyclorama.checkjob import check_shot

        return check_shot(settings, progress)

    def say(report: "CheckReport") -> None:
        print(f"{settings.finished}: {report.check.sentence()}")

    run(job, say, as_json=as_json, debug=debug)


def camera(settings: CameraJobSettings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "Report":
        from cyclorama.camerajob import convert_camera

        return convert_camera(settings, progress)

    run(job, lambda report: _say_written(settings, report), as_json=as_json, debug=debug)


def solve(settings: SolveSettings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "Report":
        from cyclorama.solvejob import solve_plate

        return solve_plate(settings, progress)

    def say(report: "Report") -> None:
        print(_camera_sentence(report.facts["camera"]))
        _say_written(settings, report)

    run(job, say, as_json=as_json, debug=debug)


def light(settings: LightJobSettings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "Report":
        from cyclorama.lightlook import read_light

        return read_light(settings, progress)

    run(job, lambda report: print("\n".join(report.facts["lines"])), as_json=as_json, debug=debug)


def inspect(settings: InspectSettings, as_json: Json = False, debug: Debug = False) -> None:
    def job(progress: Progress) -> "Inspection":
        from cyclorama.inspectjob import inspect_plate

        return inspect_plate(settings, progress)

    run(job, lambda report: print("\n".join(report.lines())), as_json=as_json, debug=debug)


@app.command(help=_DOCTOR)
def doctor(as_json: Json = False, debug: Debug = False) -> None:
    found: list[Diagnosis] = []

    def job(_: Progress) -> "Diagnosis":
        from cyclorama.doctor import examine

        found.append(examine())
        return found[0]

    run(job, lambda report: print("\n".join(report.lines())), as_json=as_json, debug=debug)
    if found[0].broken:
        fail("machine", found[0].verdict, 3, as_json)


app.command(help=JOBS)(jobs)
app.command(help=BATCH)(batch)
app.command(help=TRAIN)(command_of(TrainSettings, train))
app.command(help=_REPLACE)(command_of(Settings, replace))
app.command(help=_KEY)(command_of(KeyJobSettings, key))
app.command(help=_CAMERA)(command_of(CameraJobSettings, camera))
app.command(help=_SOLVE)(command_of(SolveSettings, solve))
app.command(help=_CHECK)(command_of(CheckSettings, check))
app.command(help=_LIGHT)(command_of(LightJobSettings, light))
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


def main() -> None:
    # The matrices are small: a second thread of the linear algebra only spins, and takes a core from the codec.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what is wrong with a picture is told once, by us
    for stream in (sys.stdout, sys.stderr):  # names of files need not be text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=False)
    except TyperException as error:
        words = error.format_message() if hasattr(error, "format_message") else str(error)
        context = getattr(error, "ctx", None)
        fail("input", f"{words} See {context.command_path if context else 'cyc'} --help.", 2, as_json=False)
    except typer.Abort:
        fail("interrupted", f"{STOPPED}; {NOTHING}", 130, False)
