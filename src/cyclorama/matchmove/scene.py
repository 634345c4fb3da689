"""Bundle adjustment of unordered pictures: many points, each seen by few, so that the normal equations are sparse.

    x = R (P - C),   (a, b) = (x0, x1) / x2,   px = f (a, b) (1 + k1 (a^2 + b^2)) + middle of the picture.

Focal length and k1 belong to groups of pictures: all share one, or every picture has its own. Levenberg-Marquardt with
the points eliminated (Triggs et al. 1999, section 6), Cauchy loss on residuals in units of ``SIGHT_PX``.
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from scipy.linalg import lapack

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import FOCAL_SPREAD, rotation_from_vector

SIGHT_PX = 0.3  # error of a SIFT feature
TERM_SPREAD = 0.1  # one standard deviation of k1 among lenses
_FRONT = 1e-6  # of depth, in units of the world
_TOLERANCE = 1e-6  # relative gain of a step below which the minimum is reached


@dataclass(frozen=True)
class Scene:
    """Pictures and points: ``rotations`` (n, 3, 3) cam_from_world, ``centers`` (n, 3), ``points`` (p, 3); ``focal`` and
    ``k1`` (g,) of the ``group`` (n,) of every picture."""

    rotations: Array
    centers: Array
    points: Array
    focal: Array
    k1: Array
    group: Array

    @property
    def views(self) -> tuple[Array, Array, Array, Array, Array]:
        return self.rotations, self.centers, self.focal, self.k1, self.group


@dataclass(frozen=True)
class Sights:
    """Observations, sorted by point: ``point`` (m,), ``picture`` (m,), ``offset`` (m, 2) pixels from the middle."""

    point: Array
    picture: Array
    offset: Array

    def of(self, chosen: Array) -> "Sights":
        return Sights(self.point[chosen], self.picture[chosen], self.offset[chosen])

    def starts(self, num_points: int) -> Array:
        return np.searchsorted(self.point, np.arange(num_points + 1))


@dataclass(frozen=True)
class Free:
    """What may move: ``cameras`` (n,) bool, ``points``; ``focal`` (g,) bool about ``usual_px`` (g,), ``lens`` (g,) bool
    about none. With ``turn`` the cameras turn on the spot and the points stay as far as they are."""

    cameras: Array
    focal: Array
    lens: Array
    usual_px: Array
    points: bool = True
    turn: bool = False

    def columns(self) -> Array:
        pose = np.repeat(self.cameras[:, None], 6, 1)
        if self.turn:
            pose[:, 3:] = False
        return np.concatenate([pose.reshape(-1), np.stack([self.focal, self.lens], 1).reshape(-1)])


def errors_px(scene: Scene, sights: Sights) -> Array:
    """Length of the reprojection error of every observation, (m,); infinite behind the camera."""
    return np.asarray(_errors(*scene.views, scene.points, sights.point, sights.picture, sights.offset))


def adjust_scene(scene: Scene, sights: Sights, free: Free, num_steps: int = 30) -> Scene:
    """The nearest minimum of the robust cost."""
    data = (sights.starts(len(scene.points)), sights.picture, sights.offset)
    columns = free.columns()
    cost, damping = _cost(scene, sights, free), 1e-4
    for _ in range(num_steps):
        for _ in range(8):
            trial = _step(scene, data, free, columns, damping)
            fallen = np.inf if trial is None else _cost(trial, sights, free)
            if trial is not None and fallen < cost:
                break
            damping *= 8
        else:
            return scene
        gain, scene, cost = cost - fallen, trial, fallen
        damping = max(damping / 6, 1e-9)
        if gain < _TOLERANCE * cost:
            break
    return scene


def _cost(scene: Scene, sights: Sights, free: Free) -> float:
    square = (np.minimum(errors_px(scene, sights), 1e3) / SIGHT_PX) ** 2
    focal, term = _priors(scene, free)
    return float(2 * np.log1p(square / 4).sum() + 0.5 * (focal**2).sum() + 0.5 * (term**2).sum())


def _priors(scene: Scene, free: Free) -> tuple[Array, Array]:
    focal = np.where(free.focal, np.log(scene.focal / free.usual_px) / FOCAL_SPREAD, 0)
    return focal, np.where(free.lens, scene.k1 / TERM_SPREAD, 0)


def _step(scene: Scene, data: tuple[Array, Array, Array], free: Free, columns: Array, damping: float) -> Scene | None:
    """None where rounding leaves no minimum to step to."""
    n, num, m, p = len(scene.rotations), len(columns), len(data[1]), len(scene.points)
    straight, crossed, right, diagonal = (np.zeros(s) for s in ((num, num), (num, num), num, num))
    coupling, inverse, slope = np.zeros((m, 8, 3)), np.zeros((p, 3, 3)), np.zeros((p, 3))
    point_damping = damping if free.points else np.inf
    out = (straight, crossed, right, diagonal, coupling, inverse, slope)
    _reduce(*scene.views, scene.points, *data, point_damping, free.turn, *out)
    system = straight - crossed - crossed.T
    spreads, frees = (FOCAL_SPREAD, TERM_SPREAD), (free.focal, free.lens)
    for k, (prior, spread, on) in enumerate(zip(_priors(scene, free), spreads, frees)):
        at = np.arange(6 * n + k, num, 2)
        right[at] += prior / spread
        diagonal[at] += on / spread**2
        system[at, at] += on / spread**2
    move = np.zeros(num)
    at = np.flatnonzero(columns)
    if len(at):
        small = system[np.ix_(at, at)]
        small[np.diag_indices_from(small)] += damping * diagonal[at] + 1e-9 * (1 + diagonal[at])
        factor, fault = lapack.dpotrf(small, lower=1)
        if fault:
            return None
        move[at] = -lapack.dpotrs(factor, right[at], lower=1)[0]
    shift = np.zeros((p, 3))
    if free.points:
        _substitute(scene.group, data[0], data[1], move, 6 * n, coupling, inverse, slope, shift)
    return _moved(scene, move, shift)


def _moved(scene: Scene, move: Array, shift: Array) -> Scene:
    n = len(scene.rotations)
    poses, optics = move[: 6 * n].reshape(n, 6), move[6 * n :].reshape(-1, 2)
    rotations = scene.rotations.copy()
    for c in np.flatnonzero(poses[:, :3].any(1)):
        rotations[c] = rotation_from_vector(poses[c, :3]) @ rotations[c]
    return replace(
        scene,
        rotations=rotations,
        centers=scene.centers + poses[:, 3:],
        points=scene.points + shift,
        focal=scene.focal * np.exp(np.clip(optics[:, 0], -0.3, 0.3)),
        k1=scene.k1 + np.clip(optics[:, 1], -0.2, 0.2),
    )


@njit(cache=True, nogil=True)
def project(rot, cen, focal, k1, point):  # type: ignore[no-untyped-def]
    """Pixels from the middle, infinite behind the camera."""
    d0, d1, d2 = point[0] - cen[0], point[1] - cen[1], point[2] - cen[2]
    z = rot[2, 0] * d0 + rot[2, 1] * d1 + rot[2, 2] * d2
    if z < _FRONT:
        return np.inf, np.inf
    a = (rot[0, 0] * d0 + rot[0, 1] * d1 + rot[0, 2] * d2) / z
    b = (rot[1, 0] * d0 + rot[1, 1] * d1 + rot[1, 2] * d2) / z
    d = focal * (1.0 + k1 * (a * a + b * b))
    return a * d, b * d


@njit(cache=True, nogil=True)
def _errors(rotations, centers, focal, k1, group, points, point, picture, offset):  # type: ignore[no-untyped-def]
    out = np.empty(len(point))
    for i in range(len(point)):
        c = picture[i]
        u, v = project(rotations[c], centers[c], focal[group[c]], k1[group[c]], points[point[i]])
        out[i] = np.hypot(u - offset[i, 0], v - offset[i, 1])
    return out


@njit(cache=True, nogil=True)
def _jacobian(rot, cen, focal, k1, point, offset, j):  # type: ignore[no-untyped-def]
    """Residual in pixels and its derivatives (2, 11): turn 3, centre 3, log focal, k1, point 3; false behind."""
    d0, d1, d2 = point[0] - cen[0], point[1] - cen[1], point[2] - cen[2]
    x = rot[0, 0] * d0 + rot[0, 1] * d1 + rot[0, 2] * d2
    y = rot[1, 0] * d0 + rot[1, 1] * d1 + rot[1, 2] * d2
    z = rot[2, 0] * d0 + rot[2, 1] * d1 + rot[2, 2] * d2
    if z < _FRONT:
        return 0.0, 0.0, False
    a, b = x / z, y / z
    r2 = a * a + b * b
    d = 1.0 + k1 * r2
    ua, ub, vb = focal * (d + 2 * k1 * a * a), focal * 2 * k1 * a * b, focal * (d + 2 * k1 * b * b)
    ux, uy, uz = ua / z, ub / z, -(ua * a + ub * b) / z
    vx, vy, vz = ub / z, vb / z, -(ub * a + vb * b) / z
    j[0, 0], j[1, 0] = uz * y - uy * z, vz * y - vy * z  # e_x x X = (0, -z, y)
    j[0, 1], j[1, 1] = ux * z - uz * x, vx * z - vz * x  # e_y x X = (z, 0, -x)
    j[0, 2], j[1, 2] = uy * x - ux * y, vy * x - vx * y  # e_z x X = (-y, x, 0)
    for k in range(3):
        j[0, 8 + k] = ux * rot[0, k] + uy * rot[1, k] + uz * rot[2, k]
        j[1, 8 + k] = vx * rot[0, k] + vy * rot[1, k] + vz * rot[2, k]
        j[0, 3 + k], j[1, 3 + k] = -j[0, 8 + k], -j[1, 8 + k]
    j[0, 6], j[1, 6] = focal * a * d, focal * b * d
    j[0, 7], j[1, 7] = focal * a * r2, focal * b * r2
    return focal * a * d - offset[0], focal * b * d - offset[1], True


@njit(cache=True, nogil=True)
def _columns(c, g, first, index):  # type: ignore[no-untyped-def]
    for k in range(6):
        index[k] = 6 * c + k
    index[6], index[7] = first + 2 * g, first + 2 * g + 1


@njit(cache=True, nogil=True)
def _reduce(  # type: ignore[no-untyped-def]
    rotations, centers, focal, k1, group, points, starts, picture, offset, damping, turn,
    straight, crossed, right, diagonal, coupling, inverse, slope,
):  # fmt: skip
    """The reduced normal equations ``straight - crossed - crossed.T``, and what brings the points after them."""
    first = 6 * len(rotations)
    j = np.zeros((2, 11))
    index, other = np.zeros(8, np.int64), np.zeros(8, np.int64)
    for p in range(len(points)):
        v, g = np.zeros((3, 3)), slope[p]
        for i in range(starts[p], starts[p + 1]):
            c = picture[i]
            o = group[c]
            ru, rv, seen = _jacobian(rotations[c], centers[c], focal[o], k1[o], points[p], offset[i], j)
            if not seen:
                continue
            weight = 1.0 / (SIGHT_PX**2 + (ru * ru + rv * rv) / 4.0)
            _columns(c, o, first, index)
            for a in range(8):
                ja, ka = weight * j[0, a], weight * j[1, a]
                right[index[a]] += ja * ru + ka * rv
                diagonal[index[a]] += ja * j[0, a] + ka * j[1, a]
                for b in range(8):
                    straight[index[a], index[b]] += ja * j[0, b] + ka * j[1, b]
                for b in range(3):
                    coupling[i, a, b] = ja * j[0, 8 + b] + ka * j[1, 8 + b]
            for a in range(3):
                ja, ka = weight * j[0, 8 + a], weight * j[1, 8 + a]
                g[a] += ja * ru + ka * rv
                for b in range(3):
                    v[a, b] += ja * j[0, 8 + b] + ka * j[1, 8 + b]
        trace = v[0, 0] + v[1, 1] + v[2, 2]
        if trace == 0.0 or damping == np.inf:
            continue
        for a in range(3):
            v[a, a] += damping * v[a, a] + 1e-9 * trace
            if turn:
                for b in range(3):
                    v[a, b] += trace * points[p, a] * points[p, b]
        inverse[p] = np.linalg.inv(v)
        for i in range(starts[p], starts[p + 1]):
            _columns(picture[i], group[picture[i]], first, index)
            y = coupling[i] @ inverse[p]
            for a in range(8):
                right[index[a]] -= y[a, 0] * g[0] + y[a, 1] * g[1] + y[a, 2] * g[2]
            for k in range(starts[p], i + 1):
                _columns(picture[k], group[picture[k]], first, other)
                half = 0.5 if k == i else 1.0
                for a in range(8):
                    y0, y1, y2 = half * y[a, 0], half * y[a, 1], half * y[a, 2]
                    for b in range(8):
                        w = coupling[k, b]
                        crossed[index[a], other[b]] += y0 * w[0] + y1 * w[1] + y2 * w[2]


@njit(cache=True, nogil=True)
def _substitute(group, starts, picture, move, first, coupling, inverse, slope, shift):  # type: ignore[no-untyped-def]
    index = np.zeros(8, np.int64)
    for p in range(len(shift)):
        g = slope[p].copy()
        for i in range(starts[p], starts[p + 1]):
            _columns(picture[i], group[picture[i]], first, index)
            for a in range(8):
                for b in range(3):
                    g[b] += coupling[i, a, b] * move[index[a]]
        shift[p] = -inverse[p] @ g
