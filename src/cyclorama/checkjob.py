"""The third job: a finished shot and the camera it should move with in, how far its background slips out."""

import json
import math
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cyclorama.check_settings import CheckSettings
from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.folder import write_whole
from cyclorama.job import Progress
from cyclorama.matchmove import SlipCheck, check_slip, read_camera
from cyclorama.media import ClipReader, MatteClip, Notes, open_clip, open_matte
from cyclorama.media.gate import writing
from cyclorama.report import Stopwatch, record
from cyclorama.slip_plot import slip_svg
from cyclorama.stmaps import with_given_lens

_JSON, _PLOT = "check.json", "check.svg"


@dataclass(frozen=True)
class CheckReport:
    """``facts``: what ``check.json`` holds. ``check``: the measurement."""

    facts: dict[str, Any]
    check: SlipCheck

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should read."""
        return (*self.facts["warnings"], *self.facts["assumed"])


def check_shot(settings: CheckSettings, progress: Progress = lambda *_: None) -> CheckReport:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    camera = _camera_file(settings)
    notes, watch = Notes(), Stopwatch()
    with ExitStack() as stack:
        shot = open_clip(settings.finished, notes=notes)
        stack.callback(shot.close)
        path = read_camera(camera, hw=shot.hw, num_frames=shot.num_frames)
        if settings.stmap is not None:
            path, found = with_given_lens(path, settings.stmap)
            notes.add("geometry", found)
        mattes = tuple(stack.enter_context(closing(_matte(p, shot, notes))) for p in _matte_paths(settings))
        if not mattes:
            notes.add("input", "no matte was given (--matte), so the actor was looked at too: he goes his own way")
        with watch("check"):
            check = check_slip(
                shot,
                path,
                lambda index, frame: _actor(mattes, index, frame),
                lambda index: progress("check", index + 1, shot.num_frames),
            )
        facts = _facts(settings, shot, check, notes, watch)
    folder = settings.output or settings.work
    if folder is not None:
        _keep(folder, _JSON, json.dumps(facts, indent=1) + "\n")
        _keep(folder, _PLOT, slip_svg(check, f"{settings.finished.name}: {check.verdict}"))
    return CheckReport(facts, check)


def _camera_file(settings: CheckSettings) -> Path:
    if settings.camera is not None:
        return settings.camera
    if settings.work is None:
        raise InputError("no camera was given; add --camera camera.json, or --work with the folder of cyc replace")
    return settings.work / "camera.json"


def _matte_paths(settings: CheckSettings) -> tuple[Path, ...]:
    """The mattes that were given; else those of the work folder, one or a folder a layer; else none."""
    if settings.matte or settings.work is None:
        return settings.matte
    kept = settings.work / "matte"
    if not kept.is_dir():
        return ()
    layers = sorted(p for p in kept.iterdir() if p.is_dir())
    return tuple(layers) or (kept,)


def _matte(path: Path, shot: ClipReader, notes: Notes) -> MatteClip:
    matte = open_matte(path, notes=notes)
    if (matte.num_frames, matte.hw) != (shot.num_frames, shot.hw):
        matte.close()
        raise InputError(
            f"{path}: the matte must have the shot's {shot.num_frames} frames of {shot.hw[1]}x{shot.hw[0]}, got "
            f"{matte.num_frames} of {matte.hw[1]}x{matte.hw[0]}; export it for the finished shot"
        )
    return matte


def _actor(mattes: tuple[MatteClip, ...], index: int, frame: Array) -> Array:
    """All actors of a frame, at its size."""
    total = np.zeros(frame.shape[:2], np.float32)
    for matte in mattes:
        alpha = cv2.resize(matte.alpha(index), total.shape[::-1], interpolation=cv2.INTER_AREA)
        np.maximum(total, alpha, out=total)
    return total


def _facts(
    settings: CheckSettings, shot: ClipReader, check: SlipCheck, notes: Notes, watch: Stopwatch
) -> dict[str, Any]:
    right, down = check.drift_px
    own = {
        "finished": str(settings.finished),
        "frames": shot.num_frames,
        "size": [shot.hw[1], shot.hw[0]],
        "rate": str(shot.rate),
        "verdict": check.verdict,
        "sentence": check.sentence(),
        "measured_frames": int(check.measured.sum()),
        "slip_px": {"median": _number(check.slip_px[0]), "p95": _number(check.slip_px[1])},
        "limit_px": _number(check.limit_px),
        "drift_px": {"right": _number(right), "down": _number(down), "unsure": _number(_middle(check.unsure_px))},
        "jitter_px": _number(check.jitter_px),
        "worst": {"frame": check.worst[0], "shared_px": _number(check.worst[1])},
        "stray_percent": round(100 * check.stray, 1),
        "seen_px": _number(check.seen_px),
        "turned_px": _number(check.turned_px),
        "per_frame": [
            {
                "frame": index,
                "median_px": _number(check.median_px[index]),
                "p95_px": _number(check.p95_px[index]),
                "shared_px": [_number(v) for v in check.step_px[index].tolist()],
                "points": int(check.num_points[index]),
            }
            for index in range(shot.num_frames)
        ],
    }
    return record(settings, own, notes.texts(), check.notes(), watch)


def _middle(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan


def _number(value: float) -> float | None:
    """As JSON holds it; None where there is none."""
    return round(float(value), 4) if math.isfinite(value) else None


def _keep(folder: Path, name: str, text: str) -> None:
    with writing(folder / name):
        folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, text, folder)
