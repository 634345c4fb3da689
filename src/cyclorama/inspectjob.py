"""``cyc inspect``: a plate looked at before the work, what trouble to expect of it and what would help."""

import math
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama import __version__
from cyclorama.check_settings import InspectSettings
from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError
from cyclorama.job import Progress
from cyclorama.keying import screen_rgb
from cyclorama.matting import ScreenModel, analyse_screen, seen_screen
from cyclorama.media import ClipReader, Notes, open_clip
from cyclorama.media.gate import open_container
from cyclorama.media.index import choose_stream
from cyclorama.preflight import PictureLook, ScreenLook, look_of, screen_look
from cyclorama.trouble import Trouble, troubles_of

_SAMPLES = 9


@dataclass(frozen=True)
class Inspection:
    """``facts``: what ``--json`` prints. ``troubles``: the worst first."""

    facts: dict[str, Any]
    troubles: tuple[Trouble, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was assumed of the file."""
        return tuple(self.facts["assumed"])

    def lines(self) -> list[str]:
        """For a person: what it is, then what to expect."""
        media, picture, screen = (self.facts[name] for name in ("media", "picture", "screen"))
        size, long = f"{media['size'][0]}x{media['size'][1]}", f"{media['seconds']} s"
        kind = " ".join(str(media[k]) for k in ("codec", "pixels") if media[k])
        out = [
            f"{self.facts['plate']}: {media['frames']} frames of {size} at {media['rate']}, {long} {kind}",
            f"picture: grain {picture['grain']} of 255, edges blurred by {_words(picture['blur_px'])} px, "
            f"{picture['clipped_percent']} % clipped",
        ]
        if screen is None:
            out.append("screen: none")
        else:
            marks = f"markers of {screen['marker_px']:.0f} px" if screen["marker_px"] else "no markers"
            out.append(
                f"screen: {screen['colour']} {screen['code']}, {screen['share_percent']} % of the picture, "
                f"{screen['stops']} stops between dark and bright, {marks}"
            )
        for trouble in self.troubles:
            out += [f"! {trouble.what}", f"  {trouble.remedy}"]
        return out if self.troubles else [*out, "no trouble is to be expected"]


def inspect_plate(settings: InspectSettings, progress: Progress = lambda *_: None) -> Inspection:
    """Look at a plate and tell what to expect. ``InputError`` when it cannot be read."""
    notes = Notes()
    with closing(open_clip(settings.plate, notes=notes)) as clip:
        frames = sorted({round(f) for f in np.linspace(0, clip.num_frames - 1, _SAMPLES).tolist()})
        model = _screen(clip, settings.screen)
        looks: list[PictureLook] = []
        screens: list[ScreenLook] = []
        for count, index in enumerate(frames):
            picture = clip.frame(index)
            looks.append(look_of(picture))
            if model is not None:
                seen = _seen(picture, model)
                screens.append(screen_look(model.bars.inside(picture), seen, model.difference[0]))
            progress("inspect", count + 1, len(frames))
        facts = {
            "plate": str(settings.plate),
            "version": __version__,
            "media": _media(settings.plate, clip),
            "picture": _picture(looks),
            "screen": None if model is None else _screen_facts(model, screens, clip.hw),
            "assumed": [*notes.texts(), *(() if model is None else model.notes)],
        }
    troubles = troubles_of(facts)
    return Inspection({**facts, "troubles": [{"what": t.what, "remedy": t.remedy} for t in troubles]}, troubles)


def _screen(clip: ClipReader, given: str | None) -> ScreenModel | None:
    """The screen; None where no colour was named and none was found."""
    if given is not None:
        return analyse_screen(clip, screen_rgb=screen_rgb(given))
    try:
        return analyse_screen(clip)
    except InputError:
        return None


def _seen(picture: Array, model: ScreenModel) -> Array:
    seen: Array = seen_screen(np.ascontiguousarray(model.bars.inside(picture)), model) > 0
    return seen


def _media(path: Path, clip: ClipReader) -> dict[str, Any]:
    steps = [float(b - a) for a, b in pairwise(clip.timestamps_s)]
    own: dict[str, Any] = {"codec": None, "pixels": None, "bits_a_pixel": None}
    if path.is_file():
        with open_container(path) as container:
            context = choose_stream(container, path, Notes()).codec_context
            own["codec"], own["pixels"] = context.name, context.pix_fmt
        own["bits_a_pixel"] = round(path.stat().st_size * 8 / (clip.num_frames * clip.hw[0] * clip.hw[1]), 4)
    return {
        "frames": clip.num_frames,
        "size": [clip.hw[1], clip.hw[0]],
        "rate": str(clip.rate),
        "seconds": round(float(clip.timestamps_s[-1]) + 1 / float(clip.rate), 3),
        "variable_rate": bool(steps) and max(steps) > 1.5 * min(steps),
        **own,
    }


def _picture(looks: list[PictureLook]) -> dict[str, Any]:
    blurs = [x.blur_px for x in looks if math.isfinite(x.blur_px)]
    return {
        "grain": round(float(np.median([x.grain for x in looks])), 2),
        "blur_px": round(float(np.median(blurs)), 2) if blurs else None,
        "blur_worst_px": round(max(blurs), 2) if blurs else None,
        "clipped_percent": round(100 * float(np.mean([x.clipped for x in looks])), 2),
        "crushed_percent": round(100 * float(np.mean([x.crushed for x in looks])), 2),
    }


def _screen_facts(model: ScreenModel, looks: list[ScreenLook], hw: tuple[int, int]) -> dict[str, Any]:
    code = code8_from_linear(np.array([[model.rgb]], np.float32))[0, 0]
    return {
        "colour": model.screen,
        "code": "#" + "".join(f"{int(c):02x}" for c in code),
        "share_percent": round(100 * float(np.median([x.share for x in looks])), 1),
        "stops": round(float(np.median([x.stops for x in looks])), 2),
        "clipped_percent": round(100 * float(np.mean([x.clipped for x in looks])), 2),
        "noise_percent": round(100 * model.noise, 2),
        "wrinkles": round(model.shading, 3),
        "even": model.is_even,
        "bounce": round(model.bounce, 3),
        "marker_px": None if model.marker is None else round(model.marker.size * hw[0], 1),
        "ends_inside": model.surround,
        "bars": model.bars.any,
    }


def _words(value: float | None) -> str:
    return "an unknown number of" if value is None else f"{value}"
