"""The reflection layer: the actor's mirror image in a glossy ground, and what he hides of the place's.

Every ground point mirrors a lobe of directions to the eye, wider the rougher it is. Of the lights and walls in it the
share that he stands before goes, and his own light comes. What goes is taken from what the place shows over its matte
colour, so that paint and grain of the floor stay.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.comp.gloss_kernels import hidden
from cyclorama.comp.over import relit
from cyclorama.comp.shadow_body import looked_up, set_back
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import LUMINANCE
from cyclorama.core.mirroring import Mirroring, schlick

_LONG_SIDE = 160  # cells of the field
_LOOK = 320  # pixels of the longer side that the actor is looked up in
_ROWS = 48  # cells of the card from the ground to the top of the head
_UP, _BESIDE = 1.2, 0.7  # of the height: what of the card is looked at
_FLAT = 0.06  # of the actor's height: lower things are ground
_REACH, _WHOLE = 4.0, 3.0  # heights before his feet: no mirror image beyond, and whole up to
_BEHIND = 0.4  # of his height behind the card: further, the ground does not mirror him
_LOBE = 1.5  # half widths of the lobe that are looked at
_SMOOTHEST = 0.04  # roughness: a sharper image is drawn as sharp as this
_EXCESS = 2.0  # of the light that is read to be mirrored: more, over the matte colour, is paint
_MARGIN = 0.2  # of his height about that: where the mirror image fades out
_WHOLLY = 0.99  # alpha of a cell whose ground is not seen
_FAINT, _DARK = 0.02, 1e-3
_Card = tuple[Array, Array, Array, Array]
_WHITE = (1.0, 1.0, 1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class _Frame:
    """The ground's frame at the feet: rows across the view, along it, up; the camera's height and distance."""

    feet: Array
    axes: Array
    eye: float
    distance: float

    def local(self, points: Array) -> Array:
        return np.asarray((points - self.feet) @ self.axes.T)


def mirror_field(layers: Layers, camera: Camera, index: int, mirroring: Mirroring) -> Array:
    """``reflection`` of ``Layers`` at frame ``index``: h' w' 6 float32, small; 1 1 6 where nothing is mirrored."""
    nothing = np.array(_WHITE, np.float32)[None, None]
    strength = mirroring.strength * float(mirroring.seen[index])
    frame = _frame_of(camera, mirroring, index)
    if strength == 0 or frame is None:
        return nothing
    actor = layers.joint
    card = _card(actor, layers.relight_gain, camera, (mirroring.standing.height, frame))
    if card is None:
        return nothing
    h, w = actor.alpha.shape
    scale = min(1.0, _LONG_SIDE / max(h, w))
    hw = (max(1, round(h * scale)), max(1, round(w * scale)))
    gloss, height = mirroring.gloss, mirroring.standing.height
    rough = max(gloss.roughness, _SMOOTHEST)
    top, points, eyes, part = _ground(layers.place, camera.resized(hw), frame, height)
    part *= _within(points, eyes, rough, (height, *_ends(card[0], height)))
    under = cv2.erode(cv2.resize(actor.alpha, hw[::-1], interpolation=cv2.INTER_NEAREST), np.ones((3, 3)))
    part[under[top:] > _WHOLLY] = 0
    at = np.nonzero(part > 0)
    if not len(at[0]):
        return nothing
    where = (np.ascontiguousarray(points[at], np.float32), np.ascontiguousarray(eyes[at], np.float32))
    found = _hidden(mirroring, frame, card, (*where, np.float32(rough**2)))
    share = np.minimum(gloss.reflectance * schlick(where[1][:, 2]), 1.0)
    weight, at = strength * part[at][:, None], (at[0] + top, at[1])
    shown = _shown(layers.place.color, hw, at)
    mirrored = np.clip(shown - gloss.matte, 0, _EXCESS * (share * found[:, 1])[:, None])
    out = np.tile(nothing, (*hw, 1))
    kept = 1 - weight * found[:, :1] * mirrored / np.maximum(shown, _DARK)
    out[at] = np.hstack([kept, weight * share[:, None] * found[:, 2:]])
    return out


def _hidden(mirroring: Mirroring, frame: _Frame, card: _Card, where: tuple[Array, Array, np.float32]) -> Array:
    local = frame.local(mirroring.sources[:, :3])
    sources = np.ascontiguousarray(np.column_stack([local, mirroring.sources[:, 6]]).T, np.float32)
    light = np.ascontiguousarray(mirroring.sources[:, 3:6] @ LUMINANCE, np.float32)
    cell = mirroring.standing.height / _ROWS
    sight = np.array([cell, frame.distance, frame.eye, cell / 2], np.float32)
    found = np.empty((len(where[0]), 5), np.float32)
    hidden(sources, light, where, card, sight, found)
    return found


def _frame_of(camera: Camera, mirroring: Mirroring, index: int) -> _Frame | None:
    standing = mirroring.standing
    feet, up = standing.feet[index], standing.ground.normal
    feet = feet - standing.ground.height(feet) * up
    ahead = feet - camera.center
    ahead = ahead - (ahead @ up) * up
    distance = float(np.linalg.norm(ahead))
    if distance < standing.height / _ROWS:
        return None
    ahead = ahead / distance
    eye = float(standing.ground.height(camera.center))
    return _Frame(feet, np.stack([np.cross(ahead, up), ahead, up]), eye, distance)


def _card(actor: Foreground, gain: Array | None, camera: Camera, stands: tuple[float, _Frame]) -> _Card | None:
    """The actor as ``hidden`` asks for him. ``stands``: his height, and the frame at his feet."""
    height, frame = stands
    cell, columns, rows = height / _ROWS, round(_BESIDE * _ROWS), round(_UP * _ROWS)
    across, over = (np.arange(-columns, columns) + 0.5) * cell, (np.arange(rows) + 0.5) * cell
    points = frame.feet + across[None, :, None] * frame.axes[0] + over[:, None, None] * frame.axes[2]
    step = max(1, round(max(actor.alpha.shape) / _LOOK))
    small = Foreground(
        *(np.ascontiguousarray(a[step // 2 :: step, step // 2 :: step]) for a in (actor.color, actor.alpha))
    )
    color = small.color if gain is None else relit(small, gain)
    seen = looked_up(np.dstack([color, small.alpha]), camera, points)
    alpha = np.ascontiguousarray(seen[..., 3])
    if alpha.max() <= _FAINT:
        return None
    behind = set_back(alpha, over, (frame.eye, frame.distance, height))
    scale = 1 + behind / frame.distance
    places = camera.center + (points - camera.center) * scale[..., None]
    cells = _pooled(np.dstack([frame.local(places), 4 * (cell * scale) ** 2, np.maximum(seen, 0)]))
    kept = np.ascontiguousarray(cells[cells[..., 7] > _FAINT].T, np.float32)
    return alpha, behind.astype(np.float32), kept[:4], kept[4:7]


def _pooled(cells: Array) -> Array:
    """Means of four."""
    h, w = cells.shape[0] // 2, cells.shape[1] // 2
    return np.asarray(cells[: 2 * h, : 2 * w].reshape(h, 2, w, 2, -1).mean((1, 3)))


def _ground(place: SetFrame, camera: Camera, frame: _Frame, height: float) -> tuple[int, Array, Array, Array]:
    """The first row that shows ground that could mirror the actor; of every cell from there down the ground's point and
    the direction to the eye, h w 3 in the ground's frame, and whether the place shows its ground there, h w."""
    hw = camera.hw
    corners = frame.feet + np.array([[x, _BEHIND, 0] for x in (-2, 0, 2)]) * height @ frame.axes
    px, depth = camera.project(corners)
    top = int(np.clip(px[:, 1].min(), 0, hw[0] - 1)) if (depth > 0).all() and np.isfinite(px).all() else 0
    v, u = np.mgrid[top : hw[0], : hw[1]] + 0.5
    px = np.stack([u.ravel(), v.ravel()], 1)
    rays = ((camera.unproject(px, np.ones(len(px))) - camera.center) @ frame.axes.T).reshape(*v.shape, 3)
    fall = np.maximum(-rays[..., 2], 1e-9)
    points = np.array([0.0, -frame.distance, frame.eye]) + rays * (frame.eye / fall)[..., None]
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(hw, place.inverse_depth.shape))
    inverse = place.inverse_depth[np.ix_(rows[top:], columns)]
    risen = (inverse > 0) & (frame.eye - fall / np.maximum(inverse, 1e-9) > _FLAT * height)
    eyes = -rays / np.sqrt((rays * rays).sum(2))[..., None]
    return top, points, eyes, ((rays[..., 2] < 0) & ~risen).astype(np.float32)


def _ends(alpha: Array, height: float) -> tuple[float, float, float]:
    """How far the actor reaches to the left, to the right and up, from his feet."""
    cell, columns = height / _ROWS, np.flatnonzero(alpha.max(0) > _FAINT)
    half = alpha.shape[1] / 2
    top = float(np.flatnonzero(alpha.max(1) > _FAINT)[-1] + 1)
    return (float(columns[0]) - half) * cell, (float(columns[-1]) + 1 - half) * cell, top * cell


def _within(points: Array, eyes: Array, rough: float, body: tuple[float, float, float, float]) -> Array:
    """h w, 0..1: whether a lobe can meet the actor, fading out where it would be cut. ``body``: his height, and
    ``_ends``."""
    height, left, right, top = body
    before, widens = np.maximum(-points[..., 1], 0), _LOBE * rough
    flat = np.sqrt(np.maximum(1 - eyes[..., 2] ** 2, 1e-9))
    steep = np.maximum(eyes[..., 2] / flat - 2 * widens, 0)
    over = (before * steep - top) / height
    across = points[..., 0] + before * eyes[..., 0] / np.minimum(eyes[..., 1], -1e-3)
    wide = before * widens * eyes[..., 2]
    beside = np.maximum(left - across, across - right) - wide
    far = np.clip((_REACH - before / height) / (_REACH - _WHOLE), 0, 1)
    near = points[..., 1] < _BEHIND * height
    return np.asarray(far * np.clip(1 - over / _MARGIN, 0, 1) * np.clip(1 - beside / (_MARGIN * height), 0, 1) * near)


def _shown(color: Array, hw: tuple[int, int], at: tuple[Array, ...]) -> Array:
    """The means of the place's colour (n, 3) over some cells."""
    rows, columns = (np.linspace(0, m, n + 1).astype(int) for n, m in zip(hw, color.shape))
    y0, y1, x0, x1 = at[0].min(), at[0].max() + 1, at[1].min(), at[1].max() + 1
    window = color[rows[y0] : rows[y1], columns[x0] : columns[x1]]
    small = cv2.resize(window, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA)
    return np.asarray(np.maximum(small[at[0] - y0, at[1] - x0], 0))
