"""The commands that look after jobs: ``cyc jobs`` and ``cyc batch``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cyclorama.cli_run import Debug, Json, Progress, fail, run

if TYPE_CHECKING:
    from cyclorama.batchjob import BatchReport
    from cyclorama.jobsjob import JobsReport

JOBS = """
List the jobs in FOLDER and below it that were stopped, and how to go on with them.

\b
  cyc jobs
  cyc jobs shots/ --clean
"""
BATCH = """
Finish many shots: those that SHOTS names, a shots.toml or a folder with plates/, references/ and mattes/.

\b
  cyc batch shots.toml
  cyc batch monday/ -o finished/ --at-once 2
"""


def jobs(
    folder: Annotated[Path, typer.Argument(help="Where to look.")] = Path(),
    clean: Annotated[bool, typer.Option("--clean", help="Remove what they left, but of those that run.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    def job(_: Progress) -> "JobsReport":
        from cyclorama.jobsjob import look_for_jobs

        return look_for_jobs(folder, clean=clean)

    run(job, lambda report: print("\n".join(report.lines())), as_json=as_json, debug=debug)


def batch(
    shots: Annotated[Path, typer.Argument(help="A shots.toml, or a folder with plates/, references/ and mattes/.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder of the finished shots; else finished/ beside.")
    ] = None,
    at_once: Annotated[
        int | None, typer.Option(help="Shots that run at the same time; else as many as processor and memory allow.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    found: list[BatchReport] = []

    def job(progress: Progress) -> "BatchReport":
        from cyclorama.batchjob import run_batch

        found.append(run_batch(shots, output, at_once, progress))
        return found[0]

    run(job, lambda report: print("\n".join(report.lines())), as_json=as_json, debug=debug)
    if found[0].failed:
        fail(*found[0].verdict, as_json)
