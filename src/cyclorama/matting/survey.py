"""Walks a shot's samples once the screen's colour is known: noise, shading, markers, black bars, surround."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matting.chroma import difference_plane
from cyclorama.matting.frame import look_at, solid_actor
from cyclorama.matting.regions import grown, peak_colors, screen_hull
from cyclorama.matting.screen import Bars, Marker, ScreenModel
from cyclorama.matting.spill import measure_bounce

_BLACK = 0.004
"""Linear value under which a border counts as black."""
_MARKER_EXTENT = 0.12
"""Greatest extent of a marker as a share of the picture's height."""
_SHADING = 3.5
"""Shading is so many times the 85th percentile of the bare screen's raw alpha (a wrinkled screen is so all over; a few
soft marker edges or wisps of hair do not move it)."""
_LEAST_SURROUND = 0.02
"""Share of the picture outside the screen's outline from which the screen counts as ending inside the picture."""


@dataclass(frozen=True)
class _Sight:
    """What one frame shows. ``marks``: rows of extent (share of the height) and rgb. ``actor``, ``outside``: shares of
    the picture."""

    noise: float
    shading: float
    marks: Array
    actor: float
    outside: float


def find_bars(samples: list[Array]) -> Bars:
    """Borders that stay black over all samples."""
    brightest = np.zeros(samples[0].shape[:2], np.float32)
    for sample in samples:
        for c in range(3):
            np.maximum(brightest, sample[..., c], out=brightest)
    h, w = brightest.shape
    rows = np.percentile(brightest, 98, axis=1) < _BLACK
    columns = np.percentile(brightest, 98, axis=0) < _BLACK

    def run(flags: Array) -> int:
        return int(np.argmin(flags)) if flags.any() and not flags.all() else 0

    return Bars(run(rows) / h, run(rows[::-1]) / h, run(columns) / w, run(columns[::-1]) / w)


def survey(samples: list[Array], given: list[Array | None], draft: ScreenModel) -> ScreenModel:
    """``draft`` completed with what its samples show. ``given``: their clean plates, where the crew shot them."""
    sights = [_look(picture, clean, draft) for picture, clean in zip(samples, given)]
    model = replace(
        draft,
        noise=float(np.median([s.noise for s in sights])),
        shading=float(np.median([s.shading for s in sights])),
        marker=_agree([s.marks for s in sights], draft),
        surround=float(np.median([s.outside for s in sights])) > _LEAST_SURROUND,
    )
    solid = np.concatenate([solid_actor(picture, model, clean) for picture, clean in zip(samples, given)])
    model = replace(model, bounce=measure_bounce(solid, model.rgb))
    return replace(model, notes=_notes(model, max(s.actor for s in sights)))


def _look(picture: Array, given: Array | None, draft: ScreenModel) -> _Sight:
    look = look_at(picture, draft, given)
    alpha, like = look.alpha, look.like
    marks, actor = _find_marks(picture, alpha, like)
    outside = float(1.0 - screen_hull(draft.bars.inside(like)).mean())
    return _Sight(_noise(look.difference, like), _shading(alpha, like), marks, actor, outside)


def _noise(difference: Array, like: Array) -> float:
    """Standard deviation of the screen's fine grain, as a share of its level."""
    flat = cv2.erode(like, np.ones((5, 5), np.uint8)) > 0
    if flat.sum() < 50:
        return 0.02
    share = difference / max(float(np.median(difference[flat])), 1e-6)
    grain = share - cv2.GaussianBlur(share, (0, 0), 1.5)
    return 1.4826 * float(np.median(np.abs(grain[flat])))


def _shading(alpha: Array, like: Array) -> float:
    """Raw alpha that the bare screen's wrinkles reach."""
    things = cv2.morphologyEx(((alpha > 0.5) & (like == 0)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    away = (cv2.erode(like, np.ones((3, 3), np.uint8)) > 0) & (grown(things, len(alpha) // 20) == 0)
    return _SHADING * float(np.percentile(alpha[away], 85)) if away.sum() >= 50 else 0.0


def _find_marks(picture: Array, alpha: Array, like: Array) -> tuple[Array, float]:
    """Small islands in the screen, dark or coloured; and the share of the picture that larger things fill."""
    h, w = alpha.shape
    mask = (alpha > 0.25).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    peak, color = peak_colors(labels, alpha, picture, count)
    extent = stats[:, 2:4].max(1) / h
    x, y, width, height, area = stats.T[:5]
    whole = (x > 0) & (y > 0) & (x + width < w) & (y + height < h)
    small = whole & (extent < _MARKER_EXTENT) & (peak > 0.5) & (area >= 4)
    around = cv2.blur(like.astype(np.float32), (9, 9))
    solid = [n > 0 and bool(small[n]) and _surrounded(around, stats[n]) for n in range(count)]
    large = ~small & (peak > 0.5) & (area > (0.02 * h) ** 2)
    large[0] = False
    return np.column_stack([extent, color])[solid], float(area[large].sum() / alpha.size)


def _surrounded(around: Array, box: Array) -> bool:
    """Screen on all sides of a box."""
    x, y, w, h = (int(v) for v in box[:4])
    rim = around[max(0, y - 3) : y + h + 3, max(0, x - 3) : x + w + 3]
    return bool(min(rim[0].min(), rim[-1].min(), rim[:, 0].min(), rim[:, -1].min()) > 0.35)


def _agree(marks: list[Array], draft: ScreenModel) -> Marker | None:
    """Markers are many, in most frames, alike in size and colour, and not of the screen's colour as its shadows are."""
    if np.median([len(m) for m in marks]) < (3 if len(marks) > 2 else 6):
        return None
    rows = np.concatenate(marks)
    low, middle, high = np.percentile(rows[:, 0], (20, 50, 90))
    rgb = np.median(rows[:, 1:], axis=0).astype(np.float32)
    stray = np.median(np.abs(rows[:, 1:] - rgb).max(1))
    k, i, _, mix = draft.difference
    left = float(difference_plane(rgb[None, None], k, i, mix)[0, 0]) / draft.level
    if high - low > 1.2 * middle or stray > 0.15 * draft.level or left > 0.25:
        return None
    return Marker(float(high), (float(rgb[0]), float(rgb[1]), float(rgb[2])))


def _notes(model: ScreenModel, actor: float) -> tuple[str, ...]:
    notes = []
    if model.bars.any:
        notes.append("The plate's constant black borders were taken for bars: transparent in a key, black in a shot.")
    if model.marker is not None:
        notes.append("Small marks of one colour on the screen were taken for tracking markers and keyed with it.")
    if model.surround:
        notes.append(
            "The screen ends inside the picture: what lies outside its outline was made transparent, and what stands "
            "inside it was kept, actor or not; give a garbage matte where that is wrong."
        )
    if actor < 0.001:
        notes.append("No actor was found in front of the screen.")
    return tuple(notes)
