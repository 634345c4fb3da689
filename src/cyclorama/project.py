"""The main job: a plate and pictures of a place in, a finished shot out.

    plate ──> key ────┐
      │               ├──> Shot ──> Engine.render(shot, backdrop) ──> layers ──> flatten ──> output
      └──> camera ── backdrop

Every stage is a function of the ones before; the output appears under its name only when it is whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

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
from cyclorama.job import Job, Progress, open_job, publish_all, write_frames
from cyclorama.keying import make_key
from cyclorama.matchmove import (
    FILM_BACK_MM,
    Matchmove,
    SharedPoints,
    camera_json,
    check_times,
    find_camera,
    read_camera,
    triangulate_references,
    with_moves,
)
from cyclorama.media import (
    EncodeSettings,
    ForegroundFormat,
    LayeredWriter,
    check_output_free,
    codec_of,
    is_sequence,
    open_layers_writer,
    open_writer,
)
from cyclorama.references import read_references
from cyclorama.report import Report
from cyclorama.scenery import build_backdrop, draw
from cyclorama.settings import Settings
from cyclorama.shot_report import Sheet, shot_report
from cyclorama.stmaps import with_given_lens

MAX_REFERENCE_MISFIT = 0.01  # of the width: references further off than this were not seen by this camera

_GIVEN_UNIT = 4.0  # metres to the actor, where a given camera and one reference leave it open


def replace_background(settings: Settings, progress: Progress = lambda *_: None) -> Report:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    if not settings.reference:
        raise InputError("no picture of the place was given; add --reference PICTURE")
    if settings.stmap is not None and settings.camera is None:
        raise InputError("an STMap is the lens of a camera that is given; add --camera, or leave --stmap out")
    codec_of(settings.output, settings.write.codec)
    engine = make_engine(settings.engine)
    with open_job(settings, progress, folders=_layers_folder(settings)) as job:
        _require_layers_free(settings, job)
        shot, backdrop, matchmove = _Analysis(settings, job).run()
        job.folder.keep("camera.json", camera_json(shot.path, job.plate.rate))
        sheet = Sheet(job.frames)
        output = _writer(settings, job)
        mattes = write_frames(job, output, _finished(shot, backdrop, engine, job.frames, sheet), stage="render")
        report = shot_report(settings, job, shot, backdrop, matchmove, sheet)
        publish_all(output, mattes, overwrite=settings.overwrite)
        job.keep(report)
        return report


def _layers_folder(settings: Settings) -> tuple[Path, ...]:
    """The folder of the layers' frames, which is made where it is missing."""
    return (settings.layers.parent,) if settings.layers is not None and is_sequence(settings.layers) else ()


def _require_layers_free(settings: Settings, job: Job) -> None:
    """Refuse, before any work, layers that cannot be written."""
    if settings.layers is None:
        return
    ForegroundFormat.of(settings.layers)
    if settings.layers.resolve() == settings.output.resolve():
        raise InputError(f"{settings.layers}: the shot itself has that name; give its layers (--layers) another")
    check_output_free(
        settings.layers,
        overwrite=settings.overwrite,
        inputs=settings.inputs,
        num_frames=job.spec.num_frames,
        first_frame=job.spec.first_frame,
    )
    if settings.layers.parent.stat().st_dev != settings.output.parent.stat().st_dev:
        raise InputError(f"{settings.layers}: the layers must lie on the disk of the shot; choose a folder near it")


def _writer(settings: Settings, job: Job) -> LayeredWriter:
    folder, spec, notes, sound = job.folder.job, job.spec, job.notes, job.sound
    encode = EncodeSettings(settings.write.codec, colour=settings.write.colour or getattr(job.plate, "hdr", None))
    shot = open_writer(settings.output, folder, spec, notes=notes, sound=sound, settings=encode)
    if settings.layers is None:
        return LayeredWriter(shot, None)
    return LayeredWriter(shot, open_layers_writer(settings.layers, folder, spec, notes=notes, sound=sound))


@dataclass(frozen=True)
class _Analysis:
    """The one-time work on a shot: key, references, camera, place, light."""

    settings: Settings
    job: Job

    def run(self) -> tuple[Shot, Backdrop, Matchmove]:
        if self.settings.move is not None:
            check_times(self.settings.move.moves, self.job.plate.num_frames, self.job.plate.rate)
        with self.job.watch("references"):
            references = self._references()
        with self.job.watch("key"):
            key = make_key(self.settings.key, self.job)
        with self.job.watch("camera"):
            matchmove, references = self._camera(key, references)
        with self.job.watch("place"):
            shared = self._fit(references, matchmove)
            references = tuple(replace(r, through_lens=shared.through_lens) for r in references)
            guessed, given = matchmove.source in ("references", "none"), matchmove.source == "given"
            unit = _GIVEN_UNIT if given else matchmove.unit
            backdrop = build_backdrop(references, matchmove.path, shared.depths, guessed=guessed, unit=unit)
            if given and backdrop.kind == "planes":
                self.job.notes.add(
                    "geometry", f"the given camera was taken to be in metres, the actor {unit:g} m before it"
                )
        with self.job.watch("light"):
            path = matchmove.path
            at = np.unique(np.linspace(0, len(path) - 1, 3).round().astype(int))
            places = [draw(backdrop, path[int(i)], float(i)).color for i in at] if self.settings.relight else []
        lighting = match_exposure(places) if self.settings.relight else None
        return Shot(self.job.plate, key, path, lighting), backdrop, matchmove

    def _references(self) -> tuple[Reference, ...]:
        return read_references(self.settings.reference, self.job.plate, self.job.notes)

    def _camera(self, key: Key, references: tuple[Reference, ...]) -> tuple[Matchmove, tuple[Reference, ...]]:
        total, focal = self.job.plate.num_frames, self.settings.focal
        if self.settings.camera is not None:
            path = read_camera(self.settings.camera, hw=self.job.plate.hw, num_frames=total)
            if self.settings.stmap is not None:
                path, found = with_given_lens(path, self.settings.stmap)
                self.job.notes.add("geometry", found)
            matchmove = Matchmove(path, "given", None, ())
        else:
            matchmove = find_camera(
                self.job.plate,
                lambda index, frame: key.foreground(index, frame).alpha,
                references if len(references) > 1 or self.settings.reference[0].moment else (),
                focal_px=None if focal is None else focal.px(self.job.plate.hw[1], FILM_BACK_MM),
                word=None if self.settings.actor is None else self.settings.actor.word,
                progress=lambda index: self.job.progress("camera", index + 1, total),
            )
        if self.settings.move is not None:
            matchmove = with_moves(matchmove, self.settings.move.moves, self.job.plate.rate)
        for text in matchmove.notes:
            self.job.notes.add("geometry", text)
        if len(references) == 1 and self.settings.reference[0].moment is None:
            references = (replace(references[0], frame=_middle_of(matchmove.path)),)
        return matchmove, references

    def _fit(self, references: tuple[Reference, ...], matchmove: Matchmove) -> SharedPoints:
        shared = triangulate_references(references, matchmove.path)
        if shared.through_lens:
            text = "the references agree as pictures through the plate's lens, and were taken as such"
            self.job.notes.add("geometry", text)
        if len(references) > 1 and shared.median_px > MAX_REFERENCE_MISFIT * self.job.plate.hw[1]:
            why = "share nothing" if np.isinf(shared.median_px) else f"are {shared.median_px:.0f} px off"
            self.job.notes.add(
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


def _finished(
    shot: Shot, backdrop: Backdrop, engine: Engine, frames: range, sheet: Sheet
) -> Iterator[tuple[tuple[Array, Layers], tuple[Array, ...]]]:
    """Frame by frame: the finished picture with what it was made of, and the alpha of every layer."""
    for index in frames:
        layers = engine.render(shot, backdrop, index)
        picture = flatten(layers)
        sheet.add(index, shot.plate.frame(index) if sheet.wants(index) else None, layers, picture)
        yield (picture, layers), tuple(a.alpha for a in layers.actors)
