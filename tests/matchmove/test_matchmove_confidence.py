"""How well a path is known, frame by frame, and what is done where it is known badly."""

from functools import cache

import numpy as np
import pytest
from matchmove_world import FOCAL, HW, handheld, path, picture_errors_px, tracks_of

from cyclorama.core.camera import CameraPath
from cyclorama.matchmove.bundle import Bundle
from cyclorama.matchmove.resect import Poses, Sights
from cyclorama.matchmove.smooth import _posterior, smooth
from cyclorama.matchmove.solve import Solve, solve
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.trust import own_noise_px

NUM_FRAMES = 30
BAD = np.arange(13, 18)


def thinned(tracks: Tracks, num_left: int, noise_px: float) -> Tracks:
    """The same, but that in the frames ``BAD`` few tracks are left, and those are noisy."""
    rng = np.random.default_rng(5)
    kept, px = np.ones(len(tracks.px), bool), tracks.px.copy()
    for index in BAD:
        rows = np.flatnonzero(tracks.frame == index)
        kept[rng.permutation(rows)[num_left:]] = False
        px[rows] += noise_px * rng.standard_normal((len(rows), 2))
    return Tracks(tracks.track, tracks.frame, px, tracks.hw, tracks.num_frames).keep(kept)


@cache
def solved(num_left: int, noise_px: float) -> tuple[Solve, CameraPath]:
    truth = handheld(NUM_FRAMES)
    return solve(thinned(tracks_of(truth), num_left, noise_px), FOCAL), truth


def unsmoothed(num_left: int, noise_px: float) -> Solve:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cyclorama.matchmove.smooth._STEPS", 1)
        patch.setattr("cyclorama.matchmove.smooth._moved", lambda poses, *_: poses)
        return solve(thinned(tracks_of(handheld(NUM_FRAMES)), num_left, noise_px), FOCAL)


def test_a_badly_seen_stretch_leans_on_its_neighbours_and_nothing_else_does() -> None:
    """Five frames see nine tracks with ten times the noise, in a shot that shakes."""
    found, truth = solved(9, 1.0)
    bare = unsmoothed(9, 1.0)
    well = np.setdiff1d(np.arange(NUM_FRAMES), BAD)
    ours, before = (picture_errors_px(p.path, truth, well) for p in (found, bare))
    assert np.sqrt((ours[BAD] ** 2).mean()) < 0.8 * np.sqrt((before[BAD] ** 2).mean())
    moved = picture_errors_px(found.path, bare.path, well)
    assert moved[well].max() < 0.02  # px: of the 0.1 px of a track's noise
    shake = picture_errors_px(truth, _steady(truth), well)
    assert shake[well].mean() > 1  # which was kept:
    assert ours[well].mean() < 0.1


def _steady(truth: CameraPath) -> CameraPath:
    return CameraPath((truth[0], *truth.cameras[:-1]))


def test_the_predicted_error_is_the_error() -> None:
    found, truth = solved(9, 1.0)
    well = np.setdiff1d(np.arange(NUM_FRAMES), BAD)
    error = picture_errors_px(found.path, truth, well)
    assert 0.4 < np.sqrt((error[well] ** 2).mean() / (found.sigma_px[well] ** 2).mean()) < 3
    assert 0.4 < np.sqrt((error[BAD] ** 2).mean() / (found.sigma_px[BAD] ** 2).mean()) < 2
    assert found.sigma_px[BAD].min() > 5 * found.sigma_px[well].max()


@pytest.mark.parametrize("num_left", [0, 4])
def test_a_gap_is_bridged_and_said_to_be_unsure(num_left: int) -> None:
    found, truth = solved(num_left, 0.0)
    well = np.setdiff1d(np.arange(NUM_FRAMES), BAD)
    error = picture_errors_px(found.path, truth, well)
    assert found.model == "full"
    assert error[well].max() < 0.15
    assert error[BAD].max() < 3 * found.sigma_px[BAD].max()
    assert found.sigma_px[BAD].min() > 3 * found.sigma_px[well].max()
    assert (found.num_seen[BAD] <= num_left).all()
    assert np.isfinite([*found.sigma_px, *found.residual_px]).all()


def test_ends_that_see_nothing() -> None:
    tracks = tracks_of(path("pan", 14))
    found = solve(tracks.keep((tracks.frame > 1) & (tracks.frame < 12)))
    assert found.model == "pan-tilt"
    assert len(found.path) == 14
    assert found.sigma_px[[0, 1, 12, 13]].min() > 5 * found.sigma_px[2:12].max()
    assert picture_errors_px(found.path, path("pan", 14), np.arange(2, 12)).max() < 10


def test_a_locked_off_camera_is_sure_of_itself() -> None:
    found = solve(tracks_of(path("locked", 12)))
    assert found.sigma_px.max() < 0.03
    assert not found.measured_focal
    assert found.residual_px == pytest.approx(np.full(12, 0.12), abs=0.05)


def test_the_smoothers_answer_is_the_dense_one() -> None:
    """Block tridiagonal against the whole system inverted."""
    rng, k = np.random.default_rng(0), 3
    for n in (9, 10):
        half = rng.normal(size=(n, k, k))
        h, g = half @ half.transpose(0, 2, 1), rng.normal(size=(n, k))
        changes = rng.normal(size=(n - 1, k)), rng.normal(size=(n - 2, k))
        precisions = np.array([2.0, 0, 1]), np.array([0, 3.0, 1])
        whole, right = np.zeros((n * k, n * k)), -g.ravel()
        for c in range(n):
            whole[c * k : c * k + k, c * k : c * k + k] = h[c]
        for order, (change, precision) in enumerate(zip(changes, precisions), 1):
            d = np.kron(np.diff(np.eye(n), order, axis=0), np.eye(k))
            weighed = d.T * np.tile(precision, n - order)
            whole += weighed @ d
            right -= weighed @ change.ravel()
        move, covariance = _posterior(h, g, changes, precisions)
        inverse = np.linalg.inv(whole)
        assert np.allclose(move.ravel(), inverse @ right)
        assert all(np.allclose(covariance[c], inverse[c * k : c * k + k, c * k : c * k + k]) for c in range(n))


def test_few_frames_are_left_alone() -> None:
    bundle = Bundle(np.eye(3)[None], np.zeros((1, 3)), np.array([[0, 0, 1.0]]), np.zeros(1), FOCAL)
    poses = Poses(np.repeat(np.eye(3)[None], 3, 0), np.zeros((3, 3)), np.full(3, FOCAL))
    sights = Sights(np.arange(4), np.zeros(3, int), np.zeros((3, 2)), np.ones(3))
    assert smooth(poses, bundle, sights, np.arange(3), HW).poses is poses


def test_noise_of_a_track_by_its_own_errors() -> None:
    """Three tracks: as noisy as all, ten times as noisy, and one that is hardly seen."""
    rng = np.random.default_rng(0)
    track = np.repeat([0, 1, 2], [400, 400, 1])
    error = np.linalg.norm(rng.standard_normal((801, 2)), axis=1) * np.array([0.1, 1.0, 5.0])[track]
    own = own_noise_px(error, track, 3, 0.1)
    assert own[:2] == pytest.approx([0.1, 1.0], rel=0.15)
    assert 0.1 < own[2] < 5
