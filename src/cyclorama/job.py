"""What every job on a plate shares: the open plate, its frames, the folder, and who is told how far it is."""

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import Field, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from cyclorama import __version__
from cyclorama.core.errors import InputError
from cyclorama.ending import end_job, ended_before
from cyclorama.extremes import Extremes
from cyclorama.fingerprint import fingerprint
from cyclorama.folder import ShotFolder, left_in, shot_folder
from cyclorama.mattes import FILLED, MATTE, MaskFolder, Masks
from cyclorama.media import (
    ClipReader,
    ClipWriter,
    Notes,
    OutputSpec,
    Sound,
    Together,
    check_output_free,
    check_space,
    open_clip,
    prefetch,
)
from cyclorama.media.gate import refuse_special
from cyclorama.media.writers import Through
from cyclorama.media_settings import OutputSettings, PlateSettings
from cyclorama.report import Report, Stopwatch, record
from cyclorama.settings import KeySettings, parse_range
from cyclorama.stages import Stages
from cyclorama.told import Memory, Told

SAFE_EVERY = 16
"""Frames that a run which is killed loses, at the most."""
_ANEW = "settings, inputs or the program changed since this output was begun: it is begun anew"
Picture = TypeVar("Picture")
Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) as the work goes on."""


class JobSettings(Protocol):
    """What the settings of every command hold."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def plate(self) -> Path: ...
    @property
    def output(self) -> Path: ...
    @property
    def read(self) -> PlateSettings: ...
    @property
    def key(self) -> KeySettings: ...
    @property
    def frames(self) -> str | None: ...
    @property
    def work(self) -> Path | None: ...
    @property
    def overwrite(self) -> bool: ...
    @property
    def inputs(self) -> tuple[Path, ...]: ...


@dataclass(frozen=True)
class Job:
    """``frames``: those of the plate that are worked on. ``spec``: the output's size, rate, times and tags. ``stack``:
    closes what was opened when the job ends.
    ``extremes``: told the mattes of every frame that is written."""

    plate_path: Path
    plate: ClipReader
    frames: range
    spec: OutputSpec
    folder: ShotFolder
    notes: Notes
    progress: Progress
    stack: ExitStack
    watch: Stopwatch
    extremes: Extremes
    before: Report | None
    """Of an earlier run that had only to publish, which is done now: there is nothing left to do."""

    @property
    def stages(self) -> Stages:
        return Stages(self.folder.stages, self.notes)

    @property
    def sound(self) -> Sound | None:
        """The plate's sound along the frames, its tail kept at the plate's end."""
        sound = getattr(self.plate, "sound", None)
        to_the_end = self.frames.stop == self.plate.num_frames
        return sound(self.frames.start, None if to_the_end else self.frames.stop) if sound else None

    def facts(self, settings: JobSettings, own: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
        """The record of the finished job: what every job says, and its ``own``."""
        shared = {
            "output": str(settings.output),
            "frames": len(self.frames),
            "size": [self.plate.hw[1], self.plate.hw[0]],
            "rate": str(self.plate.rate),
        }
        warnings = self.extremes.warnings(given=settings.key.is_given) + warnings
        return record(settings, shared | own, self.notes.texts(), warnings, self.watch)

    def keep(self, report: Report) -> None:
        """The report in the kept folder, if there is one."""
        for path, text in self._pages(report).items():
            self.folder.keep(path.name, text)

    def _pages(self, report: Report) -> dict[Path, str]:
        kept = self.folder.kept
        return {} if kept is None else {kept / "report.json": report.json(), kept / "report.html": report.html()}

    def end(
        self, done: ClipWriter[Any], report: Report, *, overwrite: bool, files: Mapping[Path, bytes] | None = None
    ) -> None:
        """Publish what was written, ``files`` and the report, so that it is finished even if it is interrupted."""
        pages: dict[Path, str | bytes] = {**(files or {}), **self._pages(report)}
        end_job(self.folder.job, done.moves(), pages, report, overwrite=overwrite)


@contextmanager
def open_job(
    settings: JobSettings,
    progress: Progress,
    *,
    folders: tuple[Path, ...] = (),
    require_output: Callable[[OutputSpec], None] | None = None,
) -> Iterator[Job]:
    """Open the plate, take the folders (``folders``: more of them) and refuse, before any work, an output that cannot
    be written: pictures as the settings ask for, or what ``require_output`` says. ``InputError`` and its kin."""
    notes = Notes()
    with ExitStack() as stack:
        _ = getattr(settings, "write", OutputSettings()).colour  # a colour that is not there is refused before any work
        plate = _open_plate(settings, notes)
        stack.callback(plate.close)
        frames = range(plate.num_frames) if settings.frames is None else parse_range(settings.frames, plate.num_frames)
        _require_own_folder(settings, folders)
        spec = _spec(settings, plate, frames)
        folder = stack.enter_context(shot_folder(settings.output, settings.work, *folders))
        refuse_special(settings.inputs)
        made_from = fingerprint(settings, settings.inputs)
        before = ended_before(folder.job, overwrite=settings.overwrite) if folder.is_of(made_from) else None
        report = None if before is None else Report(before, {})
        if report is None:
            (require_output or partial(_require_pictures, settings))(spec)
            if not folder.is_of(made_from) and left_in(folder.job).is_worth_keeping:
                print(f"note: {_ANEW}", file=sys.stderr, flush=True)
            folder.begin(made_from, _facts(settings, len(frames)))
        yield Job(settings.plate, plate, frames, spec, folder, notes, progress, stack, Stopwatch(), Extremes(), report)


def _facts(settings: JobSettings, num_frames: int) -> dict[str, Any]:
    """What a job folder says of its job, for people."""
    command = shlex.join(["cyc", *sys.argv[1:]])
    names = {"plate": str(settings.plate.absolute()), "output": str(settings.output.absolute())}
    return {**names, "frames": num_frames, "version": __version__, "command": command, "folder": str(Path.cwd())}


def _open_plate(settings: JobSettings, notes: Notes) -> ClipReader:
    read = settings.read
    rate = None if read.rate is None else read.rate.per_second
    colour = None if read.plate_color is None else read.plate_color.colour
    return open_clip(settings.plate, notes=notes, rate=rate, colour=colour, stream=read.stream)


def _spec(settings: JobSettings, plate: ClipReader, frames: range) -> OutputSpec:
    spec = OutputSpec.of_clip(plate, frames.start, frames.stop)
    asked = getattr(settings, "write", OutputSettings()).first_frame
    return spec if asked is None else replace(spec, first_frame=asked.number)


def _require_pictures(settings: JobSettings, spec: OutputSpec) -> None:
    check_output_free(
        settings.output,
        overwrite=settings.overwrite,
        inputs=settings.inputs,
        num_frames=spec.num_frames,
        first_frame=spec.first_frame,
    )
    codec = getattr(settings, "write", OutputSettings()).codec
    check_space(settings.output, spec, codec)


def _require_own_folder(settings: JobSettings, folders: tuple[Path, ...]) -> None:
    """Refuse a folder of kept mattes that holds what is read, or where something else would be written."""
    if settings.work is None:
        return
    for masks, name in (((settings.work / n).resolve(), n) for n in (MATTE, FILLED)):
        what = {MATTE: "mattes", FILLED: "masks"}[name]
        read = next((p for p in settings.inputs if p.resolve().is_relative_to(masks)), None)
        if read is not None:
            raise InputError(f"{read}: the {what} of --work would be written over it; give --work another folder")
        wrong = next((p for p in (settings.output.parent, *folders) if p.resolve().is_relative_to(masks)), None)
        if wrong is not None:
            raise InputError(f"{wrong}: the {what} of --work go there; choose another folder")


def write_frames(
    job: Job,
    output: ClipWriter[Picture],
    make: Callable[[range], Iterable[tuple[Picture, Masks]]],
    *,
    stage: str,
    memories: Mapping[str, Memory],
) -> ClipWriter[tuple[Picture, Masks]]:
    """Every (picture, its masks, those of ``MATTE`` among them) that ``make`` makes of frames of the plate, worked one
    ahead of the encoder: pictures to ``output``, masks to the kept folder, if there is one. All is made safe every few
    frames, with what ``memories`` know of them, and taken from there where an earlier run was stopped. Closed, checked
    and not yet published."""
    mattes = MaskFolder(job.folder.kept, job.folder.job, job.spec)
    told = Told(job.folder.job, job.frames, {"extremes": job.extremes, **memories})
    every: Together = Together(Through(output, lambda pair: pair[0]), Through(mattes, lambda pair: pair[1]), told)
    done = every.found(len(job.frames))
    if done:
        print(f"note: {done} of {len(job.frames)} frames were done before", file=sys.stderr, flush=True)
    try:
        every.take(done)
        with job.watch(stage):
            for place, (picture, masks) in enumerate(prefetch(make(job.frames[done:])), done):
                every.write(place, (picture, masks))
                job.extremes.add(job.frames[place], tuple(masks[MATTE]))
                if (place + 1) % SAFE_EVERY == 0:
                    every.seal()
                job.progress(stage, place + 1, len(job.frames))
            every.seal()
        with job.watch("check"):
            every.close()
    except BaseException:
        every.drop()
        raise
    older = mattes.older(MATTE)
    if older:
        job.notes.add("output", f"{older} older mattes lie beside these in {MATTE}/ of the work folder.")
    return every
