"""Finds the screen of a shot, without being told its colour."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError
from cyclorama.matting.chroma import difference_of
from cyclorama.matting.clean_plate import CleanPlate
from cyclorama.matting.frame import seen_screen
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.survey import find_bars, survey

_MOST_SAMPLES = 48
_PROXY_SIDE = 480
_LEAST_SHARE = 0.06
"""Least share of the picture that a screen fills."""
_DOMINANCE = 1.2
"""Least ratio of a screen's channel to the larger of the others, linear."""
_REMEDY = "give --matte for ordinary footage, or --screen with the screen's colour"


@dataclass(frozen=True)
class _Cluster:
    """Pixels of one chroma. ``share``: of the picture. ``roughness``: typical relative step between neighbours."""

    rgb: tuple[float, float, float]
    tolerance: float
    share: float
    compactness: float
    roughness: float


def analyse_screen(
    clip: Clip, *, screen_rgb: tuple[float, float, float] | None = None, clean: CleanPlate | None = None
) -> ScreenModel:
    """The shot's screen, from one pass over at most 48 evenly spaced frames of a proxy.

    ``screen_rgb``: the screen's colour, scene-linear Rec.709, when the user gives it. ``clean``: the clean plate, where
    the crew shot one. ``InputError`` when the shot shows no green or blue screen.
    """
    small = clip.proxy(_PROXY_SIDE)
    count = min(_MOST_SAMPLES, small.num_frames)
    chosen = np.unique(np.linspace(0, small.num_frames - 1, count).round().astype(int))
    samples = [small.frame(int(index)) for index in chosen]
    bars = find_bars(samples)
    few = np.stack([bars.inside(s) for s in samples[:: max(1, len(samples) // 6)]])
    found = [_given_cluster(few, screen_rgb)] if screen_rgb is not None else _screens_of(few)
    cluster = found[0]
    k = difference_of(cluster.rgb)[0]
    screen: Literal["green", "blue"] = "green" if k == 1 else "blue"
    draft = ScreenModel(
        screen=screen,
        rgb=cluster.rgb,
        difference=difference_of(cluster.rgb),
        level=0.0,
        tolerance=cluster.tolerance,
        noise=0.02,
        shading=1.0,
        bounce=0.0,
        marker=None,
        bars=bars,
        surround=False,
        notes=(),
    )
    k, i, j, mix = draft.difference
    rgb = cluster.rgb
    draft = replace(draft, level=rgb[k] - max(rgb[i], (1 - mix) * rgb[i] + mix * rgb[j]))
    given = [None if clean is None else clean.picture(int(at), small.hw) for at in chosen]
    if any(picture is not None and seen_screen(picture, draft).mean() < _LEAST_SHARE for picture in given):
        raise InputError(
            f"the clean plate shows no {draft.screen} screen; give the empty screen as the plate's light was"
        )
    model = survey(samples, given, draft)
    return model if len(found) == 1 else replace(model, notes=(_two_screens(found), *model.notes))


def _screens_of(pictures: Array) -> list[_Cluster]:
    """The screens that are seen, the larger one first; ``InputError`` when there is none."""
    found = [c for c in (_cluster_of(pictures, k, None) for k in (1, 2)) if c is not None]
    screens = [c for c in found if _is_screen(c)]
    if not screens:
        raise InputError(f"no green or blue screen was found in the plate; {_REMEDY}")
    return sorted(screens, key=lambda c: -c.share)


def _two_screens(found: list[_Cluster]) -> str:
    words = [f"{'green' if c.rgb[1] > c.rgb[2] else 'blue'} ({100 * c.share:.0f} % of the picture)" for c in found]
    return (
        f"Two screens were found, {words[0]} and {words[1]}: the first was keyed and the second kept; name the other "
        "with --screen, or cover it with a garbage matte."
    )


def _is_screen(cluster: _Cluster) -> bool:
    """Large, of one chroma, smooth and saturated. Green screens go from lime to teal; blue ones are never as cyan as
    most skies."""
    low, middle, high = sorted(cluster.rgb)
    green = cluster.rgb[1] == high
    saturated = low <= 0.36 * high and middle <= (0.75 if green else 0.5) * high
    whole = cluster.share >= _LEAST_SHARE and cluster.compactness >= 0.5
    return saturated and whole and cluster.roughness <= 0.05


def _given_cluster(pictures: Array, screen_rgb: tuple[float, float, float]) -> _Cluster:
    key = max(screen_rgb[1], screen_rgb[2])
    if not key > _DOMINANCE * max(screen_rgb[0], min(screen_rgb[1], screen_rgb[2])):
        raise InputError(f"a screen's colour must be green or blue, got {_code(screen_rgb)}; {_REMEDY}")
    cluster = _cluster_of(pictures, 1 if key == screen_rgb[1] else 2, screen_rgb)
    if cluster is None or cluster.share < 0.005:
        raise InputError(
            f"no screen of the colour {_code(screen_rgb)} was found in the plate; give the colour that a viewer shows "
            "there, or --matte for ordinary footage"
        )
    return cluster


def _code(rgb: tuple[float, float, float]) -> str:
    """A scene-linear colour as a user writes it."""
    return "#" + "".join(f"{int(c):02x}" for c in code8_from_linear(np.array([[rgb]], np.float32))[0, 0])


def _cluster_of(pictures: Array, k: int, near: tuple[float, float, float] | None) -> _Cluster | None:
    """The densest chroma whose largest channel is ``k`` (near a colour, when one is given)."""
    i, j = (c for c in range(3) if c != k)
    key = pictures[..., k]
    candidate = (key > 0.015) & (key > _DOMINANCE * np.maximum(pictures[..., i], pictures[..., j]))
    if candidate.sum() < 100:
        return None
    ratios = pictures[candidate][:, [i, j]] / key[candidate][:, None]
    if near is None:
        edges = np.linspace(0.0, 1.0, 41)
        counts, _, _ = np.histogram2d(ratios[:, 0], ratios[:, 1], bins=(edges, edges))
        peak = np.unravel_index(np.argmax(cv2.GaussianBlur(counts, (5, 5), 0)), counts.shape)
        centre = (np.array(peak) + 0.5) / 40.0
    else:
        centre = np.array([near[i], near[j]]) / near[k]
    for radius in (0.2, 0.12):
        members = np.abs(ratios - centre).max(1) < radius
        if members.sum() < 50:
            return None
        centre = np.median(ratios[members], axis=0)
    members = np.abs(ratios - centre).max(1) < 0.15
    spread = 1.4826 * np.median(np.abs(ratios[members] - centre), axis=0).max()
    level = float(np.median(key[candidate][members]))
    rgb = [level, level, level]
    rgb[i], rgb[j] = level * float(centre[0]), level * float(centre[1])
    flags = np.zeros(key.shape, bool)
    flags[candidate] = members
    return _Cluster(
        (rgb[0], rgb[1], rgb[2]),
        float(np.clip(5 * spread, 0.1, 0.25)),
        float(members.sum() / key.size),
        float(members.mean()),
        _roughness(key, flags),
    )


def _roughness(key: Array, flags: Array) -> float:
    """Median relative step of the screen's channel between neighbours that both belong."""
    both = flags[..., 1:] & flags[..., :-1]
    if both.sum() < 50:
        return 1.0
    a, b = key[..., 1:][both], key[..., :-1][both]
    return float(np.median(np.abs(a - b) / (a + b)))
