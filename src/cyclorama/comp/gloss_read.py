"""How glossy a place's ground is, read from the mirror images that it shows.

What stands over the ground is thrown to the eye by facets of every roughness in question (``lobe``); what varies across
the ground's picture is fitted with that. Lamps that are clipped in the picture get a factor of their own, as they are
brighter than they look. A matte ground shows no mirror image, but its paint may look like one by chance: so a mirror
counts only if its image fits far better where it belongs than anywhere beside it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.optimize import nnls

from cyclorama.comp.gloss_kernels import gathered
from cyclorama.comp.light_surfaces import Moment
from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.ground import GroundPlane
from cyclorama.core.mirroring import Gloss, schlick

_ROUGHNESSES = (0.02, 0.04, 0.07, 0.1, 0.14, 0.2, 0.28)
_CLIPPED = 0.9  # of the display's white: lamps, whose light is not known
_FLAT, _RISES = 0.05, 0.08  # of the camera's height over the ground: lower is ground, higher is mirrored
_DEEP = 30.0  # heights of the camera: ground further off is left out
_FAR = 1e3  # heights of the camera: where what has no depth is taken to be
_STEP = 2  # pixels of a moment from one ground point to the next
_READ, _DRAWN = (2, 1), (4, 3)  # pixels of a moment in a source, down and across: lobes are narrow across
_KNOWN = 0.25  # of the lobe must be in the picture
_COARSE, _ROW = 1 / 18, 1.0  # of the picture's width, points: what is broader is shading, and not looked at
_BESIDE = np.concatenate([np.arange(-0.3, -0.035, 0.01), np.arange(0.04, 0.305, 0.01)])
"""Of the picture's width: where the image does not belong."""
_STRONGEST = 3.0  # times what a smooth surface without metal mirrors: more is paint
_TINY = 1e-6
_ROUNDS, _OUTLIER = 4, 3.0  # medians of the error: beyond, a point counts less
_LEAST = 60  # points
_EVIDENCE, _EACH = 0.15, 0.075  # of what varies: the share that must be explained, in all and at every moment
_MARGIN, _CLEAR = 2.0, 4.0
"""Times the most that is explained beside, and standard deviations above what is explained there."""


_Varying = tuple[Array, Array]
"""On the grid: what varies of the mirror image (6) and of the ground's colour (3), h w 9; where it is known, h w."""


@dataclass(frozen=True)
class _Sight:
    """A moment on the ground's points: ``color`` n 3; ``mirrored`` n 6 of each roughness, without lamps and lamps
    alone; ``at``: rows and columns; ``size`` of the grid."""

    color: Array
    mirrored: dict[float, Array]
    at: tuple[Array, Array]
    size: tuple[int, int]


def read_gloss(moments: tuple[Moment, ...], ground: GroundPlane) -> tuple[Gloss, Array] | None:
    """The ground's gloss and the ``sources`` that it mirrors (``Mirroring``); None where no mirror image is sure, as
    nothing is of a place without depth: where the image belongs is not known there."""
    sights = [s for s in (_sight(m, ground) for m in moments) if s is not None]
    if not sights:
        return None
    varying = {rough: [_varying(s, rough) for s in sights] for rough in _ROUGHNESSES}
    fits = {rough: _fit(parts, 0.0) for rough, parts in varying.items()}
    rough = max(fits, key=lambda r: fits[r][1])
    factors, explained = fits[rough]
    least = min(_fit([part], 0.0)[1] for part in varying[rough])
    if explained < _EVIDENCE or least < _EACH or factors[0] > _STRONGEST:
        return None
    beside = np.array([_fit(varying[rough], share)[1] for share in _BESIDE])
    if explained < max(_MARGIN * beside.max(), beside.mean() + _CLEAR * beside.std()):
        return None
    factors = _fit(varying[rough], 0.0, expected=1.0)[0]
    if factors[0] <= 0:  # but for the lamps the ground shows the contrary of a mirror image
        return None
    boost = np.maximum(factors[1:] / factors[0], 1.0)
    matte = _matte(sights, rough, factors[0] * np.concatenate([np.ones(3), boost]))
    gloss = Gloss(rough, float(factors[0]), matte, float(explained))
    return gloss, _sources(moments, ground, boost)


def _sight(moment: Moment, ground: GroundPlane) -> _Sight | None:
    color, inverse, camera = moment.place.color, moment.place.inverse_depth, moment.camera
    turn, eye = _level(ground), float(ground.height(camera.center))
    rays = _rays(moment) @ turn.T
    on = _is_ground(rays, inverse, eye) & (moment.place.coverage > 0)
    grid = np.zeros_like(on)
    grid[_STEP // 2 :: _STEP, _STEP // 2 :: _STEP] = True
    rows, columns = np.nonzero(on & grid)
    places, light, areas = _blocks(moment, ground, _READ)
    if len(rows) < _LEAST or eye <= 0 or not len(areas) or not inverse.any():
        return None
    down = rays[rows, columns]
    points = (down * (eye / -down[:, 2:])).astype(np.float32)
    points[:, 2] = 0
    eyes = (-down / np.linalg.norm(down, axis=1, keepdims=True)).astype(np.float32)
    local = (places - camera.center) @ turn.T + [0, 0, eye]
    sources = np.ascontiguousarray(np.column_stack([local, areas]).T, np.float32)
    share = schlick(eyes[:, 2:])
    mirrored, found = {}, np.empty((len(points), 7), np.float32)
    for rough in _ROUGHNESSES:
        gathered(sources, np.ascontiguousarray(light.T), points, eyes, np.float32(rough**2), found)
        mirrored[rough] = np.where(found[:, 6:] > _KNOWN, share * found[:, :6], np.nan)
    size = (-(-on.shape[0] // _STEP), -(-on.shape[1] // _STEP))
    small = cv2.blur(color, (_STEP, _STEP))[rows, columns]
    return _Sight(small.astype(np.float64), mirrored, (rows // _STEP, columns // _STEP), size)


def _level(ground: GroundPlane) -> Array:
    """Rows: two directions along the ground, and up."""
    across = np.cross(ground.normal, np.eye(3)[int(np.abs(ground.normal).argmin())])
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(ground.normal, across), ground.normal])


def _rays(moment: Moment) -> Array:
    """h w 3, in the world, of depth 1."""
    h, w = moment.place.inverse_depth.shape
    v, u = np.mgrid[:h, :w] + 0.5
    px = np.stack([u.ravel(), v.ravel()], 1)
    return np.asarray((moment.camera.unproject(px, np.ones(len(px))) - moment.camera.center).reshape(h, w, 3))


def _is_ground(rays: Array, inverse: Array, eye: float) -> Array:
    """h w bool; a mirror image that was taken for depth lies below the ground."""
    fall = -rays[..., 2]
    near = fall > np.linalg.norm(rays[..., :2], axis=2) / _DEEP
    return np.asarray(near & ((inverse <= 0) | (eye - fall / np.maximum(inverse, 1e-9) < _FLAT * eye)))


def _blocks(moment: Moment, ground: GroundPlane, block: tuple[int, int]) -> tuple[Array, Array, Array]:
    """What stands over the ground, in blocks: points n 3 in the world, light n 6 (without lamps, lamps alone) and areas
    n."""
    camera, inverse = moment.camera, moment.place.inverse_depth.astype(np.float64)
    rays, eye = _rays(moment), float(ground.height(camera.center))
    rise = rays @ ground.normal
    depth = np.where(inverse > 0, 1 / np.maximum(inverse, 1e-9), _FAR * eye)
    over = np.where(inverse > 0, eye + depth * rise > _RISES * eye, rise > 0)
    lamp = (moment.place.color.max(2) > _CLIPPED)[..., None]
    light = np.dstack([np.where(lamp, 0, moment.place.color), np.where(lamp, moment.place.color, 0)])
    focal = np.sqrt(abs(np.linalg.det(camera.px_from_cam[:2, :2])))
    length = np.linalg.norm(rays, axis=2)
    area = depth**2 / (focal**2 * length)  # what a pixel shows that faces the camera
    weight = over.astype(np.float64)[..., None]
    cells = np.dstack([weight, weight * np.maximum(light, 0), weight * depth[..., None], weight * area[..., None]])
    h, w = cells.shape[0] // block[0], cells.shape[1] // block[1]
    sums = cells[: h * block[0], : w * block[1]].reshape(h, block[0], w, block[1], -1).sum((1, 3))
    full = sums[..., 0] > block[0] * block[1] / 2
    v, u = (np.mgrid[:h, :w] + 0.5) * np.array(block)[:, None, None]
    middle = np.maximum(sums[..., 0], 1)
    points = camera.unproject(np.stack([u[full], v[full]], 1), (sums[..., 7] / middle)[full])
    return points, (sums[..., 1:7] / middle[..., None])[full].astype(np.float32), sums[..., 8][full]


def _fit(varying: list[_Varying], beside: float, expected: float | None = None) -> tuple[Array, float]:
    """Factors (4,) of what is mirrored without lamps, and of lamps in red, green and blue; and the share of the
    ground's variation that they explain. ``beside``: by how much of the width the image is moved; ``expected``: of the
    first factor, which counts as much as the picture does."""
    parts = [_pairs(*part, beside) for part in varying]
    shown, mirrored = (np.concatenate([p[i] for p in parts]) for i in range(2))
    if len(shown) < _LEAST:
        return np.zeros(4), 0.0
    target = shown.ravel()
    design = np.zeros((len(target), 4))
    design[:, 0] = mirrored[:, :3].ravel()
    for c in range(3):
        design[c::3, 1 + c] = mirrored[:, 3 + c]
    if expected is not None:
        pull = max(float(np.linalg.norm(design[:, 0])), _TINY)
        design, target = np.vstack([design, [pull, 0, 0, 0]]), np.append(target, pull * expected)
    counts, factors = np.ones(len(target)), np.zeros(4)
    for _ in range(_ROUNDS):
        root = np.sqrt(counts)
        factors = nnls(design * root[:, None], target * root)[0]
        error = np.abs(target - design @ factors)
        counts = 1 / np.maximum(1, error / (_OUTLIER * np.median(error) + 1e-9))
        if expected is not None:
            counts[-1] = 1.0
    varies = float((counts * target**2).sum())
    return factors, 1 - float((counts * error**2).sum()) / varies if varies > 0 else 0.0


def _varying(sight: _Sight, rough: float) -> _Varying:
    """Broad shading is taken off both."""
    image, shown = np.full((*sight.size, 6), np.nan), np.full((*sight.size, 3), np.nan)
    image[sight.at], shown[sight.at] = sight.mirrored[rough], sight.color
    known = np.isfinite(image[..., 0])
    return _fine(np.dstack([np.nan_to_num(image), np.nan_to_num(shown)]), known, sight.size[1]), known


def _pairs(fine: Array, known: Array, beside: float) -> tuple[Array, Array]:
    """The ground's colour (n 3) and its mirror image (n 6), where both are known."""
    shift = round(beside * known.shape[1])
    moved, stays = np.roll(fine[..., :6], shift, 1), np.roll(known, shift, 1)
    if shift:
        stays[:, :shift] &= shift < 0
        stays[:, shift:] &= shift > 0
    both = known & stays
    return fine[..., 6:][both], moved[both]


def _fine(values: Array, known: Array, width: int) -> Array:
    def broad(plane: Array) -> Array:
        sigma = _COARSE * width
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, sigmaY=_ROW, borderType=cv2.BORDER_CONSTANT))

    weight = known.astype(np.float64)
    around = np.maximum(broad(weight), 1e-3)[..., None]
    return np.asarray(values - np.dstack([broad(v * weight) for v in np.moveaxis(values, 2, 0)]) / around)


def _matte(sights: list[_Sight], rough: float, factors: Array) -> tuple[float, float, float]:
    """The median of what the ground shows over its mirror image."""
    rest = []
    for sight in sights:
        image = sight.mirrored[rough]
        known = np.isfinite(image[:, 0])
        rest.append((sight.color - image[:, :3] * factors[:3] - image[:, 3:] * factors[3:])[known])
    r, g, b = np.maximum(np.median(np.concatenate(rest), 0), 0)
    return float(r), float(g), float(b)


def _sources(moments: tuple[Moment, ...], ground: GroundPlane, boost: Array) -> Array:
    """``Mirroring.sources``: of the middle moment, and of the others what is not in the picture of those before."""
    order = sorted(range(len(moments)), key=lambda i: abs(i - len(moments) // 2))
    found: list[Array] = []
    before: list[Camera] = []
    for moment in (moments[i] for i in order):
        places, light, areas = _blocks(moment, ground, _DRAWN)
        new = np.ones(len(places), bool)
        for camera in before:
            px, depth = camera.project(places)
            new &= ~((depth > 0) & (px >= 0).all(1) & (px < camera.hw[::-1]).all(1))
        before.append(moment.camera)
        both = light[:, :3] + light[:, 3:] * boost
        found.append(np.column_stack([places, both, areas])[new])
    return np.concatenate(found).astype(np.float32)
