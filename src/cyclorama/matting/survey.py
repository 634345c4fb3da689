"""Walks a shot's samples once the screen's colour is known: noise, markers, black bars, surround."""

from dataclasses import replace

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matting.chroma import DARKEST, difference_plane, screen_like
from cyclorama.matting.frame import CELL, clean_cells, raw_alpha
from cyclorama.matting.regions import ellipse, peak_colors, screen_hull
from cyclorama.matting.screen import Bars, Marker, ScreenModel

_BLACK = 0.004
"""Linear value under which a border counts as black."""
_MARKER_EXTENT = 0.12
"""Greatest extent of a marker as a share of the picture's height."""


def find_bars(samples: list[Array]) -> Bars:
    """Borders that stay black over all samples."""
    brightest = np.max([s.max(2) for s in samples], axis=0)
    h, w = brightest.shape
    rows = np.percentile(brightest, 98, axis=1) < _BLACK
    columns = np.percentile(brightest, 98, axis=0) < _BLACK

    def run(flags: Array) -> int:
        return int(np.argmin(flags)) if flags.any() and not flags.all() else 0

    top, bottom, left, right = run(rows), run(rows[::-1]), run(columns), run(columns[::-1])
    return Bars(top / h, bottom / h, left / w, right / w)


def survey(samples: list[Array], draft: ScreenModel) -> ScreenModel:
    """``draft`` completed with what its samples show."""
    noises, shades, marks, actors, outsides = [], [], [], [], []
    k, i, _, mix = draft.difference
    for picture in samples:
        difference = difference_plane(picture, k, i, mix)
        clean = clean_cells(picture, difference, draft)
        alpha = raw_alpha(difference, difference_plane(clean, k, i, mix), CELL)
        like = screen_like(picture, difference, draft.axis, DARKEST * draft.level, draft.tolerance)
        flat = cv2.erode(like, np.ones((5, 5), np.uint8)) > 0
        if flat.sum() > 50:
            signed = difference / np.maximum(np.median(difference[flat]), 1e-6)
            fine = signed - cv2.GaussianBlur(signed, (0, 0), 1.5)
            noises.append(1.4826 * float(np.median(np.abs(fine[flat]))))
        away = cv2.erode(like, np.ones((3, 3), np.uint8)) & (1 - cv2.dilate(_opaque(alpha, like), ellipse(len(alpha) // 20)))
        if away.sum() > 50:
            shades.append(float(np.percentile(alpha[away > 0], 99)))
        seen, actor = _find_marks(picture, alpha, like)
        marks.append(seen)
        actors.append(actor)
        outsides.append(_outside(draft.bars.inside(like)))
    noise = float(np.median(noises)) if noises else 0.02
    shading = float(np.median(shades)) if shades else 0.0
    marker = _agree(marks, draft)
    surround = float(np.median(outsides)) > 0.02
    actor = float(np.max(actors))
    return replace(draft, noise=noise, shading=shading, marker=marker, surround=surround, notes=_notes(draft, marker, surround, actor))


def _opaque(alpha: Array, like: Array) -> Array:
    """Large things of another chroma than the screen's."""
    return cv2.morphologyEx((alpha > 0.5).astype(np.uint8) & (1 - like), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))


def _find_marks(picture: Array, alpha: Array, like: Array) -> tuple[Array, float]:
    """Small dark or coloured islands in the screen: rows of extent share, rgb. And the share of everything larger."""
    h, w = alpha.shape
    mask = (alpha > 0.25).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    peak, color = peak_colors(labels, alpha, picture, count)
    extent = stats[:, 2:4].max(1) / h
    x, y, bw, bh, area = stats.T[:5]
    whole = (x > 0) & (y > 0) & (x + bw < w) & (y + bh < h)
    small = whole & (extent < _MARKER_EXTENT) & (peak > 0.5) & (area >= 4)
    small[0] = False
    around = cv2.blur(like.astype(np.float32), (9, 9))
    solid = [bool(small[n]) and _surrounded(around, stats[n]) for n in range(count)]
    rows = np.column_stack([extent, color])[solid]
    large = ~small & (peak > 0.5) & (area > (0.02 * h) ** 2)
    large[0] = False
    return rows, float(area[large].sum() / alpha.size)


def _surrounded(around: Array, box: Array) -> bool:
    x, y, w, h = (int(v) for v in box[:4])
    rim = around[max(0, y - 3) : y + h + 3, max(0, x - 3) : x + w + 3]
    ring = np.concatenate([rim[0], rim[-1], rim[:, 0], rim[:, -1]])
    return bool(ring.min() > 0.35)


def _agree(marks: list[Array], draft: ScreenModel) -> Marker | None:
    """Markers are many, in most frames, alike in size and colour, and not of the screen's colour as its shadows are."""
    if np.median([len(m) for m in marks]) < (3 if len(marks) > 2 else 6):
        return None
    rows = np.concatenate([m for m in marks if len(m)])
    low, middle, high = np.percentile(rows[:, 0], (20, 50, 90))
    rgb = np.median(rows[:, 1:], axis=0).astype(np.float32)
    stray = np.median(np.abs(rows[:, 1:] - rgb).max(1))
    k, i, _, mix = draft.difference
    left = float(difference_plane(rgb[None, None], k, i, mix)[0, 0]) / draft.level
    if high - low > 1.2 * middle or stray > 0.15 * draft.level or left > 0.25:
        return None
    return Marker(float(high), (float(rgb[0]), float(rgb[1]), float(rgb[2])))


def _outside(like: Array) -> float:
    """Share of the picture outside the screen's hull and joined to a top corner."""
    return float(1.0 - screen_hull(like).mean())


def _notes(draft: ScreenModel, marker: Marker | None, surround: bool, actor: float) -> tuple[str, ...]:
    notes = []
    if draft.bars.any:
        notes.append("The plate's constant black borders were taken for bars and made transparent.")
    if marker is not None:
        notes.append("Small marks of one colour on the screen were taken for tracking markers and keyed with it.")
    if surround:
        notes.append(
            "The screen does not fill the picture: what lies outside its outline was made transparent, and what stands "
            "inside it is kept, actor or not; give a garbage matte where that is wrong."
        )
    if actor < 0.001:
        notes.append("No actor was found in front of the screen.")
    return tuple(notes)
