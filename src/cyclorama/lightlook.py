"""``cyc light``: the light, the lens and the film of plate and place, read and shown without making the shot."""

from dataclasses import replace
from typing import Any

import numpy as np

from cyclorama.comp import finished, flatten
from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Layers
from cyclorama.core.place import Place
from cyclorama.core.shot import Shot
from cyclorama.engines import make_engine
from cyclorama.filmjob import require_film
from cyclorama.folder import write_whole
from cyclorama.job import Job, Progress, open_job
from cyclorama.light_settings import LightJobSettings
from cyclorama.lightjob import require_light
from cyclorama.project import Analysis
from cyclorama.report import Report
from cyclorama.shot_report import light_of
from cyclorama.tiles import captioned, fitted, grid, png, tile_hw

FILES = ("lighting.json", "film.json", "light.png")
_TILE_AREA = 480 * 270
_ZOOM_SHARE = 0.2  # of the height, what a crop at the actor's edge shows


def read_light(settings: LightJobSettings, progress: Progress = lambda *_: None) -> Report:
    """Do the whole job and return its report. ``InputError`` and its kin say what is wrong and what to do."""
    if not settings.reference:
        raise InputError("no picture of the place was given; add --reference PICTURE")
    shot_settings = settings.shot
    require_light(shot_settings)
    require_film(shot_settings)
    with open_job(shot_settings, progress, folders=(settings.output,), require_output=lambda _: _free(settings)) as job:
        shot, stood, _, film = Analysis(shot_settings, job).run()
        with job.watch("sheet"):
            sheet = _sheet(shot, stood.backdrop, job)
        written: dict[str, str | bytes] = {"light.png": png(sheet), "film.json": film.json()}
        if shot.relighting is not None:
            written["lighting.json"] = shot.relighting.json()
        for name, data in written.items():
            write_whole(settings.output / name, data, settings.output)
        light = light_of(shot)
        lines = [*_lines(light, film.record()), f"written: {settings.output}"]
        own = {"output": str(settings.output), "light": light, "film": film.record(), "lines": lines}
        return Report(job.facts(shot_settings, own, []), {})


def _lines(light: dict[str, Any] | None, film: dict[str, Any]) -> list[str]:
    """What was read, for a person."""
    out = ["light: the actor keeps his own" if light is None else _light_line(light)]
    for name in ("plate", "place"):
        grain, sharp = film[name]["grain"], film[name]["sharpness"]
        words = "unknown" if grain is None else f"{255 * float(np.mean(grain['sigma'])):.1f} of 255"
        blur = "unknown" if sharp is None else f"{sharp['sigma_px']:.2f} px"
        out.append(f"{name}: grain {words}, edges blurred by {blur}")
    shutter = film["plate"]["shutter"]
    if shutter is not None:
        out.append(f"shutter: open {shutter['share']:.2f} of a frame, give or take {shutter['error']:.2f}")
    return out


def _light_line(light: dict[str, Any]) -> str:
    if "stops" not in light:
        return f"light: that of {light['from']}, by {light['strength']:g}"
    white = " ".join(f"{w:.2f}" for w in light["white"])
    key = "no key" if light["key"] is None else "key from " + " ".join(f"{x:.2f}" for x in light["key"])
    course = "" if light["course"] is None else ", over the shot by {:.2f} {:.2f} {:.2f} stops".format(*light["course"])
    return f"light: {light['stops']:+.2f} stops against the stage's, white {white}, {key}, from {light['from']}{course}"


def _free(settings: LightJobSettings) -> None:
    for name in FILES:
        if (settings.output / name).exists() and not settings.overwrite:
            raise InputError(
                f"{settings.output / name}: it exists already; choose another folder or replace it (--overwrite)"
            )


def _sheet(shot: Shot, backdrop: Place, job: Job) -> Array:
    """The middle frame as shot, plain and finished, whole and at the actor's edge; and where the light changes, the two
    frames that differ most."""
    index = len(job.frames) // 2
    engine = make_engine("geometry")
    bare = replace(shot, relighting=None, relit=None, shadowing=None, mirroring=None, film=None)
    plain = engine.render(bare, backdrop, index)
    done = engine.render(shot, backdrop, index)
    pictures = {
        "plate": shot.plate.frame(index),
        "plain": flatten(plain),
        "light and film": finished(done, shot.film),
    }
    codes = {name: code8_from_linear(p) for name, p in pictures.items()}
    hw = tile_hw(done.place.color.shape[:2], _TILE_AREA)
    window = _window(done)
    side = max(1, hw[1] // (window[1].stop - window[1].start))
    close = [c[window].repeat(side, 0).repeat(side, 1) for c in codes.values()]
    whole = [captioned(fitted(c, hw), name) for name, c in codes.items()]
    zoomed = [captioned(c, f"{name}, {side}:1") for name, c in zip(codes, close)]
    rows = [whole, zoomed]
    if shot.relighting is not None and shot.relighting.course:
        rows.append([_tile(shot, backdrop, i, hw) for i in _extremes(shot.relighting.course)])
    return grid(rows, f"{job.plate_path.name}: frame {index}")


def _extremes(course: tuple[tuple[float, float, float], ...]) -> list[int]:
    """The two frames whose lights differ most, in the channel that changes most."""
    stops = np.array(course)
    widest = stops[:, int(np.argmax(np.ptp(stops, 0)))]
    return [int(widest.argmin()), int(widest.argmax())]


def _tile(shot: Shot, backdrop: Place, index: int, hw: tuple[int, int]) -> Array:
    done = finished(make_engine("geometry").render(shot, backdrop, index), shot.film)
    return captioned(fitted(code8_from_linear(done), hw), f"light and film, frame {index}")


def _window(layers: Layers) -> tuple[slice, slice]:
    """A square about the right edge of the actor, high up, or in the middle where there is none."""
    alpha = layers.joint.alpha
    h, w = alpha.shape
    side = max(1, min(h, w, round(_ZOOM_SHARE * h)))
    rows, columns = np.nonzero(alpha > 0.5)
    y, x = h // 2, w // 2
    if len(rows):
        y = int(rows.min() + side // 2)
        x = int(columns[rows <= y].max())
    top, left = (int(np.clip(at - side // 2, 0, n - side)) for at, n in ((y, h), (x, w)))
    return slice(top, top + side), slice(left, left + side)
