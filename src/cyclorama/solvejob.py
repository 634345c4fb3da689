"""The fourth job: a plate in, its camera out.

plate ──> key ──> tracks ──> camera ──> ground and scale ──> file
                                └──> tracks drawn on the plate, errors, report
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cyclorama.camera_settings import CameraJobSettings
from cyclorama.camerajob import require_free, whole
from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.reference import Reference
from cyclorama.folder import write_whole
from cyclorama.job import Job, Progress, open_job
from cyclorama.keying import make_key
from cyclorama.matchmove import (
    FILM_BACK_MM,
    Figures,
    Ground,
    Matchmove,
    NoGround,
    camera_json,
    find_camera,
    find_ground,
    format_of_output,
    track_residuals,
    write_camera,
)
from cyclorama.references import read_references
from cyclorama.report import Report, sheet_frames, table
from cyclorama.shot_report import camera_facts, path_plot
from cyclorama.solve_settings import SolveSettings
from cyclorama.tiles import png
from cyclorama.track_plot import errors_svg
from cyclorama.track_sheet import track_sheet

_ALL_COVERED = 0.97
"""Mean share of the picture from which a matte leaves nothing of the background."""


def solve_plate(settings: SolveSettings, progress: Progress = lambda *_: None) -> Report:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    _require_sound(settings)
    asked = CameraJobSettings(
        input=settings.plate, output=settings.output, format=settings.format, overwrite=settings.overwrite
    )
    with open_job(settings, progress, require_output=lambda _: require_free(asked)) as job:
        found = _Solving(settings, job).run()
        with job.watch("write"), whole(settings.output, overwrite=settings.overwrite) as temporary:
            write_camera(
                temporary,
                found.path,
                job.plate.rate,
                first_frame=settings.first_frame,
                film_back_mm=found.film_back_mm,
                format_name=settings.format,
            )
        report = _report(settings, job, found)
        job.folder.keep("camera.json", camera_json(found.path, job.plate.rate))
        if job.folder.kept is not None:
            write_whole(job.folder.kept / "tracks.png", png(report.rows["tracks"]), job.folder.kept)
        job.keep(report)
        return report


def _require_sound(settings: SolveSettings) -> None:
    """Refuse, before any work, numbers that cannot be."""
    format_of_output(settings.output, settings.format)
    for name in ("actor_height", "camera_height", "film_back"):
        value = getattr(settings, name)
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"--{name.replace('_', '-')} must be a positive number, got {value}")
    if settings.first_frame is not None and settings.first_frame < 0:
        raise InputError(f"--first-frame must be 0 or more, got {settings.first_frame}")
    if len(settings.reference) == 1:
        raise InputError("one reference says nothing of the camera; give two or more that show the same things")


@dataclass(frozen=True)
class _Found:
    """``path``: in metres where the scale is known. ``error_px`` (n,): of the observations of ``matchmove.tracks``."""

    matchmove: Matchmove
    path: CameraPath
    ground: Ground | NoGround
    film_back_mm: float
    error_px: Array


@dataclass(frozen=True)
class _Solving:
    settings: SolveSettings
    job: Job

    def run(self) -> _Found:
        plate, watch = self.job.plate, self.job.watch
        if plate.num_frames < 2:
            raise InputError(f"{self.settings.plate}: one frame shows no camera move; give a clip")
        references = self._references()
        with watch("key"):
            key = make_key(self.settings.key, self.job)
        figures = Figures(lambda i, frame: key.foreground(i, frame).alpha, plate.hw, plate.num_frames)
        film_back = self.settings.film_back or FILM_BACK_MM
        focal = self.settings.focal
        with watch("camera"):
            matchmove = find_camera(
                plate,
                figures,
                references,
                focal_px=None if focal is None else focal.px(plate.hw[1], film_back),
                zoom=self.settings.zoom,
                progress=lambda index: self.job.progress("camera", index + 1, plate.num_frames),
            )
        self._require_solved(matchmove, figures)
        for text in matchmove.notes:
            self.job.notes.add("geometry", text)
        ground = self._ground(matchmove, figures)
        path = matchmove.path
        if isinstance(ground, Ground) and ground.metres_per_unit is not None:
            path = path.scaled(ground.metres_per_unit)
        error = np.zeros(0)
        if matchmove.tracks is not None and matchmove.source == "plate":
            error = track_residuals(matchmove.tracks, matchmove.path)
        return _Found(matchmove, path, ground, film_back, error)

    def _references(self) -> tuple[Reference, ...]:
        return read_references(self.settings.reference, self.job.plate, self.job.notes)

    def _require_solved(self, matchmove: Matchmove, figures: Figures) -> None:
        """A locked-off camera that nothing showed is no solve."""
        if matchmove.source != "none":
            return
        if float(np.nanmean(figures.covered)) > _ALL_COVERED:
            raise InputError(
                f"{self.settings.plate}: the matte covers the whole picture, so no background is left to follow; "
                "check the matte (white is actor), or name the screen's colour (--screen)"
            )
        raise InputError(f"{self.settings.plate}: the camera cannot be solved: {_unsolved(matchmove)}")

    def _ground(self, matchmove: Matchmove, figures: Figures) -> Ground | NoGround:
        if matchmove.solve is None:
            return NoGround("the camera was not solved")
        heights = {"actor_height_m": self.settings.actor_height, "camera_height_m": self.settings.camera_height}
        ground = find_ground(matchmove.path, matchmove.solve.points, figures, **heights)
        asked = [name for name, value in heights.items() if value is not None]
        if asked and (isinstance(ground, NoGround) or ground.metres_per_unit is None):
            why = ground.reason if isinstance(ground, NoGround) else "the actor is never seen from head to feet"
            self.job.notes.add("geometry", f"the camera's unit could not be made a metre: {why}")
        return ground


def _unsolved(matchmove: Matchmove) -> str:
    seen = 0 if matchmove.tracks is None else matchmove.tracks.num_tracks
    return (
        f"its background shows too little ({seen} tracks); markers on the screen, or two "
        "or more overlapping pictures of the place with times (--reference PICTURE@TIME) show it"
    )


def _report(settings: SolveSettings, job: Job, found: _Found) -> Report:
    camera = camera_facts(found.matchmove)
    focal_mm = camera["focal_px"] / job.plate.hw[1] * found.film_back_mm
    camera |= {"focal_mm": round(focal_mm, 3), "film_back_mm": found.film_back_mm}
    per_frame = _per_frame(found, job.plate.num_frames)
    ground = _ground_facts(found.ground)
    own = {
        "format": format_of_output(settings.output, settings.format).name,
        "camera": camera,
        "ground": ground,
        "per_frame": per_frame,
    }
    rows = {}
    if found.matchmove.tracks is not None:
        error = found.error_px if len(found.error_px) else np.full(len(found.matchmove.tracks.track), np.nan)
        shown = sheet_frames(job.frames)
        rows["tracks"] = track_sheet(job.plate, found.matchmove.tracks, error, shown, settings.plate.name)
    more = f"<h2>camera</h2>{table(camera)}{path_plot(found.path)}"
    more += f"<h2>error</h2>{errors_svg(per_frame)}<h2>ground</h2>{table(ground)}"
    return Report(job.facts(settings, own, []), rows, more)


def _per_frame(found: _Found, num_frames: int) -> list[dict[str, Any]]:
    tracks = found.matchmove.tracks
    sigma = _sigma_px(found.matchmove, num_frames)
    out: list[dict[str, Any]] = []
    for index in range(num_frames):
        here = np.zeros(0) if tracks is None or not len(found.error_px) else found.error_px[tracks.frame == index]
        both = np.percentile(here, [50, 95], method="lower").tolist() if len(here) else (math.inf, math.inf)
        own = {"median_px": _number(both[0]), "p95_px": _number(both[1]), "sigma_px": _number(sigma[index])}
        out.append({"frame": index, "tracks": len(here), **own})
    return out


def _sigma_px(matchmove: Matchmove, num_frames: int) -> list[float]:
    """One standard deviation of where the background lies, in pixels of the plate; infinite where it is not known."""
    solve = matchmove.solve
    if solve is None or matchmove.source != "plate":
        return [math.inf] * num_frames
    found: list[float] = (solve.sigma_px * matchmove.path.hw[1] / solve.path.hw[1]).tolist()
    return found


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _ground_facts(ground: Ground | NoGround) -> dict[str, Any]:
    if isinstance(ground, NoGround):
        return {"known": None, "reason": ground.reason}
    scale = ground.metres_per_unit
    unit = scale or 1.0
    return {
        "known": ground.known,
        "unit": "metre" if scale else "unit of the solve",
        "normal": [round(v, 6) for v in ground.normal.tolist()],
        "offset": round(ground.offset * unit, 6),
        "camera_height": round(ground.camera_height * unit, 4),
        "actor_height": _number(ground.actor_height * unit),
        "metres_per_unit": scale,
    }
