"""Alpha in a band by the closed form, against known answers and another solver."""

import time

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.matting.closed_form import solve_band

INF = np.float32(np.inf)


def colour_lines(hw=(28, 36), seed=0) -> tuple[np.ndarray, np.ndarray]:
    """Guide and alpha where F and B each lie on a line in colour, at random places on it (the paper's theorem 2)."""
    rng = np.random.default_rng(seed)
    x = np.arange(hw[1]) + 3 * np.sin(np.arange(hw[0]) / 4)[:, None]
    alpha = np.clip((x - 10) / 16, 0, 1)[..., None]
    ends = np.array([(0.9, 0.2, 0.1), (0.5, 0.6, 0.1), (0.1, 0.1, 0.3), (0.1, 0.5, 0.9)])
    beta = rng.uniform(0, 1, (2, *hw, 1))
    front, back = (ends[2 * n] + beta[n] * (ends[2 * n + 1] - ends[2 * n]) for n in (0, 1))
    return (alpha * front + (1 - alpha) * back).astype(np.float32), alpha[..., 0].astype(np.float32)


def dense_solve(guide: np.ndarray, alpha: np.ndarray, trust: np.ndarray, band: np.ndarray, noise: float) -> np.ndarray:
    """The same system, written as the paper writes it, by a sparse direct solver."""
    h, w = alpha.shape
    number = np.arange(h * w).reshape(h, w)
    laplacian = scipy.sparse.lil_matrix((h * w, h * w))
    for y in range(1, h - 1):
        for x in range(1, w - 1):
            rows = number[y - 1 : y + 2, x - 1 : x + 2].ravel()
            colour = guide[y - 1 : y + 2, x - 1 : x + 2].reshape(9, 3).astype(np.float64)
            off = colour - colour.mean(0)
            inverse = np.linalg.inv(off.T @ off / 9 + noise**2 * np.eye(3))
            laplacian[np.ix_(rows, rows)] += np.eye(9) - (1 + off @ inverse @ off.T) / 9
    free = np.flatnonzero((band > 0).ravel() & np.isfinite(trust).ravel())
    held = np.setdiff1d(number.ravel(), free)
    matrix = laplacian.tocsr()
    given_alpha = alpha.ravel().astype(np.float64)
    own = trust.ravel()[free].astype(np.float64)
    right = own * given_alpha[free] - matrix[free][:, held] @ given_alpha[held]
    out = given_alpha.copy()
    out[free] = scipy.sparse.linalg.spsolve((matrix[free][:, free] + scipy.sparse.diags(own)).tocsc(), right)
    return np.clip(out, 0, 1).reshape(h, w)


def test_alpha_on_colour_lines_is_recovered_from_scribbles():
    guide, alpha = colour_lines()
    known = np.random.default_rng(1).uniform(size=alpha.shape) < 0.05
    start = np.where(known, alpha, 0.5).astype(np.float32)
    got = solve_band(
        guide,
        start,
        np.where(known, INF, 0).astype(np.float32),
        np.ones(alpha.shape, np.uint8),
        noise=1e-5,
        tolerance=1e-7,
    )
    np.testing.assert_allclose(got, alpha, atol=0.01)
    np.testing.assert_array_equal(got[known], alpha[known])


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_constant_alpha_is_kept(value):
    guide = np.random.default_rng(2).uniform(0, 1, (20, 24, 3)).astype(np.float32)
    band = np.zeros((20, 24), np.uint8)
    band[4:15, 6:20] = 1
    alpha = np.full((20, 24), value, np.float32)
    np.testing.assert_allclose(solve_band(guide, alpha, np.zeros_like(alpha), band), alpha, atol=1e-5)


@pytest.mark.parametrize("weight", [0.0, 0.1, 3.0])
def test_it_agrees_with_a_direct_solver(weight):
    rng = np.random.default_rng(3)
    guide = rng.uniform(0.2, 0.6, (18, 22, 3)).astype(np.float32)
    guide[:, 11:] += 0.3
    alpha = rng.uniform(0, 1, (18, 22)).astype(np.float32)
    band = np.zeros(alpha.shape, np.uint8)
    band[:, 7:16] = 1  # to the picture's edges
    band[9] = 1
    trust = (weight * rng.uniform(0.5, 1, alpha.shape)).astype(np.float32)
    trust[5, 9:12] = INF
    got = solve_band(guide, alpha, trust, band, noise=0.02, tolerance=1e-7)
    np.testing.assert_allclose(got, dense_solve(guide, alpha, trust, band, 0.02), atol=1e-3)


def test_an_empty_band_returns_the_input():
    guide, alpha = colour_lines()
    got = solve_band(guide, alpha, np.zeros_like(alpha), np.zeros(alpha.shape, np.uint8))
    np.testing.assert_array_equal(got, alpha)
    assert not np.shares_memory(got, alpha)


def test_outside_the_band_nothing_changes_and_distant_bands_are_apart():
    guide, truth = colour_lines((40, 60), 5)
    alpha = np.round(truth)
    trust = np.full(alpha.shape, 0.05, np.float32)
    near, far = np.zeros((2, *alpha.shape), np.uint8)
    near[2:12, 5:30] = 1
    far[22:38, 8:34] = 1
    both, one, two = (solve_band(guide, alpha, trust, band, tolerance=1e-6) for band in (near | far, near, far))
    np.testing.assert_array_equal(both[(near | far) == 0], alpha[(near | far) == 0])
    np.testing.assert_allclose(both, np.where(near, one, two), atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.3, 3), st.floats(-0.5, 0.5))
def test_gain_and_offset_of_the_guide_do_not_matter(seed, gain, offset):
    guide, truth = colour_lines((16, 40), seed)
    band = ((truth > 0) & (truth < 1)).astype(np.uint8)
    alpha, trust = np.round(truth), np.full(truth.shape, 0.01, np.float32)
    first = solve_band(guide, alpha, trust, band, noise=0.01, tolerance=1e-6)
    other = (gain * guide + offset).astype(np.float32)
    second = solve_band(other, alpha, trust, band, noise=0.01 * gain, tolerance=1e-6)
    np.testing.assert_allclose(first, second, atol=2e-3)


def test_the_cost_follows_the_band_not_the_picture():
    guide = np.random.default_rng(6).uniform(0, 1, (900, 1600, 3)).astype(np.float32)
    alpha = np.zeros((900, 1600), np.float32)
    alpha[100:700, 200:] = 1
    trust = np.full(alpha.shape, 0.1, np.float32)

    def seconds(columns: slice) -> float:
        band = np.zeros(alpha.shape, np.uint8)
        band[100:700, columns] = 1
        best = np.inf
        for _ in range(4):
            start = time.perf_counter()
            solve_band(guide, alpha, trust, band)
            best = min(best, time.perf_counter() - start)
        return best

    seconds(slice(200, 202))  # compiles
    assert seconds(slice(198, 202)) < 0.5 * seconds(slice(180, 220))  # a tenth of the pixels


@pytest.mark.parametrize("hw", [(1, 5), (2, 2), (3, 3)])
def test_pictures_of_hardly_any_window(hw):
    alpha = np.random.default_rng(7).uniform(0, 1, hw).astype(np.float32)
    got = solve_band(np.full((*hw, 3), 0.5, np.float32), alpha, np.ones_like(alpha), np.ones(hw, np.uint8))
    assert got.shape == hw
    assert np.isfinite(got).all()
    if min(hw) < 3:
        np.testing.assert_array_equal(got, alpha)


def test_what_must_hold_is_said():
    guide, alpha = colour_lines()
    with pytest.raises(ValueError, match="band must be 28 x 36 uint8"):
        solve_band(guide, alpha, alpha, np.zeros((28, 35), np.uint8))
    with pytest.raises(ValueError, match="trust must be 28 x 36 float32"):
        solve_band(guide, alpha, alpha.astype(np.float64), np.zeros((28, 36), np.uint8))
