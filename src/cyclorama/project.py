"""The main job: a plate and pictures of a place in, a finished shot out.

    plate ──> key ────┐
      │               ├──> Shot ──> Engine.render(shot, backdrop) ──> layers ──> flatten ──> output
      └──> camera ── backdrop

Every stage is a function of the ones before; the output appears under its name only when it is whole.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

from cyclorama.comp import finished, relit_layers
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Layers
from cyclorama.core.place import Place
from cyclorama.core.reference import Reference
from cyclorama.core.shot import Shot
from cyclorama.depths import read_depths, with_guessed_depth
from cyclorama.engine_settings import EngineSettings
from cyclorama.engines import Engine, make_engine
from cyclorama.filmjob import FilmRead, find_film, require_film, tell
from cyclorama.fingerprint import fingerprint
from cyclorama.fitting import FittedReferences, fit_references, ordered
from cyclorama.job import Job, Progress, open_job, write_frames
from cyclorama.keying import bars_of, make_key
from cyclorama.light_words import LightSettings
from cyclorama.lightjob import find_light, require_light
from cyclorama.matchmove import (
    FILM_BACK_MM,
    Figures,
    Matchmove,
    camera_json,
    check_times,
    find_camera,
    read_camera,
    with_moves,
)
from cyclorama.mattes import FILLED, MATTE, Masks
from cyclorama.media import (
    ClipWriter,
    EncodeSettings,
    ForegroundFormat,
    check_output_free,
    codec_of,
    is_sequence,
    layered_writer,
    open_layers_writer,
    open_writer,
    script_paths,
)
from cyclorama.moving import middle_of
from cyclorama.passes import find_normals, find_relit
from cyclorama.placing import Placing
from cyclorama.references import PanoramaFile, open_references
from cyclorama.report import Report
from cyclorama.scenery import Unseen, find_unseen
from cyclorama.settings import Settings
from cyclorama.shadowjob import Sight, find_footing, find_mirror, find_shadow
from cyclorama.shot_report import Sheet, shot_report
from cyclorama.standing import Stood, require_sound
from cyclorama.stmaps import with_given_lens
from cyclorama.unseen_report import unseen_warnings

_LONG = 200  # frames whose render is worth stopping for
_OF_THE_CAMERA = ("plate", "read", "key", "focal", "zoom", "actor")
_NOT_OF_THE_PLACE = ("output", "write", "frames", "light", "film", "drawn", "layers", "work")
"""Settings that decide a kept result, and that do not."""


def replace_background(settings: Settings, progress: Progress = lambda *_: None) -> Report:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    if not settings.reference:
        raise InputError("no picture of the place was given; add --reference PICTURE")
    if settings.stmap is not None and settings.camera is None:
        raise InputError("an STMap is the lens of a camera that is given; add --camera, or leave --stmap out")
    require_sound(settings)
    require_light(settings)
    require_film(settings)
    codec_of(settings.output, settings.write.codec)
    engine = make_engine(settings.drawn.engine, settings.drawn.options)
    with open_job(settings, progress, folders=_layers_folder(settings)) as job:
        if job.before is not None:
            return job.before
        _require_layers_free(settings, job)
        for text in engine.prepare(job.plate.hw, job.plate.num_frames):
            print(f"note: {text}", file=sys.stderr, flush=True)
        shot, stood, matchmove, film = Analysis(settings, job).run()
        backdrop, metres = stood.backdrop, stood.metres_per_unit or 1.0
        job.folder.keep("camera.json", camera_json(shot.path.scaled(metres), job.plate.rate))
        if shot.relighting is not None:
            job.folder.keep("lighting.json", shot.relighting.json())
        job.folder.keep("film.json", film.json())
        sheet = Sheet(job.frames, _told_unseen(job, backdrop, shot.path))
        output = _writer(settings, job)

        def make(frames: range) -> Iterator[tuple[tuple[Array, Layers], Masks]]:
            made = _finished(shot, backdrop, engine, frames, sheet)
            if settings.layers is None:
                return made
            return (((picture, relit_layers(layers)), masks) for (picture, layers), masks in made)

        done = write_frames(job, output, make, stage="render", memories={"sheet": sheet})
        report = shot_report(settings, job, shot, stood, matchmove, sheet)
        job.end(done, report, overwrite=settings.overwrite)
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
    if is_sequence(settings.layers) and settings.layers.suffix.lower() == ".exr" and not settings.overwrite:
        taken = next((path for path in script_paths(settings.layers) if path.exists()), None)
        if taken is not None:
            raise InputError(f"{taken}: it exists, and the layers' script goes there; give --overwrite or another name")
    if settings.layers.parent.stat().st_dev != settings.output.parent.stat().st_dev:
        raise InputError(f"{settings.layers}: the layers must lie on the disk of the shot; choose a folder near it")


def _writer(settings: Settings, job: Job) -> ClipWriter[tuple[Array, Layers]]:
    folder, spec, notes, sound = job.folder.job, job.spec, job.notes, job.sound
    encode = EncodeSettings(settings.write.codec, colour=settings.write.colour or getattr(job.plate, "hdr", None))
    shot = open_writer(settings.output, folder, spec, notes=notes, sound=sound, settings=encode)
    if settings.layers is None:
        return layered_writer(shot, None)
    return layered_writer(shot, open_layers_writer(settings.layers, folder, spec, notes=notes, sound=sound))


@dataclass(frozen=True)
class Analysis:
    """The one-time work on a shot: key, references, camera, place, light."""

    settings: Settings
    job: Job

    def run(self) -> tuple[Shot, Stood, Matchmove, FilmRead]:
        if self.settings.move is not None:
            check_times(self.settings.move.moves, self.job.plate.num_frames, self.job.plate.rate)
        with self.job.watch("references"):
            asked, depths = self.settings.reference, read_depths(self.settings.depths, len(self.settings.reference))
            given = open_references(asked, self.job.plate, self.job.notes, self.job.stack, depths)
            if self.settings.look_at is not None and not isinstance(given, PanoramaFile):
                raise InputError("--look-at turns a 360 panorama, and none was given; leave it out, or write pano:FILE")
            references = with_guessed_depth(given, self.settings.depths) if isinstance(given, tuple) else ()
            fitted = fit_references(references, self.job.plate.hw, self.job.notes, timed=self._timed)
        with self.job.watch("key"):
            key = make_key(self.settings.key, self.job)
            relit = find_relit(key, self.job, self.settings.light)
            normals = find_normals(key, self.job, self.settings.light)
        plate = self.job.plate
        figures = Figures(lambda i, frame: key.foreground(i, frame).alpha, plate.hw, plate.num_frames)
        with self.job.watch("camera"):
            matchmove, fitted = self._camera(figures, fitted)
        placing = Placing(self.settings, self.job, matchmove, figures)
        if isinstance(given, tuple):
            made_from = place_made_from(self.settings)
            stood, *seen = self.job.stages("place", made_from, lambda: (placing.built(fitted), *figures.seen))
            figures.see(*seen)
        else:
            stood = placing.other(given)
        with self.job.watch("light"):
            relighting = find_light(stood.backdrop, matchmove.path, key, self.job, self.settings)
            sight = Sight(matchmove.path, figures, key, placing.unit)
            footing = find_footing(stood, sight, self.job, self.settings)
            shadowing = find_shadow(footing, stood, sight, self.job, self.settings, relighting)
            mirroring = find_mirror(footing, stood, sight, self.job, self.settings)
        with self.job.watch("film"):
            read = find_film(stood, matchmove.path, key, self.job, self.settings)
        tell(read, lambda text: self.job.notes.add("film", text))
        cast = (stood.standing, stood.occluders, shadowing, read.film, mirroring, relit, normals)
        shot = Shot(plate, key, matchmove.path, relighting, *cast)
        return shot, stood, matchmove, read

    @property
    def _timed(self) -> bool:
        return any(r.moment is not None for r in self.settings.reference)

    def _camera(self, figures: Figures, fitted: FittedReferences) -> tuple[Matchmove, FittedReferences]:
        references = fitted.references
        if self.settings.camera is not None:
            path = read_camera(self.settings.camera, hw=self.job.plate.hw, num_frames=self.job.plate.num_frames)
            if self.settings.stmap is not None:
                path, found = with_given_lens(path, self.settings.stmap)
                self.job.notes.add("geometry", found)
            matchmove = Matchmove(path, "given", None, ())
        else:
            told = references if len(references) > 1 or self.settings.reference[0].moment else ()
            made_from = self._camera_made_from(told)
            matchmove, *seen = self.job.stages("camera", made_from, lambda: self._solved(figures, told))
            figures.see(*seen)
        if self.settings.move is not None:
            matchmove = with_moves(matchmove, self.settings.move.moves, self.job.plate.rate)
        for text in matchmove.notes:
            self.job.notes.add("geometry", text)
        if len(references) == 1 and not self._timed:
            fitted = replace(fitted, references=(replace(references[0], frame=middle_of(matchmove.path)),))
        if not self._timed and matchmove.source in ("plate", "given"):
            fitted = ordered(fitted, matchmove.path, self.job.notes)
        return matchmove, fitted

    def _camera_made_from(self, told: tuple[Reference, ...]) -> str:
        """``told``: the references that tell of the camera."""
        decides = {*_OF_THE_CAMERA, *(("reference",) if told else ())}
        inputs = (*self.settings.key.inputs, *(r.picture for r in self.settings.reference if told))
        others = [f.name for f in fields(Settings) if f.name not in decides]
        return fingerprint(self.settings, (self.settings.plate, *inputs), without=others)

    def _solved(self, figures: Figures, told: tuple[Reference, ...]) -> tuple[Matchmove, Array, Array, Array, Array]:
        """The camera, and what was seen of the figure meanwhile."""
        plate, focal = self.job.plate, self.settings.focal
        matchmove = find_camera(
            plate,
            figures,
            told,
            focal_px=None if focal is None else focal.px(plate.hw[1], FILM_BACK_MM),
            zoom=self.settings.zoom,
            word=None if self.settings.actor is None else self.settings.actor.word,
            progress=lambda index: self.job.progress("camera", index + 1, plate.num_frames),
        )
        return (matchmove, *figures.seen)


def place_made_from(settings: Settings) -> str:
    """The fingerprint of what decides the place: files that light it or draw it do not."""
    bare = replace(settings, light=LightSettings(), drawn=EngineSettings())
    return fingerprint(bare, bare.inputs, without=_NOT_OF_THE_PLACE)


def _told_unseen(job: Job, backdrop: Place, path: CameraPath) -> Unseen | None:
    """What no picture shows of the frames to come; of a long shot told now, too, while it can still be stopped. None of
    places that are no pictures with depth."""
    if not isinstance(backdrop, Backdrop):
        return None
    with job.watch("fill"):
        unseen = find_unseen(backdrop, path, job.frames)
    for text in unseen_warnings(unseen) if len(job.frames) > _LONG else ():
        print(f"note: {text}", file=sys.stderr, flush=True)
    return unseen


def _finished(
    shot: Shot, backdrop: Place, engine: Engine, frames: range, sheet: Sheet
) -> Iterator[tuple[tuple[Array, Layers], Masks]]:
    """Frame by frame: the finished picture with what it was made of; the alpha of every layer, and what no picture
    shows."""
    bars = bars_of(shot.key)
    for index in frames:
        layers = engine.render(shot, backdrop, index)
        picture = bars.laid(finished(layers, shot.film))
        sheet.add(index, shot.plate.frame(index) if sheet.wants(index) else None, layers, picture)
        masks: Masks = {MATTE: [a.alpha for a in layers.actors], FILLED: [1 - layers.place.coverage]}
        yield (picture, layers), masks
