"""The main job: a plate and pictures of a place in, a finished shot out.

    plate ──> key ────┐
      │               ├──> Shot ──> Engine.render(shot, backdrop) ──> layers ──> flatten ──> output
      └──> camera ── backdrop

Every stage is a function of the ones before; the output appears under its name only when it is whole.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np

from cyclorama.comp import flatten, match_exposure
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key, Layers
from cyclorama.core.reference import Reference
from cyclorama.core.shot import Shot
from cyclorama.engines import Engine, make_engine
from cyclorama.folder import ShotFolder, shot_folder
from cyclorama.keying import make_key
from cyclorama.matchmove import Matchmove, SharedPoints, camera_json, find_camera, read_camera, triangulate_references
from cyclorama.mattes import MatteFolder
from cyclorama.media import (
    ClipReader,
    ClipWriter,
    Notes,
    OutputSpec,
    check_output_free,
    open_clip,
    open_writer,
    prefetch,
    read_picture,
)
from cyclorama.report import Report, Sheet, Stopwatch
from cyclorama.scenery import build_backdrop, draw
from cyclorama.settings import Settings, parse_range

MAX_REFERENCE_MISFIT = 0.01  # of the width: references further off than this were not seen by this camera

_GIVEN_UNIT = 4.0  # metres to the actor, where a given camera and one reference leave it open

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) as the work goes on."""


def replace_background(settings: Settings, progress: Progress = lambda *_: None) -> Report:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    notes, watch = Notes(), Stopwatch()
    if not settings.reference:
        raise InputError("no picture of the place was given; add --reference PICTURE")
    if settings.focal is not None and not 0 < settings.focal < float("inf"):
        raise InputError(f"--focal must be a positive number of pixels, got {settings.focal}")
    engine = make_engine(settings.engine)
    with ExitStack() as stack:
        plate = open_clip(settings.plate, notes=notes)
        stack.callback(plate.close)
        frames = range(plate.num_frames) if settings.frames is None else parse_range(settings.frames, plate.num_frames)
        folder = stack.enter_context(shot_folder(settings.output, settings.work))
        check_output_free(settings.output, overwrite=settings.overwrite, inputs=settings.inputs, num_frames=len(frames))
        shot, backdrop, matchmove = _Analysis(settings, plate, notes, watch, progress).run(stack)
        folder.keep("camera.json", camera_json(shot.path, plate.rate))
        sheet = Sheet(frames)
        output = _render(shot, backdrop, engine, frames, _Outlets(settings, folder, sheet, notes, watch, progress))
        report = Report.of(settings, shot, backdrop, matchmove, (sheet, watch, notes.texts()))
        output.publish(overwrite=settings.overwrite)
        for name, text in (("report.json", report.json()), ("report.html", report.html())):
            folder.keep(name, text)
        return report


@dataclass(frozen=True)
class _Analysis:
    """The one-time work on a shot: key, references, camera, place, light."""

    settings: Settings
    plate: ClipReader
    notes: Notes
    watch: Stopwatch
    progress: Progress

    def run(self, stack: ExitStack) -> tuple[Shot, Backdrop, Matchmove]:
        with self.watch("references"):
            references = self._references()
        with self.watch("key"):
            key = make_key(self.settings.key, self.plate, self.notes, stack)
        with self.watch("camera"):
            matchmove, references = self._camera(key, references)
        with self.watch("place"):
            shared = self._fit(references, matchmove)
            guessed, given = matchmove.source in ("references", "none"), matchmove.source == "given"
            unit = _GIVEN_UNIT if given else 1.0
            backdrop = build_backdrop(references, matchmove.path, shared.depths, guessed=guessed, unit=unit)
            if given and backdrop.kind == "planes":
                self.notes.add(
                    "geometry", f"the given camera was taken to be in metres, the actor {unit:g} m before it"
                )
        with self.watch("light"):
            path = matchmove.path
            at = np.unique(np.linspace(0, len(path) - 1, 3).round().astype(int))
            places = [draw(backdrop, path[int(i)], float(i)).color for i in at] if self.settings.relight else []
        lighting = match_exposure(places) if self.settings.relight else None
        return Shot(self.plate, key, path, lighting), backdrop, matchmove

    def _references(self) -> tuple[Reference, ...]:
        """Untimed references are spread evenly; a single one is placed by the solve (its frame here is provisional)."""
        given = self.settings.reference
        last, spread = self.plate.num_frames - 1, max(1, len(given) - 1)
        out = []
        for index, argument in enumerate(given):
            image = read_picture(argument.picture, notes=self.notes)
            frame = int(last * index / spread + 0.5)
            if argument.moment is not None:
                frame = argument.moment.frame(self.plate.timestamps_s)
            out.append(Reference(image, frame, str(argument.picture)))
        return tuple(sorted(out, key=lambda r: r.frame))

    def _camera(self, key: Key, references: tuple[Reference, ...]) -> tuple[Matchmove, tuple[Reference, ...]]:
        total = self.plate.num_frames
        if self.settings.camera is not None:
            path = read_camera(self.settings.camera, hw=self.plate.hw, num_frames=total)
            matchmove = Matchmove(path, "given", None, ())
        else:
            matchmove = find_camera(
                self.plate,
                lambda index, frame: key.foreground(index, frame).alpha,
                references if len(references) > 1 else (),
                focal_px=self.settings.focal,
                progress=lambda index: self.progress("camera", index + 1, total),
            )
        for text in matchmove.notes:
            self.notes.add("geometry", text)
        if len(references) == 1 and self.settings.reference[0].moment is None:
            references = (replace(references[0], frame=_middle_of(matchmove.path)),)
        return matchmove, references

    def _fit(self, references: tuple[Reference, ...], matchmove: Matchmove) -> SharedPoints:
        shared = triangulate_references(references, matchmove.path)
        if len(references) > 1 and shared.median_px > MAX_REFERENCE_MISFIT * self.plate.hw[1]:
            why = "share nothing" if np.isinf(shared.median_px) else f"are {shared.median_px:.0f} px off"
            self.notes.add(
                "geometry",
                f"seen through the camera the references {why}: each is shown at its own time and fades into the next; "
                "check their order and times (--reference PICTURE@TIME)",
            )
            return replace(shared, depths=np.zeros(0))
        return shared


def _middle_of(path: CameraPath) -> int:
    """The frame that looks most like all others: its optical axis is nearest the mean of them."""
    axes = np.stack([c.world_from_camera[:3, 2] for c in path.cameras])
    middle = np.abs(np.arange(len(path)) - (len(path) - 1) / 2) * 1e-9
    return int(np.argmin(-(axes @ axes.mean(0)) + middle))


@dataclass(frozen=True)
class _Outlets:
    """Where a render's results go."""

    settings: Settings
    folder: ShotFolder
    sheet: Sheet
    notes: Notes
    watch: Stopwatch
    progress: Progress


def _render(shot: Shot, backdrop: Backdrop, engine: Engine, frames: range, to: _Outlets) -> ClipWriter:
    """Every frame, worked one ahead of the encoder. The writer comes back closed, checked and not yet published."""
    spec = OutputSpec.of_clip(shot.plate, frames.start, frames.stop)
    sound = getattr(shot.plate, "sound", None)
    heard = sound(frames.start, frames.stop if frames.stop < shot.plate.num_frames else None) if sound else None
    writer = open_writer(to.settings.output, to.folder.job, spec, notes=to.notes, sound=heard)
    mattes = MatteFolder(to.folder.kept, spec, shot.num_layers)
    try:
        with to.watch("render"):
            finished = _finished(shot, backdrop, engine, frames, to.sheet)
            for place, (plate, layers, picture) in enumerate(prefetch(finished)):
                writer.write(place, picture)
                mattes.write(place, layers.actors)
                to.sheet.add(frames[place], plate, layers, picture)
                to.progress("render", place + 1, len(frames))
        with to.watch("check"):
            writer.close()
            mattes.close()
            mattes.publish()
    except BaseException:
        writer.abort()
        mattes.abort()
        raise
    return writer


def _finished(
    shot: Shot, backdrop: Backdrop, engine: Engine, frames: range, sheet: Sheet
) -> Iterator[tuple[Array | None, Layers, Array]]:
    """Frame by frame: the plate where the sheet shows it, the layers, the finished picture."""
    for index in frames:
        layers = engine.render(shot, backdrop, index)
        yield shot.plate.frame(index) if sheet.wants(index) else None, layers, flatten(layers)
