"""The second job: a plate in, its keyed actor out.

plate ──> key ──> foreground ──> output
                      └──> check sheets, mattes, report
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from cyclorama.checksheet import CheckSheets
from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Foreground, Key, foregrounds_of, joined
from cyclorama.job import Job, Progress, open_job, write_frames
from cyclorama.keying import make_key, screen_key_of
from cyclorama.mattes import MATTE, Masks
from cyclorama.matting import ScreenKey, ScreenModel
from cyclorama.media import (
    KEYED_CODECS,
    ClipWriter,
    ForegroundFormat,
    ForegroundSettings,
    codec_of,
    is_sequence,
    open_foreground_writer,
    open_matte_writer,
)
from cyclorama.report import Report, sheet_frames, table
from cyclorama.settings import KeyJobSettings

_ALL_ACTOR, _NO_ACTOR = 0.98, 0.001
"""Mean shares of the picture from which a key that took nothing off, or everything, is suspected."""
_CURE = "name the screen's colour (--screen #rrggbb), and check the controls and mattes made by hand, if there are any"


def key_plate(settings: KeyJobSettings, progress: Progress = lambda *_: None) -> Report:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    _require_format(settings)
    with open_job(settings, progress, folders=() if settings.sheet is None else (settings.sheet,)) as job:
        if job.before is not None:
            return job.before
        shown = sheet_frames(job.frames)
        if settings.sheet is not None:
            _require_free(settings.sheet, settings, shown)
        asked = settings.sheet is not None or settings.work is not None
        with job.watch("key"):
            key = make_key(settings.key, job, with_spill=asked)
        screen = screen_key_of(key)
        sheets = CheckSheets(settings.plate.name, shown, screen)
        tally = Tally()
        if settings.only_matte:
            output: ClipWriter[Any] = open_matte_writer(settings.output, job.folder.job, job.spec)
        else:
            colour = settings.write.colour or getattr(job.plate, "hdr", None)
            wanted = ForegroundSettings(settings.write.codec, settings.straight, colour)
            output = open_foreground_writer(
                settings.output, job.folder.job, job.spec, notes=job.notes, sound=job.sound, settings=wanted
            )

        def make(frames: range) -> Iterator[tuple[Any, Masks]]:
            keyed = _keyed(job, key, tally, sheets if asked else None, frames)
            return ((f.alpha, masks) for f, masks in keyed) if settings.only_matte else keyed

        done = write_frames(job, output, make, stage="key", memories={"tally": tally, "sheets": sheets})
        report = _report(settings, job, screen, tally, sheets)
        files = {} if settings.sheet is None else {settings.sheet / n: data for n, data in sheets.files().items()}
        job.end(done, report, overwrite=settings.overwrite, files=files)
        return report


def _require_format(settings: KeyJobSettings) -> None:
    """Refuse, before any work, what the output's name cannot hold."""
    if not settings.only_matte:
        ForegroundFormat.of(settings.output)
        codec_of(settings.output, settings.write.codec, KEYED_CODECS)
        return
    if settings.output.suffix.lower() != ".png":
        raise InputError(f"{settings.output}: a matte alone is written as 16-bit grey frames; name it NAME%04d.png")
    if settings.straight is not None:
        raise InputError("--only-matte writes no colour; leave out --straight and --premultiplied")
    if settings.write.codec not in (None, "png16"):
        raise InputError("--only-matte writes 16-bit grey PNG; leave out --codec")


def _require_free(folder: Path, settings: KeyJobSettings, shown: tuple[int, ...]) -> None:
    """Refuse a folder of check sheets that holds frames, or sheets that may not be replaced."""
    frames = [p for p in settings.inputs if p.is_dir()]
    frames += [settings.output.parent] if is_sequence(settings.output) else []
    if any(folder.samefile(other) for other in frames):
        raise InputError(f"{folder}: it holds frames; give the check sheets (--sheet) a folder of their own")
    for name in CheckSheets.names(shown):
        if (folder / name).exists() and not settings.overwrite:
            raise InputError(f"{folder / name}: it exists already; choose another folder or replace it (--overwrite)")


def _keyed(
    job: Job, key: Key, tally: "Tally", sheets: CheckSheets | None, frames: range
) -> Iterator[tuple[Foreground, Masks]]:
    """Frame by frame: all layers as one, and the alpha of each."""
    for index in frames:
        plate = job.plate.frame(index)
        actors = foregrounds_of(key, index, plate)
        foreground = joined(actors)
        tally.add(index, foreground.alpha)
        if sheets is not None and sheets.wants(index):
            sheets.add(index, plate, foreground)
        yield foreground, {MATTE: [a.alpha for a in actors]}


class Tally:
    """What is counted of every frame's alpha."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[float, float]] = {}

    @property
    def covered(self) -> list[float]:
        """Mean alpha of every frame."""
        return [self._counts[f][0] for f in sorted(self._counts)]

    @property
    def partial(self) -> list[float]:
        """Share of every frame's pixels that are neither clear nor opaque in 8 bits."""
        return [self._counts[f][1] for f in sorted(self._counts)]

    def add(self, frame: int, alpha: Array) -> None:
        covered, partial = _count(np.ascontiguousarray(alpha))
        self._counts[frame] = (covered / alpha.size, partial / alpha.size)

    def told(self, frames: range) -> dict[str, Array]:
        return {"counts": np.array([self._counts[f] for f in frames])}

    def recall(self, frames: range, told: Mapping[str, Array]) -> None:
        self._counts |= {f: (a, b) for f, (a, b) in zip(frames, told["counts"].tolist())}

    @property
    def flicker(self) -> float | None:
        """How the actor's area jumps between frames: the mean of |a(t) - (a(t-1) + a(t+1)) / 2| over the mean area, so
        that an actor who comes nearer at an even pace counts nothing; None when it cannot be told."""
        area = np.array(self.covered)
        if len(area) < 3 or area.mean() <= 0:
            return None
        return float(np.abs(area[1:-1] - (area[:-2] + area[2:]) / 2).mean() / area.mean())

    def facts(self) -> dict[str, Any]:
        flicker = self.flicker
        return {
            "actor_percent": round(100 * float(np.mean(self.covered)), 2),
            "partial_percent": round(100 * float(np.mean(self.partial)), 2),
            "flicker_percent": None if flicker is None else round(100 * flicker, 3),
        }

    def warnings(self) -> list[str]:
        """What is wrong with a key of a screen, and the remedy."""
        covered = float(np.mean(self.covered))
        if covered > _ALL_ACTOR:
            return [f"nearly the whole picture was taken for the actor; {_CURE}"]
        if covered < _NO_ACTOR:
            return [f"hardly anything was taken for the actor; {_CURE}"]
        return []


@njit(cache=True, nogil=True)
def _count(alpha: Array) -> tuple[float, int]:
    """The sum of alpha, and how many pixels round neither to 0 nor to 255."""
    low = np.float32(0.5 / 255)
    high = np.float32(1.0) - low
    total, partial = 0.0, 0
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            a = alpha[y, x]
            total += a
            partial += low <= a < high
    return total, partial


def _report(settings: KeyJobSettings, job: Job, key: ScreenKey | None, tally: Tally, sheets: CheckSheets) -> Report:
    screen = None if key is None else screen_facts(key.model)
    matte = tally.facts()
    wanted = ForegroundFormat.of(settings.output, settings.straight)
    alpha = "alone" if settings.only_matte else "straight" if wanted.straight else "premultiplied"
    own = {"alpha": alpha, "matte": matte, "screen": screen}
    more = f"<h2>matte</h2>{table(matte)}"
    if screen is not None:
        more += f"<h2>screen</h2>{table({k: v for k, v in screen.items() if k != 'notes'})}"
    return Report(job.facts(settings, own, tally.warnings() if screen else []), sheets.strips(), more)


def screen_facts(model: ScreenModel) -> dict[str, Any]:
    """What was found of the screen, for the report."""
    red, green, blue = code8_from_linear(np.array(model.rgb, np.float32)).tolist()
    return {
        "colour": model.screen,
        "srgb": f"#{red:02x}{green:02x}{blue:02x}",
        "linear": [round(c, 5) for c in model.rgb],
        "difference_level": round(model.level, 5),
        "noise_percent": round(100 * model.noise, 3),
        "shading_percent": round(100 * model.shading, 2),
        "bounce_percent": round(100 * model.bounce, 2),
        "tolerance": round(model.tolerance, 4),
        "marker": None if model.marker is None else {"size_percent": round(100 * model.marker.size, 2)},
        "surround": model.surround,
        "notes": list(model.notes),
    }
