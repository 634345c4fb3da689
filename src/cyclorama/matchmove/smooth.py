"""A path that leans on its neighbours as far as it is not known itself.

Every camera is pulled by what it sees and by a process: its place, or its speed, changes from frame to frame as much
as it does where the camera is well known (the place where it shakes, the speed where it glides: whichever bridges a
gap better there). What is well known stays, the hand's shake with it; what is badly known, or sees nothing,
lies where its neighbours make it likely. The maximum of the posterior by Gauss-Newton, the normal equations solved
two frames at a time (block tridiagonal: the smoother of Rauch, Tung and Striebel 1965 in information form).
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import Bundle, rotation_from_vector, vector_from_rotation
from cyclorama.matchmove.bundle_kernels import camera_system, observe
from cyclorama.matchmove.resect import LEAST_SIGHTS, Poses, Sights

LEAST_FRAMES = 8
"""A process is told from no fewer."""
_STEPS = 5
_WELL = 2.0
"""A frame is well known whose error in the picture is at most so many times the median."""
_LEAST_SHARE = 0.05
"""Of the change of speed that is the camera's, however much of it the noise explains."""
_STENCILS = ((-1.0, 1.0), (1.0, -2.0, 1.0))
"""Of a change of place and of a change of speed."""
_INNER, _OUTER = 2, 3
"""Frames from the middle of a gap to the nearest and next frames that are used to bridge it."""
_GRID = 3
"""Places a side of the picture where a camera's error is looked at."""


@dataclass(frozen=True)
class Smoothed:
    """``poses`` and one standard deviation of where they put known points in the picture, ``sigma_px`` (n,);
    ``alone_px`` (n,) is what it would be by what each frame itself sees."""

    poses: Poses
    sigma_px: Array
    alone_px: Array


def smooth(poses: Poses, bundle: Bundle, sights: Sights, columns: Array, hw: tuple[int, int]) -> Smoothed:
    """The most likely path. ``columns`` of a camera's derivatives may move; ``sights`` are weighed by their noise."""
    jacobians = grid_jacobians(poses, bundle, sights, hw)[:, :, columns]
    h, g = _systems(poses, bundle, sights, columns)
    alone = _inverses(h)
    alone_px = _in_picture(alone, jacobians)
    if len(h) < LEAST_FRAMES:
        return Smoothed(poses, alone_px, alone_px)
    precisions = _precisions(poses, alone, _well_known(alone_px, sights), columns)
    drift = np.median(_changes(poses, 1), 0)[columns]
    for step in range(_STEPS):
        if step:
            h, g = _systems(poses, bundle, sights, columns)
        changes = _changes(poses, 1)[:, columns] - drift, _changes(poses, 2)[:, columns]
        move, covariance = _posterior(h, g, changes, precisions)
        poses = _moved(poses, move, columns)
    return Smoothed(poses, _in_picture(covariance, jacobians), alone_px)


def grid_jacobians(poses: Poses, bundle: Bundle, sights: Sights, hw: tuple[int, int]) -> Array:
    """Derivatives (n, 18, 7) by a camera's own parameters of nine places of its picture, as far as what it sees."""
    h, w = hw
    axis = (np.arange(_GRID) + 0.5) / _GRID - 0.5
    offset = np.stack(np.meshgrid(axis * w, axis * h), -1).reshape(-1, 2)
    out = np.zeros((len(poses.centers), 2 * _GRID**2, 7))
    j, basis, lean = np.zeros((2, 17)), np.zeros((3, 2)), np.zeros(2)
    near = _nearness(poses, bundle, sights)
    for c, (rotation, center, focal) in enumerate(zip(poses.rotations, poses.centers, poses.focals)):
        plane = bundle.lens.straightened(offset / focal)
        rays = np.concatenate([plane, np.ones((len(plane), 1))], 1) @ rotation
        for k, ray in enumerate(rays[np.isfinite(plane).all(1)]):
            observe(rotation, center, focal, ray + near[c] * center, near[c], basis, bundle.shared, lean, j)
            out[c, 2 * k : 2 * k + 2] = j[:, :7]
    return out


def _nearness(poses: Poses, bundle: Bundle, sights: Sights) -> Array:
    """(n,) median inverse depth of what each frame sees; the shot's, where it sees nothing."""
    out = np.full(len(poses.centers), np.nan)
    for c in np.flatnonzero(sights.counts()):
        at = sights.points[sights.starts[c] : sights.starts[c + 1]]
        x = (bundle.directions[at] - bundle.rho[at, None] * poses.centers[c]) @ poses.rotations[c][2]
        out[c] = np.median(bundle.rho[at] / np.maximum(x, 1e-3))
    seen = np.isfinite(out)
    return np.where(seen, out, np.median(out[seen]) if seen.any() else 0.0)


def _systems(poses: Poses, bundle: Bundle, sights: Sights, columns: Array) -> tuple[Array, Array]:
    n, k = sights.num_frames, len(columns)
    hs, gs = np.zeros((n, k, k)), np.zeros((n, k))
    h, g = np.zeros((7, 7)), np.zeros(7)
    for c in range(n):
        own = slice(sights.starts[c], sights.starts[c + 1])
        at = sights.points[own]
        points = (bundle.directions[at], bundle.rho[at], bundle.shared, sights.offset[own], sights.scale[own])
        camera_system(poses.rotations[c], poses.centers[c], poses.focals[c], *points, columns, h, g)
        hs[c], gs[c] = h[np.ix_(columns, columns)], g[columns]
    return hs, gs


def _inverses(h: Array) -> Array:
    """Of the matrices (n, k, k), with what is not known at all made very uncertain."""
    most = np.maximum(np.median(np.einsum("nii->ni", h), 0), 1e-12)
    return np.asarray(np.linalg.inv(h + 1e-9 * np.diag(most)))


def _in_picture(covariance: Array, jacobians: Array) -> Array:
    """One standard deviation along an axis, (n,) pixels."""
    spread = np.einsum("nai,nij,naj->n", jacobians, covariance, jacobians) / jacobians.shape[1]
    return np.sqrt(np.maximum(spread, 0.0))


def _well_known(alone_px: Array, sights: Sights) -> Array:
    """(n,) bool."""
    enough = sights.counts() >= LEAST_SIGHTS
    return np.asarray(enough & (alone_px <= _WELL * np.median(alone_px[enough]))) if enough.any() else enough


def _precisions(poses: Poses, alone: Array, well: Array, columns: Array) -> tuple[Array, Array]:
    """1 / variance (k,) of the camera's own change of place and of speed, one of them 0, from frames that are well
    known: what was solved varies, less what the noise of the solve adds."""
    glides = _glides(_places(poses)[:, columns], well)
    noise = np.einsum("nii->ni", alone)
    out = []
    for order, chosen in ((1, ~glides), (2, glides)):
        stencil = np.array(_STENCILS[order - 1])
        length = len(well) - order
        inner = np.logical_and.reduce([well[k : k + length] for k in range(order + 1)])
        inner = inner if inner.sum() >= LEAST_FRAMES - 2 else np.ones(length, bool)
        change = _changes(poses, order)[inner][:, columns]
        seen = np.mean((change - (np.median(change, 0) if order == 1 else 0.0)) ** 2, 0)
        added = sum(x**2 * noise[k : k + length][inner].mean(0) for k, x in enumerate(stencil))
        out.append(np.where(chosen, 1 / np.maximum(np.maximum(seen - added, _LEAST_SHARE * seen), 1e-18), 0.0))
    return out[0], out[1]


def _glides(places: Array, well: Array) -> Array:
    """(k,) whether the speed before and after a gap helps to bridge it, by gaps made among well known frames."""
    middle = np.arange(_OUTER, len(places) - _OUTER)
    near, far = (0.5 * (places[middle - d] + places[middle + d]) for d in (_INNER, _OUTER))
    used = np.logical_and.reduce([well[middle + d] for d in (-_OUTER, -_INNER, 0, _INNER, _OUTER)])
    if not used.any():
        return np.ones(places.shape[1], bool)
    a, b = _OUTER**2, _INNER**2
    straight, bent = near - places[middle], (a * near - b * far) / (a - b) - places[middle]
    return np.asarray((bent[used] ** 2).mean(0) <= (straight[used] ** 2).mean(0))


def _places(poses: Poses) -> Array:
    """(n, 7): rotation added up, centre, log focal."""
    turns = [vector_from_rotation(b @ a.T) for a, b in zip(poses.rotations, poses.rotations[1:])]
    turned = np.concatenate([np.zeros((1, 3)), np.cumsum(turns, 0)])
    return np.concatenate([turned, poses.centers, np.log(poses.focals)[:, None]], 1)


def _changes(poses: Poses, order: int) -> Array:
    """Change of place (n - 1, 7) or of speed (n - 2, 7)."""
    return np.diff(_places(poses), order, axis=0)


def _posterior(
    h: Array, g: Array, changes: tuple[Array, Array], precisions: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The step (n, k) and the covariance (n, k, k) of every frame."""
    n, k = g.shape
    num = 2 * ((n + 1) // 2)
    diagonal, upper, right = (np.zeros((num // 2, 2, k, *s)) for s in ((2, k), (2, k), ()))

    def add(a: int, b: int, matrix: Array) -> None:
        if a // 2 == b // 2:
            diagonal[a // 2, a % 2, :, b % 2] += matrix
        elif b // 2 == a // 2 + 1:
            upper[a // 2, a % 2, :, b % 2] += matrix

    for c in range(num):
        add(c, c, h[c] if c < n else np.eye(k))
    right.reshape(-1, k)[:n] -= g
    for stencil, change, precision in zip(_STENCILS, changes, precisions):
        for c, row in enumerate(change):
            for i, x in enumerate(stencil):
                right.reshape(-1, k)[c + i] -= x * precision * row
                for j, y in enumerate(stencil):
                    add(c + i, c + j, np.diag(x * y * precision))
    size = 2 * k
    blocks = (diagonal.reshape(-1, size, size), upper.reshape(-1, size, size), right.reshape(-1, size))
    move, covariance = _block_tridiagonal(*blocks)
    split = covariance.reshape(-1, 2, k, 2, k)
    own = np.stack([split[:, 0, :, 0], split[:, 1, :, 1]], 1)
    return move.reshape(-1, k)[:n], own.reshape(-1, k, k)[:n]


def _block_tridiagonal(diagonal: Array, upper: Array, right: Array) -> tuple[Array, Array]:
    """Solution (b, m) of the symmetric system and the diagonal blocks (b, m, m) of its inverse."""
    ahead, carried = diagonal.copy(), right.copy()
    for b in range(1, len(diagonal)):
        gain = np.linalg.solve(ahead[b - 1], upper[b - 1]).T
        ahead[b] -= gain @ upper[b - 1]
        carried[b] -= gain @ carried[b - 1]
    inverse, solution = np.empty_like(diagonal), np.empty_like(right)
    inverse[-1] = np.linalg.inv(ahead[-1])
    solution[-1] = inverse[-1] @ carried[-1]
    for b in range(len(diagonal) - 2, -1, -1):
        own = np.linalg.inv(ahead[b])
        gain = own @ upper[b]
        solution[b] = own @ carried[b] - gain @ solution[b + 1]
        inverse[b] = own + gain @ inverse[b + 1] @ gain.T
    return solution, inverse


def _moved(poses: Poses, move: Array, columns: Array) -> Poses:
    full = np.zeros((len(move), 7))
    full[:, columns] = move
    rotations = np.stack([rotation_from_vector(w) @ r for w, r in zip(full[:, :3], poses.rotations)])
    return Poses(rotations, poses.centers + full[:, 3:6], poses.focals * np.exp(full[:, 6]))
