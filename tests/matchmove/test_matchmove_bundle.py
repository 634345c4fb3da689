"""The bundle adjustment's derivatives and the gauge of its covariance."""

from dataclasses import replace

import numpy as np
import pytest
from matchmove_world import HW

from cyclorama.core.lens import Lens
from cyclorama.matchmove.bundle import (
    Bundle,
    Freedom,
    _cost,
    _data,
    _linearise,
    _moved,
    information,
    projected,
    rotation_from_vector,
)
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.uncertainty import _gauge

EVERYTHING = Freedom(translate=True, focal=True, usual_focal_px=180.0, zoom=True, num_lens=2)


def some_bundle(plane: np.ndarray | None, *, noise_px: float = 5.0) -> tuple[Bundle, Tracks, np.ndarray]:
    rng = np.random.default_rng(0)
    n, p = 4, 30
    directions = rng.normal(size=(p, 3)) * [0.3, 0.3, 0] + [0, 0, 1]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    bundle = Bundle(
        np.stack([rotation_from_vector(0.1 * rng.normal(size=3)) for _ in range(n)]),
        0.2 * rng.normal(size=(n, 3)),
        directions,
        rng.uniform(0.2, 1, p) if plane is None else directions @ plane,
        200.0,
        zoom=0.1 * rng.normal(size=n),
        lens=Lens(-0.1, 0.03),
        plane=plane,
        readout=0.2,
    )
    tracks = Tracks(np.repeat(np.arange(p), n), np.tile(np.arange(n), p), np.zeros((p * n, 2)), HW, n)
    seen = projected(bundle, tracks)[0] + noise_px * rng.normal(size=(p * n, 2))
    return bundle, Tracks(tracks.track, tracks.frame, seen, HW, n), rng.normal(size=(p * n, 2))


@pytest.mark.parametrize("plane", [None, np.array([0.1, 0.2, 0.7])])
def test_derivatives_are_those_of_the_cost(plane: np.ndarray | None) -> None:
    """Of everything that may move, the priors among it, by central differences."""
    bundle, tracks, lean = some_bundle(plane)
    freedom = replace(EVERYTHING, readout=lean)
    data = _data(tracks, np.full(len(tracks.px), 0.1), lean)
    system = _linearise(bundle, data, freedom)
    step, none, still = 1e-6, np.zeros_like(system.g_c), np.zeros_like(system.g_p)

    def slope(move: np.ndarray, shift: np.ndarray) -> float:
        ahead, back = (_cost(_moved(bundle, system, s * move, s * shift), data, freedom) for s in (step, -step))
        return (ahead - back) / (2 * step)

    cameras = np.array([slope(row, still) for row in np.eye(len(none))])
    assert np.abs(cameras - system.g_c).max() < 1e-7 * np.abs(system.g_c).max()
    points = np.array([slope(none, row.reshape(still.shape)) for row in np.eye(still.size)]).reshape(still.shape)
    assert np.abs(points - system.g_p).max() < 1e-7 * np.abs(system.g_p).max()


@pytest.mark.parametrize("plane", [None, np.array([0.1, 0.2, 0.7])])
def test_no_picture_tells_where_the_world_lies(plane: np.ndarray | None) -> None:
    """Turns, shifts and scale of the world change nothing that is seen."""
    bundle, tracks, _ = some_bundle(plane, noise_px=0)
    freedom = Freedom(translate=True, focal=False, usual_focal_px=200.0)
    columns, own = freedom.columns(plane is not None)
    matrix = information(bundle, tracks, freedom, np.ones(len(tracks.px)))
    gauge = _gauge(bundle, freedom, columns, own)
    assert gauge.shape[1] == 7
    assert np.abs(matrix @ gauge).max() < 1e-6 * np.abs(matrix).max()
    values = np.linalg.eigvalsh(matrix)
    assert values[7] > 1e3 * max(abs(values[6]), 1e-12)  # and nothing else goes unseen
