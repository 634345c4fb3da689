"""Bundle adjustment of a shot's cameras and points, by Levenberg-Marquardt with the points eliminated.

A point is a unit direction ``m`` from the world's origin and an inverse distance ``rho`` (so that infinity is an
ordinary value); a camera is a rotation ``R`` (cam_from_world), a centre ``C`` and a focal length ``f``:

    X = R (m - rho C),   p = (X0, X1) / X2,   px = f p (1 + k1 |p|^2 + k2 |p|^4) + principal point.

Points of one plane ``a . x = 1`` have ``rho = a . m``, and the plane is solved for in place of their distances.
Residuals are in units of ``SIGMA_PX`` under a Cauchy loss (Triggs et al. 1999, sections 3, 4 and 6).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.bundle_kernels import accumulate, all_turned, robust_cost
from cyclorama.matchmove.tracks import Tracks

SIGMA_PX = 0.3
TOLERANCE = 1e-6  # relative gain of a step below which the minimum is reached
FOCAL_SPREAD = 0.35  # one standard deviation of log(focal / usual focal)
LENS_SPREAD = (0.15, 0.05)  # of k1 and k2: lenses of film and phones bend no more
ZOOM_SPREAD = 0.05  # of the change of speed of log focal from frame to frame: a zoom that starts sharply is still fine
_TURN, _MOVE, _ZOOM, _FOCAL, _LENS, _PLANE, _READOUT = (0, 1, 2), (3, 4, 5), 6, 7, (8, 9), (10, 11, 12), 13


@dataclass(frozen=True)
class Bundle:
    """State of a solve: ``rotations`` (n, 3, 3), ``centers`` (n, 3), ``directions`` (p, 3), ``rho`` (p,).

    ``focal_px`` is the first camera's, ``zoom`` (n,) the log of the others' relative to it; ``plane`` (3,) is ``a``
    where all points lie on one; ``readout`` is the rolling shutter's share of a frame. ``cost`` is half the robust sum
    of squares."""

    rotations: Array
    centers: Array
    directions: Array
    rho: Array
    focal_px: float
    cost: float = np.inf
    zoom: Array | None = None
    lens: Lens = STRAIGHT
    plane: Array | None = None
    readout: float = 0.0

    @property
    def focals(self) -> Array:
        """(n,) pixels."""
        zoom = np.zeros(len(self.rotations)) if self.zoom is None else self.zoom
        return np.asarray(self.focal_px * np.exp(zoom))

    @property
    def shared(self) -> Array:
        """As ``bundle_kernels`` takes it."""
        plane = np.zeros(3) if self.plane is None else self.plane
        return np.array([self.lens.k1, self.lens.k2, *plane, self.readout, self.plane is not None], np.float64)


@dataclass(frozen=True)
class Freedom:
    """What may move: ``translate`` centres and depths (or the plane, where the bundle has one), ``focal`` the shared
    focal length, weighed by a prior about ``usual_focal_px``, ``turn`` the rotations, ``zoom`` every camera's focal
    length, ``num_lens`` of the lens's terms; ``readout``, (n, 2), is what a readout of one frame would move the
    observations, where that is looked for. The first camera is the world and stays."""

    translate: bool
    focal: bool
    usual_focal_px: float
    turn: bool = True
    zoom: bool = False
    num_lens: int = 0
    readout: Array | None = None

    def columns(self, planar: bool) -> tuple[Array, int]:
        """The columns of the derivatives that may move, and how many of them are a camera's own."""
        own = (*(_TURN if self.turn else ()), *(_MOVE if self.translate else ()), *((_ZOOM,) if self.zoom else ()))
        every = (*((_FOCAL,) if self.focal else ()), *_LENS[: self.num_lens])
        every += (*(_PLANE if planar and self.translate else ()), *(() if self.readout is None else (_READOUT,)))
        return np.array(own + every, np.int64), len(own)


Data = tuple[Array, Array, Array, Array, Array]  # starts of the points, frame, offset, scale, lean of observations


def adjust(
    bundle: Bundle,
    tracks: Tracks,
    freedom: Freedom,
    weights: Array | None = None,
    num_steps: int = 60,
    tolerance: float = TOLERANCE,
) -> Bundle:
    """The nearest minimum of the robust cost. ``weights`` (n,) multiply the residuals of the observations; a step that
    gains less than ``tolerance`` of the cost is the last."""
    data = _data(tracks, weights, freedom.readout)
    state = replace(bundle, cost=_cost(bundle, data, freedom))
    damping = 1e-3
    for _ in range(num_steps):
        system = _linearise(state, data, freedom)
        for _ in range(8):
            trial = _step(state, system, damping)
            cost = _cost(trial, data, freedom)
            if cost < state.cost:
                break
            damping *= 4
        else:
            return state
        gain = state.cost - cost
        state, damping = replace(trial, cost=cost), max(damping / 5, 1e-9)
        if gain < tolerance * cost:
            break
    return state


def residuals_px(bundle: Bundle, tracks: Tracks) -> Array:
    """Length of the reprojection error of every observation, (n,) pixels; infinite behind the camera."""
    px, inside = projected(bundle, tracks)
    return np.where(inside, np.linalg.norm(px - tracks.px, axis=1), np.inf)


def projected(bundle: Bundle, tracks: Tracks) -> tuple[Array, Array]:
    """Where every observation should be, (n, 2) pixels without the rolling shutter, and whether it is in front."""
    x = np.einsum(
        "nij,nj->ni",
        bundle.rotations[tracks.frame],
        bundle.directions[tracks.track] - bundle.rho[tracks.track, None] * bundle.centers[tracks.frame],
    )
    inside = x[:, 2] > 1e-9
    plane = x[:, :2] / np.where(inside, x[:, 2], 1.0)[:, None]
    seen = bundle.focals[tracks.frame, None] * bundle.lens.distorted(plane)
    return seen + np.array([tracks.hw[1] / 2, tracks.hw[0] / 2]), inside


def information(bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array) -> Array:
    """Of all cameras (the first one's too) and what they share, the points eliminated: the inverse covariance, in the
    order of ``Freedom.columns``, where ``weights`` make the residuals those of ``SIGMA_PX``."""
    system = _linearise(bundle, _data(tracks, weights, freedom.readout), freedom)
    return _reduced(system, 0.0)[0]


def _data(tracks: Tracks, weights: Array | None, lean: Array | None) -> Data:
    order = np.argsort(tracks.track, kind="stable")
    starts = np.searchsorted(tracks.track[order], np.arange(tracks.num_tracks + 1))
    offset = tracks.px[order] - np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
    scale = (np.ones(len(order)) if weights is None else weights[order]) / SIGMA_PX
    return starts, tracks.frame[order], offset, scale, np.zeros((len(order), 2)) if lean is None else lean[order]


def focal_prior(bundle: Bundle, freedom: Freedom) -> float:
    """How far the focal length is from the usual one, in standard deviations; 0 where it is held."""
    return float(np.log(bundle.focal_px / freedom.usual_focal_px) / FOCAL_SPREAD) if freedom.focal else 0.0


def _lens_prior(bundle: Bundle, freedom: Freedom) -> Array:
    return np.array([bundle.lens.k1, bundle.lens.k2])[: freedom.num_lens] / LENS_SPREAD[: freedom.num_lens]


def _cost(bundle: Bundle, data: Data, freedom: Freedom) -> float:
    state = (bundle.rotations, bundle.centers, bundle.focals, bundle.directions, bundle.rho, bundle.shared)
    prior = focal_prior(bundle, freedom) ** 2 + float((_lens_prior(bundle, freedom) ** 2).sum())
    if freedom.zoom and bundle.zoom is not None:
        prior += float(((np.diff(bundle.zoom, 2) / ZOOM_SPREAD) ** 2).sum())
    return float(robust_cost(*state, *data)) + 0.5 * prior


@dataclass(frozen=True)
class _System:
    """Normal equations: cameras, then what they share, in ``h_cc``, ``g_c``; per point blocks and their coupling
    ``h_cp`` (p, 2 or 3, cameras). ``columns`` and ``num_own`` say what they are of."""

    h_cc: Array
    g_c: Array
    h_pp: Array
    g_p: Array
    h_cp: Array
    bases: Array
    columns: Array
    num_own: int


def _linearise(bundle: Bundle, data: Data, freedom: Freedom) -> _System:
    columns, num_own = freedom.columns(bundle.plane is not None)
    n, p = len(bundle.rotations), len(bundle.rho)
    size, point = n * num_own + len(columns) - num_own, 3 if freedom.translate and bundle.plane is None else 2
    h_cc, g_c, h_pp, g_p = np.zeros((size, size)), np.zeros(size), np.zeros((p, point, point)), np.zeros((p, point))
    system = (h_cc, g_c, h_pp, g_p, np.zeros((p, point, size)), np.zeros((p, 3, 2)))
    state = (bundle.rotations, bundle.centers, bundle.focals, bundle.directions, bundle.rho, bundle.shared)
    accumulate(*state, *data, columns, num_own, system)
    h_cc += np.tril(h_cc, -1).T
    made = _System(*system, columns, num_own)
    _add_priors(made, bundle, freedom)
    return made


def _add_priors(system: _System, bundle: Bundle, freedom: Freedom) -> None:
    n, own = len(bundle.rotations), system.num_own
    at = n * own
    if freedom.focal:
        system.h_cc[at, at] += 1 / FOCAL_SPREAD**2
        system.g_c[at] += focal_prior(bundle, freedom) / FOCAL_SPREAD
        at += 1
    for term, spread in zip(_lens_prior(bundle, freedom), LENS_SPREAD):
        system.h_cc[at, at] += 1 / spread**2
        system.g_c[at] += term / spread
        at += 1
    if freedom.zoom and n > 2:
        bend = np.diff(np.eye(n), 2, axis=0) / ZOOM_SPREAD
        zoom = np.zeros(n) if bundle.zoom is None else bundle.zoom
        places = np.arange(n) * own + own - 1
        system.h_cc[np.ix_(places, places)] += bend.T @ bend
        system.g_c[places] += bend.T @ (bend @ zoom)


def _reduced(system: _System, damping: float) -> tuple[Array, Array, Array, Array]:
    """Schur complement of the points: matrix, gradient, and the points' inverse factors and carried coupling."""
    h_pp = system.h_pp.copy()
    diagonal = np.einsum("pii->pi", h_pp)
    diagonal += max(damping, 1e-9) * diagonal + 1e-9
    factor = np.linalg.inv(np.linalg.cholesky(h_pp))
    carried = (factor @ system.h_cp).reshape(factor.shape[0] * factor.shape[1], len(system.g_c))
    half = (factor @ system.g_p[:, :, None]).reshape(-1)
    return system.h_cc - carried.T @ carried, system.g_c - carried.T @ half, factor, carried


def _step(bundle: Bundle, system: _System, damping: float) -> Bundle:
    reduced, right, factor, carried = _reduced(system, damping)
    move = np.zeros(len(right))
    free = slice(system.num_own, None)  # the first camera is the world
    damped = reduced[free, free]
    damped[np.diag_indices_from(damped)] += damping * np.diag(system.h_cc)[free] + 1e-9
    move[free] = -np.linalg.solve(damped, right[free])
    half = (factor @ system.g_p[:, :, None])[:, :, 0] + (carried @ move).reshape(factor.shape[:2])
    return _moved(bundle, system, move, -np.einsum("pji,pj->pi", factor, half))


def _moved(bundle: Bundle, system: _System, move: Array, shift: Array) -> Bundle:
    own, n = system.num_own, len(bundle.rotations)
    full = np.zeros((n, 7))
    full[:, system.columns[:own]] = move[: own * n].reshape(n, own)
    shared = np.zeros(7)
    shared[system.columns[own:] - 7] = move[own * n :]
    rotations = all_turned(bundle.rotations, full[:, :3])
    directions = bundle.directions + np.einsum("pij,pj->pi", system.bases, shift[:, :2])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    plane = None if bundle.plane is None else bundle.plane + shared[3:6]
    if plane is not None:
        rho = directions @ plane
    else:
        rho = np.maximum(bundle.rho + shift[:, 2], 0.0) if shift.shape[1] == 3 else bundle.rho
    return Bundle(
        rotations,
        bundle.centers + full[:, 3:6],
        directions,
        rho,
        bundle.focal_px * float(np.exp(np.clip(shared[0], -0.3, 0.3))),
        zoom=bundle.zoom if _ZOOM not in system.columns else full[:, 6] + (0 if bundle.zoom is None else bundle.zoom),
        lens=Lens(float(bundle.lens.k1 + shared[1]), float(bundle.lens.k2 + shared[2])),
        plane=plane,
        readout=bundle.readout + shared[6],
    )


def rotation_from_vector(vector: Array) -> Array:
    """Rodrigues' formula: 3 x 3 of an axis times an angle (radians)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-8:
        return np.eye(3) + k
    return np.eye(3) + np.sin(angle) / angle * k + (1 - np.cos(angle)) / angle**2 * (k @ k)


def vector_from_rotation(rotation: Array) -> Array:
    """Inverse of ``rotation_from_vector``, angle in 0..pi."""
    return np.asarray(cv2.Rodrigues(rotation)[0], np.float64).reshape(3)
