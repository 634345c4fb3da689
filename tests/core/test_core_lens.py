"""The lens: what it does to lines, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.core.camera import Camera
from cyclorama.core.lens import Lens

HW = (108, 192)


def test_known_points_of_a_barrel_lens() -> None:
    lens = Lens(k1=-0.1, k2=0.02)
    plane = np.array([[0.0, 0.0], [0.5, 0.0], [0.3, 0.4]])
    factor = 1 - 0.1 * 0.25 + 0.02 * 0.0625
    assert np.allclose(lens.distorted(plane), plane * [[1], [factor], [factor]])


@given(k1=st.floats(-0.12, 0.3), k2=st.floats(-0.02, 0.1), x=st.floats(-0.9, 0.9), y=st.floats(-0.6, 0.6))
def test_straightening_undoes_distortion(k1: float, k2: float, x: float, y: float) -> None:
    lens = Lens(k1, k2)
    plane = np.array([[x, y], [y, x]])
    if np.hypot(x, y) < 0.99 * lens.turn:
        assert np.allclose(lens.straightened(lens.distorted(plane)), plane, atol=1e-9)


def test_the_turn_is_where_the_radius_stops_growing() -> None:
    lens = Lens(k1=-0.3)
    around = np.array([[lens.turn * s, 0.0] for s in (0.99, 1.0, 1.01)])
    seen = lens.distorted(around)[:, 0]
    assert seen[1] > seen[0]
    assert seen[1] > seen[2]
    assert Lens(k1=0.2).turn == np.inf
    assert np.isnan(lens.straightened(np.array([[seen[1] * 1.05, 0.0]]))).all()


def test_a_camera_projects_through_its_lens_and_back() -> None:
    camera = Camera(HW, Camera.from_focal(hw=HW, focal_px=150.0).px_from_cam, np.eye(4), Lens(-0.15, 0.03))
    px = np.array([[0.0, 0.0], [192.0, 108.0], [30.0, 80.0]])
    depth = np.array([2.0, 3.0, 4.0])
    points = camera.unproject(px, depth)
    seen, found = camera.project(points)
    assert np.allclose(seen, px, atol=1e-9)
    assert np.allclose(found, depth)
    straight, _ = camera.pinhole.project(points)
    assert (np.abs(straight - [96, 54]) > np.abs(px - [96, 54])).all()  # a barrel lens pulls the corners in
    assert np.allclose(camera.resized((54, 96)).project(points)[0], px / 2)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="finite"):
        Lens(float("nan"))
    with pytest.raises(ValueError, match="show every pixel"):
        Camera(HW, Camera.from_focal(hw=HW, focal_px=80.0).px_from_cam, np.eye(4), Lens(-0.4))
