"""What is seen of the actor: its features followed, its outline measured, in every frame."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip
from cyclorama.core.display import code8_from_linear
from cyclorama.matchmove.actor_figures import Split
from cyclorama.matchmove.tracks import Tracks

ANALYSIS_LONG_SIDE = 640
MAX_FEATURES = 250
_FEW = 0.8  # of them: fewer are added to
ROWS = 48
"""Heights at which the outline is measured, from the head's top to the feet."""
LEG_HW = (24, 24)
"""Cells of the picture of the legs, each frame's own body height apart."""
LEG_SHARE = 0.4
"""The legs' part of the body's height that is looked at, from below."""
_SOLID = 0.5
_BACK = 0.25  # display-referred grey behind the actor, so that its outline can be followed where it has corners
_LEAST_SHARE, _MOST_SHARE = 5e-4, 0.9  # of the picture: less is no actor, more no outline
_BORDER_SHARE = 0.02  # of the width or height: a matte that touches the border so widely is cut by it
_WINDOW: dict[str, Any] = {
    "winSize": (13, 13),
    "maxLevel": 4,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.003),
}
_SOFT = np.ones((3, 3), np.uint8)  # the rim of an outline
_MIN_CORNER = 2e-4
_MIN_LENGTH = 4
_RETURN_PX = 0.5  # a step followed back must end this near where it began


@dataclass(frozen=True)
class ActorSight:
    """The actor in ``num_frames`` frames of ``hw`` pixels.

    ``tracks``: its features and its outline's corners. ``relief`` (num_tracks,): how far each stands towards the camera
    before the plane of the outline, in pixels of its first frame: the body taken as round. ``born`` (num_tracks,).
    ``box`` (t, 4): top, bottom, left, right in pixels, NaN where no actor is seen. ``share`` (t,): of the picture.
    ``cut`` (t, 4) bool: by the border above, below, left, right. ``edges`` (t, ROWS, 2): left and right end of the
    outline in pixels, NaN where there is none. ``legs`` (t, *LEG_HW) 0..1: the legs, scaled by the body's height.
    ``figures``: the same of every separate figure, where the matte has several in all frames.
    """

    tracks: Tracks
    relief: Array
    born: Array
    box: Array
    share: Array
    cut: Array
    edges: Array
    legs: Array
    figures: tuple["ActorSight", ...] = ()

    @property
    def seen(self) -> Array:
        """Frames (t,) that show an actor with an outline."""
        return np.asarray((self.share > _LEAST_SHARE) & (self.share < _MOST_SHARE))


def see_actor(
    clip: Clip, actor: Callable[[int, Array], Array], progress: Callable[[int], None] = lambda _: None
) -> ActorSight:
    """Looks at every frame once; ``actor(index, frame)`` is its matte, h w float32."""
    live, split = _Live(), Split()
    outlines: list[list[tuple[Array, ...]]] = []
    for index in range(clip.num_frames):
        picture = clip.frame(index)
        alpha = actor(index, picture)
        solid = (alpha > _SOLID).astype(np.uint8)
        numbers = split.look(solid)
        live.look(index, _grey(picture, alpha), solid, numbers)
        several = range(1, split.count + 1) if split.count > 1 else ()
        own = [np.where(cv2.dilate((numbers == k).astype(np.uint8), _SOFT), alpha, 0) for k in several]
        outlines.append([_outline(a) for a in (alpha, *own)])
        progress(index)
    whole = live.sight([o[0] for o in outlines], clip.hw)
    if split.count < 2:
        return whole
    figures = tuple(live.sight([o[k] for o in outlines], clip.hw, k) for k in range(1, split.count + 1))
    return replace(whole, figures=figures)


class _Live:
    """The features being followed, and what was seen of all that ever were."""

    def __init__(self) -> None:
        self.relief, self.birth_of, self.figure = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._ids, self._birth = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._at = self._born_at = np.zeros((0, 2), np.float32)
        self._births: dict[int, Array] = {}
        self._previous: Array | None = None
        self._rows: list[tuple[Array, int, Array]] = []

    def look(self, index: int, grey: Array, solid: Array, numbers: Array) -> None:
        """On to the next frame: follows what is followed, and takes up new features where there are few."""
        if self._previous is not None and len(self._ids):
            self._follow(self._previous, grey, solid)
        if len(self._ids) < MAX_FEATURES * _FEW:
            self._take_up(index, grey, solid, numbers)
        self._births = {k: v for k, v in self._births.items() if (self._birth == k).any()}
        self._rows.append((self._ids, index, self._at.astype(np.float64) + 0.5))
        self._previous = grey

    def sight(self, outlines: list[tuple[Array, ...]], hw: tuple[int, int], figure: int | None = None) -> ActorSight:
        """What was seen of all, or of one figure, with its outlines: tracks of ``_MIN_LENGTH`` frames or more."""
        track = np.concatenate([ids for ids, _, _ in self._rows])
        frame = np.concatenate([np.full(len(ids), index) for ids, index, _ in self._rows])
        px = np.concatenate([at for _, _, at in self._rows])
        long = np.bincount(track, minlength=len(self.relief)) >= _MIN_LENGTH
        if figure is not None:
            long &= self.figure == figure
        tracks = Tracks(track, frame, px, hw, len(self._rows)).keep(long[track])
        box, share, cut, edges, legs = (np.stack([o[k] for o in outlines]) for k in range(5))
        return ActorSight(tracks, self.relief[long], self.birth_of[long], box, share[:, 0], cut, edges, legs)

    def _take_up(self, index: int, grey: Array, solid: Array, numbers: Array) -> None:
        fresh = _corners(grey, solid, self._at, MAX_FEATURES - len(self._ids))
        self._births[index] = grey
        self._ids = np.append(self._ids, np.arange(len(self.relief), len(self.relief) + len(fresh)))
        self._at = np.concatenate([self._at, fresh])
        self._born_at = np.concatenate([self._born_at, fresh])
        self._birth = np.append(self._birth, np.full(len(fresh), index))
        self.relief = np.append(self.relief, _relief(solid, fresh))
        self.birth_of = np.append(self.birth_of, np.full(len(fresh), index))
        x, y = fresh.round().astype(int).T
        self.figure = np.append(self.figure, cv2.dilate(numbers, _SOFT)[y, x])

    def _follow(self, previous: Array, grey: Array, solid: Array) -> None:
        """Every feature a frame on, checked back and forth, then registered to its first sight where that is near."""
        ahead, found = _flow(previous, grey, self._at, None)
        back, returned = _flow(grey, previous, ahead, None)
        good = found & returned & (np.linalg.norm(back - self._at, axis=1) < _RETURN_PX)
        for birth, picture in self._births.items():
            own = np.flatnonzero(good & (self._birth == birth))
            if len(own):
                direct, sure = _flow(picture, grey, self._born_at[own], ahead[own])
                near = sure & (np.linalg.norm(direct - ahead[own], axis=1) < _RETURN_PX)
                ahead[own[near]] = direct[near]
        h, w = grey.shape
        x, y = np.round(ahead[:, 0]).astype(int), np.round(ahead[:, 1]).astype(int)
        inside = (x >= 3) & (x < w - 3) & (y >= 3) & (y < h - 3)
        near_actor = cv2.dilate(solid, np.ones((5, 5), np.uint8))
        inside[inside] = near_actor[y[inside], x[inside]] > 0
        good &= inside
        self._ids, self._birth = self._ids[good], self._birth[good]
        self._at, self._born_at = ahead[good], self._born_at[good]


def _grey(picture: Array, alpha: Array) -> Array:
    """The actor over an even grey, 8 bits."""
    shown = cv2.cvtColor(code8_from_linear(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(np.clip(shown * alpha + (1 - alpha) * 255 * _BACK, 0, 255).astype(np.uint8))


def _corners(grey: Array, solid: Array, taken: Array, wanted: int) -> Array:
    strength = cv2.cornerMinEigenVal(grey.astype(np.float32) / 255, 5)
    mask = cv2.dilate(solid, np.ones((3, 3), np.uint8)) * (strength > _MIN_CORNER)
    mask[:4], mask[-4:], mask[:, :4], mask[:, -4:] = 0, 0, 0, 0
    distance = max(3, round(min(grey.shape) * 0.012))
    for x, y in taken.astype(int):
        cv2.circle(mask, (int(x), int(y)), distance, 0, -1)
    found = cv2.goodFeaturesToTrack(grey, wanted, 0.005, distance, mask=mask, blockSize=5) if mask.any() else None
    if found is None:
        return np.zeros((0, 2), np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
    return cv2.cornerSubPix(grey, found.reshape(-1, 1, 2), (2, 2), (-1, -1), stop)[:, 0]


def _flow(one: Array, two: Array, at: Array, guess: Array | None) -> tuple[Array, Array]:
    """Pyramidal Lucas-Kanade (Bouguet 2001): positions (n, 2) in the second picture, (n,) whether found."""
    settings = dict(_WINDOW)
    start = None
    if guess is not None:
        settings |= {"maxLevel": 0, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
        start = guess[:, None].copy()
    there, found, _ = cv2.calcOpticalFlowPyrLK(one, two, at[:, None], cast(Array, start), **settings)
    return np.asarray(there)[:, 0], np.asarray(found)[:, 0] > 0


def _relief(solid: Array, at: Array) -> Array:
    """Half the width of the part that a feature lies on, as a circle's rise at its place: limbs and trunk are round.

    A trunk is about half as deep as wide and arms lie beside it, so the rise is capped by the body's height.
    """
    if not len(at):
        return np.zeros(0)
    rows = np.flatnonzero(solid.any(1))
    most = 0.075 * (rows[-1] - rows[0] + 1) if len(rows) else 0.0
    out = np.zeros(len(at))
    for k, (x, y) in enumerate(at):
        row = solid[min(max(round(float(y)), 0), solid.shape[0] - 1)]
        column = min(max(round(float(x)), 0), len(row) - 1)
        if row[column]:
            gaps = np.flatnonzero(row == 0)
            place = int(np.searchsorted(gaps, column))
            left = gaps[place - 1] + 1 if place else 0
            right = gaps[place] if place < len(gaps) else len(row)
            half = (right - left) / 2
            off = (x + 0.5 - (left + right) / 2) / half
            out[k] = min(half, most) * np.sqrt(max(0.0, 1 - off * off))
    return out


def _outline(alpha: Array) -> tuple[Array, ...]:
    h, w = alpha.shape
    solid = alpha > _SOLID
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    edges, legs = np.full((ROWS, 2), np.nan), np.zeros(LEG_HW)
    sides = (solid[0].sum() / w, solid[-1].sum() / w, solid[:, 0].sum() / h, solid[:, -1].sum() / h)
    cut = np.array([s > _BORDER_SHARE for s in sides])
    if not len(rows):
        return np.full(4, np.nan), np.zeros(1), cut, edges, legs
    box = np.array([rows[0], rows[-1] + 1, columns[0], columns[-1] + 1], np.float64)
    for k, y in enumerate(np.linspace(box[0], box[1] - 1, ROWS).round().astype(int)):
        run = alpha[y]
        at = np.flatnonzero(run > _SOLID)
        if len(at):
            # The soft pixels at the ends say where between two pixels the outline lies.
            left = at[0] - (float(run[at[0] - 1]) if at[0] else 0.0)
            right = at[-1] + 1 + (float(run[at[-1] + 1]) if at[-1] + 1 < w else 0.0)
            edges[k] = left, right
    legs = _legs(alpha, box)
    return box, np.array([float(solid.mean())]), cut, edges, legs


def _legs(alpha: Array, box: Array) -> Array:
    """The lower part of the body over its middle, a cell a fixed part of its height."""
    size = LEG_SHARE * (box[1] - box[0])
    top = box[1] - size
    below = alpha[int(top) : int(box[1])]
    weight = below.sum(0)
    middle = float((weight * (np.arange(len(weight)) + 0.5)).sum() / max(float(weight.sum()), 1e-9))
    scale = LEG_HW[0] / max(size, 1.0)
    warp = np.array([[scale, 0, LEG_HW[1] / 2 - middle * scale - 0.5], [0, scale, -top * scale - 0.5]])
    blurred = cv2.GaussianBlur(alpha, (0, 0), max(0.3, 0.4 / scale))
    return cv2.warpAffine(blurred, warp, LEG_HW[::-1], flags=cv2.INTER_LINEAR)
