"""The solver against cameras that are known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matchmove_world import (
    FOCAL,
    HW,
    camera,
    facing,
    path,
    rotation_errors_deg,
    tracks_of,
    translation_errors_deg,
    wall_points,
    world_points,
)

from cyclorama.core.camera import CameraPath
from cyclorama.matchmove.bundle import rotation_from_vector, vector_from_rotation
from cyclorama.matchmove.keyframes import MAX_KEYFRAMES, enough
from cyclorama.matchmove.solve import Solve, solve
from cyclorama.matchmove.tracks import Tracks

NUM_FRAMES = 10


@cache
def solved(move: str) -> tuple[Solve, CameraPath]:
    """The focal length unknown, 0.1 px of noise and a tenth of the observations plainly wrong."""
    truth = path(move, NUM_FRAMES)
    return solve(tracks_of(truth)), truth


@pytest.mark.parametrize(
    ("move", "model"),
    [
        ("locked", "locked-off"),
        ("pan", "pan-tilt"),
        ("truck", "full"),
        ("dolly", "full"),
        ("orbit", "full"),
    ],
)
def test_the_model_is_chosen_by_evidence(move: str, model: str) -> None:
    found, truth = solved(move)
    assert found.model == model
    assert found.path.hw == HW
    assert len(found.path) == NUM_FRAMES
    assert found.median_px < 0.2
    assert (len(found.points) > 50) == (model == "full")
    assert truth.is_locked_off == found.path.is_locked_off


def test_a_still_camera_seen_without_outliers() -> None:
    found = solve(tracks_of(path("locked", NUM_FRAMES), outliers=0))
    assert found.model == "locked-off"
    assert found.path.is_locked_off
    assert len(found.points) == 0
    assert found.median_px < 0.2


@pytest.mark.parametrize("move", ["truck", "dolly", "orbit"])
def test_rotation_and_direction_of_a_moving_camera(move: str) -> None:
    found, truth = solved(move)
    assert rotation_errors_deg(found.path, truth).max() < (0.45 if move == "orbit" else 0.1)  # 36 deg, focal unknown
    assert translation_errors_deg(found.path, truth).max() < 3


@pytest.mark.parametrize(("move", "slope"), [("truck", 0.0), ("truck", 0.2), ("orbit", 0.15)])
def test_a_flat_wall_of_markers(move: str, slope: float) -> None:
    """A truck along a wall that faces the camera looks like a pan through a lens 4 times as long: lenses are rarely so
    long, so it is none, but how long the lens is nobody can tell."""
    truth = path(move, 12)
    found = solve(tracks_of(truth, wall_points(slope)))
    assert found.model == "planar"
    assert rotation_errors_deg(found.path, truth).max() < 1.5
    assert translation_errors_deg(found.path, truth).max() < 8
    assert found.measured_focal == (slope != 0)
    assert found.path[0].px_from_cam[0, 0] == pytest.approx(FOCAL, rel=0.1)
    depth = (found.points @ found.path[0].camera_from_world[:3, :3].T)[:, 2]
    assert np.ptp(depth / (1 + slope * found.points[:, 0] / depth)) < 0.2 * np.median(depth) or slope


def test_a_pan_through_a_long_lens_stays_one() -> None:
    """Where the pictures tell, rare lenses are found."""
    long = 4.0 * HW[1]
    truth = CameraPath(
        tuple(camera(facing(0.25 * t, 0.02 * np.sin(5 * t)), (0, 0, 0), long) for t in np.arange(12) / 11)
    )
    near = world_points(3000)
    found = solve(tracks_of(truth, near[near[:, 2] > 6]))
    assert found.model == "pan-tilt"
    assert found.measured_focal
    assert found.path[0].px_from_cam[0, 0] == pytest.approx(long, rel=0.05)


def test_a_pan_turns_about_a_fixed_point() -> None:
    found, truth = solved("pan")
    assert rotation_errors_deg(found.path, truth).max() < 0.1 + 0.02 * np.degrees(0.35)
    assert np.ptp(found.path.centers, axis=0).max() < 1e-9


@pytest.mark.parametrize("move", ["orbit", "pan"])
def test_the_focal_length_where_the_motion_shows_it(move: str) -> None:
    focal = solved(move)[0].path[0].px_from_cam[0, 0]
    assert focal == pytest.approx(FOCAL, rel=0.05)


@pytest.mark.parametrize("move", ["pan", "orbit"])
def test_a_known_focal_length_is_kept(move: str) -> None:
    truth = path(move, NUM_FRAMES)
    found = solve(tracks_of(truth), focal_px=FOCAL)
    assert np.allclose([c.px_from_cam[0, 0] for c in found.path.cameras], FOCAL, rtol=1e-12)
    assert found.focal_sigma == 0
    assert rotation_errors_deg(found.path, truth).max() < 0.1


def test_the_points_are_where_they_were() -> None:
    """Up to scale: the solved points, seen by the solved cameras, fall where the true ones did."""
    found, _ = solved("orbit")
    depth = (found.points @ found.path[0].camera_from_world[:3, :3].T)[:, 2]
    assert np.median(np.linalg.norm(found.points, axis=1)) == pytest.approx(1, rel=0.1)  # the unit of a path
    assert (depth > 0).mean() > 0.95


def test_frames_between_keyframes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_KEYFRAMES > 12
    monkeypatch.setattr("cyclorama.matchmove.keyframes.MAX_KEYFRAMES", 12)  # to be quick
    num_frames = 45
    truth = path("truck", num_frames)
    found = solve(tracks_of(truth), focal_px=FOCAL)
    assert len(found.path) == num_frames
    assert rotation_errors_deg(found.path, truth).max() < 0.2
    assert found.model == "full"
    assert translation_errors_deg(found.path, truth).max() < 3
    share, real = (np.linalg.norm(p.centers, axis=1) / np.linalg.norm(p.centers[-1]) for p in (found.path, truth))
    assert np.abs(share - real).max() < 0.02


def test_too_little_to_see() -> None:
    tracks = tracks_of(path("orbit", 5))
    assert enough(tracks)
    blind = tracks.keep((tracks.frame < 2) | (tracks.track < 7))
    assert not enough(blind)
    with pytest.raises(ValueError, match=r"must see 8 tracks .* got 2 such frames of 5"):
        solve(blind)
    assert not enough(Tracks(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)), HW, 5))


def test_halves_that_nothing_ties_together() -> None:
    tracks = tracks_of(path("orbit", 8))
    apart = replace(tracks, track=tracks.track + (tracks.frame >= 4) * tracks.num_tracks)
    assert not enough(apart)
    with pytest.raises(ValueError, match="all tied together by 6 tracks"):
        solve(apart)


def test_tracks_in_one_place() -> None:
    tracks = tracks_of(path("orbit", 5))
    with pytest.raises(ValueError, match="do not lie in one place"):
        solve(replace(tracks, px=np.full_like(tracks.px, 50.0)))


@pytest.mark.parametrize("focal_px", [0.0, -1.0, np.nan, np.inf])
def test_a_focal_length_that_cannot_be(focal_px: float) -> None:
    with pytest.raises(ValueError, match="focal length must be a positive number of pixels"):
        solve(tracks_of(path("pan", 5)), focal_px)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
def test_weights_that_cannot_be(weight: float) -> None:
    tracks = tracks_of(path("pan", 5))
    weights = np.ones(len(tracks.px))
    weights[3] = weight
    with pytest.raises(ValueError, match=r"weights must be [0-9]+ positive numbers"):
        solve(tracks, weights=weights)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(num_frames=st.integers(1, 10), num_tracks=st.integers(0, 20), seed=st.integers(0, 99))
def test_nonsense_gives_an_error_or_finite_cameras(num_frames: int, num_tracks: int, seed: int) -> None:
    """Tracks that jump about: no camera can be told, but what comes back can be written down."""
    rng = np.random.default_rng(seed)
    track, frame = np.repeat(np.arange(num_tracks), num_frames), np.tile(np.arange(num_frames), num_tracks)
    tracks = Tracks(track, frame, rng.uniform(0, 1, (len(track), 2)) * HW[::-1], HW, num_frames)
    if not enough(tracks):
        with pytest.raises(ValueError, match="must see 8 tracks"):
            solve(tracks)
        return
    found = solve(tracks)
    for values in (found.points, found.residual_px, found.sigma_px, found.path.centers, [found.focal_sigma]):
        assert np.isfinite(values).all()


def test_tracks_that_are_no_numbers() -> None:
    tracks = tracks_of(path("pan", 5))
    tracks.px[7, 1] = np.nan
    with pytest.raises(ValueError, match="tracks must be finite, got 1"):
        solve(tracks)


def test_tracks_must_agree_in_number() -> None:
    with pytest.raises(ValueError, match=r"observations must agree in number, got .*2.*3.*3"):
        Tracks(np.zeros(2, int), np.zeros(3, int), np.zeros((3, 2)), HW, 5)


@pytest.mark.parametrize("vector", [(0, 0, 0), (1e-9, 0, 0), (0.3, -0.2, 1.0), (0, 3.1, 0)])
def test_rotation_vectors_and_matrices(vector: tuple[float, float, float]) -> None:
    rotation = rotation_from_vector(np.array(vector, float))
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.allclose(vector_from_rotation(rotation), vector, atol=1e-8)
