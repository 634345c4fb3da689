"""Errors of tracks under a camera that is known."""

from dataclasses import replace

import numpy as np
import pytest
from matchmove_world import HW, path, tracks_of

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.lens import Lens
from cyclorama.matchmove import Tracks, track_residuals

NUM_FRAMES = 10


@pytest.mark.parametrize("move", ["locked", "pan", "truck", "dolly", "orbit"])
def test_what_is_left_is_the_noise(move: str) -> None:
    """Far points come from the sides of a camera that stays; the others from anywhere."""
    truth = path(move, NUM_FRAMES)
    error = track_residuals(tracks_of(truth, noise_px=0.1, outliers=0), truth)
    assert 0.08 < np.median(error) < 0.14
    assert np.percentile(error, 99) < 0.4


@pytest.mark.parametrize("move", ["pan", "truck"])
def test_what_is_wrong_stands_out(move: str) -> None:
    truth = path(move, NUM_FRAMES)
    clean, tracks = (tracks_of(truth, noise_px=0.05, outliers=share) for share in (0, 0.1))
    clean, tracks = (t.keep(np.isin(_names(t), np.intersect1d(_names(clean), _names(tracks)))) for t in (clean, tracks))
    wrong = np.linalg.norm(tracks.px - clean.px, axis=1)
    error = track_residuals(tracks, truth)
    assert np.percentile(error[wrong < 0.5], 95) < 0.5
    assert np.percentile(np.abs(error - wrong)[wrong > 5], 90) < 2.0  # of three sights one may win


def _names(tracks: Tracks) -> np.ndarray:
    return tracks.frame * 100_000 + tracks.track


def test_a_zoom_through_a_lens() -> None:
    cameras = []
    for index, view in enumerate(path("truck", NUM_FRAMES).cameras):
        zoomed = view.px_from_cam.copy()
        zoomed[0, 0] = zoomed[1, 1] = zoomed[0, 0] * (1 + 0.03 * index)
        cameras.append(Camera(HW, zoomed, view.world_from_camera, Lens(-0.12, 0.02)))
    truth = CameraPath(tuple(cameras))
    tracks = tracks_of(truth, noise_px=0.05, outliers=0)
    assert np.median(track_residuals(tracks, truth)) < 0.07
    straight = CameraPath(tuple(replace(c, lens=Lens()) for c in truth.cameras))
    assert np.median(track_residuals(tracks, straight)) > 0.1


def test_the_wrong_camera_explains_nothing() -> None:
    tracks = tracks_of(path("orbit", NUM_FRAMES), outliers=0)
    assert np.median(track_residuals(tracks, path("truck", NUM_FRAMES))) > 3
    assert np.median(track_residuals(tracks, path("locked", NUM_FRAMES))) > 3


def test_no_tracks() -> None:
    nothing = Tracks(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)), HW, 4)
    assert track_residuals(nothing, path("pan", 4)).shape == (0,)
