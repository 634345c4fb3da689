"""How well a solve knows its cameras: covariances from the Schur complement of the points.

The pictures do not say where the world lies, nor its scale where the camera travels: that gauge is fixed so that the
cameras' errors, as seen in the pictures, are least together (inner constraints, Triggs et al. 1999, section 9).
"""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import Bundle, Freedom, information
from cyclorama.matchmove.tracks import Tracks

_STIFF = 1e6
"""By how much more than any picture the gauge holds."""
_RIDGE = 1e-9
"""Of the greatest information: for what no picture tells."""
_CROSS = np.array(
    [[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)


def shared_sigmas(bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array) -> dict[int, float]:
    """One standard deviation of what all cameras share, by column of the derivatives (7 is log focal, 13 readout); the
    first camera is the world."""
    columns, own = freedom.columns(bundle.plane is not None)
    matrix = information(bundle, tracks, freedom, weights)
    gauge = (
        _gauge(bundle, freedom, columns, own)[:, -1:][own:] if freedom.translate else np.zeros((len(matrix) - own, 0))
    )
    covariance = _inverse(matrix[own:, own:], gauge)
    variance = np.maximum(np.diag(covariance), 0.0)[len(covariance) - (len(columns) - own) :]
    return {int(c): float(np.sqrt(v)) for c, v in zip(columns[own:], variance)}


def cameras_sigma_px(bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array, jacobians: Array) -> Array:
    """(n,) one standard deviation along an axis of where the cameras put what they see, pixels, the focal length and
    the lens taken for granted. ``jacobians``: (n, 2k, 7) of places of the picture by a camera's own parameters."""
    columns, own = freedom.columns(bundle.plane is not None)
    n = len(bundle.rotations)
    kept = np.concatenate([np.ones(own * n, bool), columns[own:] >= 10])
    matrix = information(bundle, tracks, freedom, weights)[np.ix_(kept, kept)]
    if freedom.zoom:
        matrix[own - 1, own - 1] += _STIFF * matrix.max()  # the first camera's focal length stands for all
    gauge = _gauge(bundle, freedom, columns, own)[kept]
    seen = jacobians[:, :, columns[:own]]
    metric = np.einsum("nai,naj->nij", seen, seen)
    pulled = gauge.copy()
    pulled[own * n :] = 0
    pulled[: own * n] = np.einsum("nij,njg->nig", metric, gauge[: own * n].reshape(n, own, -1)).reshape(own * n, -1)
    covariance = _inverse(matrix, pulled)
    blocks = np.stack([covariance[c * own : (c + 1) * own, c * own : (c + 1) * own] for c in range(n)])
    return np.sqrt(np.maximum(np.einsum("nai,nij,naj->n", seen, blocks, seen) / seen.shape[1], 0.0))


def _inverse(matrix: Array, gauge: Array) -> Array:
    top = max(float(np.abs(np.diag(matrix)).max(initial=0.0)), 1e-12)
    held = gauge / np.maximum(np.linalg.norm(gauge, axis=0), 1e-12)
    scale = np.sqrt(np.maximum(np.diag(matrix), _RIDGE * top))  # of columns of very different units
    whole = matrix / scale[:, None] / scale + _RIDGE * np.eye(len(matrix))
    held = held / scale[:, None]
    held = held / np.maximum(np.linalg.norm(held, axis=0), 1e-12)
    return np.asarray(np.linalg.inv(whole + _STIFF * held @ held.T) / scale[:, None] / scale)


def _gauge(bundle: Bundle, freedom: Freedom, columns: Array, own: int) -> Array:
    """What may change without a picture changing, as columns: turns of the world, shifts, and last its scale."""
    n = len(bundle.rotations)
    if not freedom.turn:
        return np.zeros((own * n + len(columns) - own, 0))
    num = 7 if freedom.translate else 3
    cameras, plane = np.zeros((n, 7, num)), np.zeros((14, num))
    cameras[:, :3, :3] = -bundle.rotations
    if freedom.translate:
        cameras[:, 3:6, :3] = np.einsum("kij,nj->nik", _CROSS, bundle.centers)
        cameras[:, 3:6, 3:6] = np.eye(3)
        cameras[:, 3:6, 6] = bundle.centers
        if bundle.plane is not None:
            a = bundle.plane
            plane[10:13, :3] = np.einsum("kij,j->ik", _CROSS, a)
            plane[10:13, 3:6] = -np.outer(a, a)
            plane[10:13, 6] = -a
    return np.concatenate([cameras[:, columns[:own]].reshape(own * n, num), plane[columns[own:]]])
