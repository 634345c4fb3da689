"""Zooms, lenses that bend, and rolling shutters, told from tracks."""

from dataclasses import replace

import numpy as np
import pytest
from matchmove_world import (
    FOCAL,
    path,
    rolling_tracks,
    rotation_errors_deg,
    tracks_of,
    translation_errors_deg,
    wall_points,
)

from cyclorama.core.camera import CameraPath
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.solve import _shows_all, solve

NUM_FRAMES = 12


def focals(cameras: CameraPath) -> np.ndarray:
    return np.array([c.px_from_cam[0, 0] for c in cameras.cameras])


def bent(move: str, lens: Lens) -> CameraPath:
    return CameraPath(tuple(replace(c, lens=lens) for c in path(move, NUM_FRAMES).cameras))


@pytest.mark.parametrize(
    ("move", "model"), [("zoom", "zoom"), ("pan zoom", "pan-tilt-zoom"), ("dolly zoom", "full-zoom")]
)
def test_a_zoom_is_told_frame_by_frame(move: str, model: str) -> None:
    truth = path(move, NUM_FRAMES)
    found = solve(tracks_of(truth))
    assert found.model == model
    ours, real = focals(found.path), focals(truth)
    assert np.allclose(ours / ours[0], real / real[0], rtol=0.02)
    assert found.measured_focal == (move != "zoom")  # a lens that only zooms shows no more than by how much
    assert np.allclose(ours, real, rtol=0.05)
    assert rotation_errors_deg(found.path, truth).max() < 0.2
    if model == "full-zoom":
        assert translation_errors_deg(found.path, truth).max() < 1


@pytest.mark.parametrize("zoom", [None, False])
def test_a_push_toward_a_wall_is_no_zoom(zoom: bool | None) -> None:
    truth = path("dolly", NUM_FRAMES)
    found = solve(tracks_of(truth, wall_points(0.0)), FOCAL if zoom is None else None, zoom=zoom)
    assert found.model == "planar"
    assert np.ptp(focals(found.path)) == 0
    assert translation_errors_deg(found.path, truth).max() < (5 if zoom is None else 15)


def test_a_zoom_that_is_known_of() -> None:
    """The same push: the user says that the lens zooms, and the pictures do not object."""
    found = solve(tracks_of(path("dolly", NUM_FRAMES), wall_points(0.0)), zoom=True)
    assert found.model == "pan-tilt-zoom"
    assert focals(found.path)[-1] > 1.15 * focals(found.path)[0]


@pytest.mark.parametrize(("move", "lens"), [("pan", Lens(-0.2, 0.05)), ("orbit", Lens(0.12))])
def test_a_lens_that_bends_is_found(move: str, lens: Lens) -> None:
    truth = bent(move, lens)
    found = solve(tracks_of(truth))
    assert found.path[0].lens.k1 == pytest.approx(lens.k1, abs=0.03)
    assert focals(found.path)[0] == pytest.approx(FOCAL, rel=0.02)
    corner = np.array([[0.45, 0.25]])
    assert np.allclose(found.path[0].lens.distorted(corner), lens.distorted(corner), atol=2e-3)
    assert found.median_px < 0.2
    assert rotation_errors_deg(found.path, truth).max() < 0.3


def test_a_straight_lens_stays_straight() -> None:
    assert solve(tracks_of(path("orbit", NUM_FRAMES))).path[0].lens.is_straight


def test_a_known_lens_is_kept() -> None:
    lens = Lens(-0.2, 0.05)
    truth = bent("truck", lens)
    found = solve(tracks_of(truth), FOCAL, lens=lens)
    assert {c.lens for c in found.path.cameras} == {lens}
    assert found.median_px < 0.2
    assert rotation_errors_deg(found.path, truth).max() < 0.15


@pytest.mark.parametrize(("move", "readout"), [("truck", 0.4), ("dolly", -0.6), ("pan", 0.7)])
def test_a_rolling_shutter_is_told(move: str, readout: float) -> None:
    solved = solve(rolling_tracks(move, NUM_FRAMES, readout), FOCAL)
    assert solved.model == ("pan-tilt" if move == "pan" else "full")
    found = solved.readout
    assert found is not None
    assert found.share == pytest.approx(readout, rel=0.2)
    assert 0 < found.sigma < 0.1


@pytest.mark.parametrize("move", ["truck", "pan", "locked"])
def test_no_rolling_shutter_where_there_is_none(move: str) -> None:
    assert solve(tracks_of(path(move, NUM_FRAMES)), FOCAL).readout is None


def test_a_lens_that_folds_the_picture_is_not_believed() -> None:
    assert not _shows_all(Lens(-0.5, 0.0), (720, 1280), 600.0)
    assert _shows_all(Lens(-0.05, 0.0), (720, 1280), 1200.0)
    assert _shows_all(STRAIGHT, (720, 1280), 1.0)
