"""The main job: a plate and pictures of a place in, a finished shot out.

    plate ──> key ────┐
      │               ├──> Shot ──> Engine.render(shot, backdrop) ──> layers ──> flatten ──> output
      └──> camera ── backdrop

Every stage is a function of the ones before; the output appears under its name only when it is whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cyclorama.comp import flatten
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key
from cyclorama.core.reference import Reference
from cyclorama.core.shot import Shot
from cyclorama.engines import Engine, make_engine
from cyclorama.job import Job, Progress, open_job, publish_all, write_frames
from cyclorama.keying import make_key
from cyclorama.lightjob import find_light, require_light
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
from cyclorama.media import open_writer
from cyclorama.references import read_references
from cyclorama.report import Report
from cyclorama.scenery import build_backdrop
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
    require_light(settings)
    engine = make_engine(settings.engine)
    with open_job(settings, progress) as job:
        shot, backdrop, matchmove = _Analysis(settings, job).run()
        job.folder.keep("camera.json", camera_json(shot.path, job.plate.rate))
        if shot.relighting is not None:
            job.folder.keep("lighting.json", shot.relighting.json())
        sheet = Sheet(job.frames)
        output = open_writer(settings.output, job.folder.job, job.spec, notes=job.notes, sound=job.sound)
        mattes = write_frames(job, output, _finished(shot, backdrop, engine, job.frames, sheet), stage="render")
        report = shot_report(settings, job, shot, backdrop, matchmove, sheet)
        publish_all(output, mattes, overwrite=settings.overwrite)
        job.keep(report)
        return report


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
            relighting = find_light(backdrop, matchmove.path, key, self.job, self.settings)
        return Shot(self.job.plate, key, matchmove.path, relighting), backdrop, matchmove

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
) -> Iterator[tuple[Array, tuple[Array, ...]]]:
    """Frame by frame: the finished picture and the alpha of every layer."""
    for index in frames:
        layers = engine.render(shot, backdrop, index)
        picture = flatten(layers)
        sheet.add(index, shot.plate.frame(index) if sheet.wants(index) else None, layers, picture)
        yield picture, tuple(a.alpha for a in layers.actors)
