"""Pins of the geometry conventions, each checked by hand-worked numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.camera import Camera, CameraPath, rigid, rigid_inverse

HW = (90, 160)


def turned(yaw_deg: float, center: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """world_from_camera of a camera turned to the right by yaw (about y, which points down)."""
    a = np.radians(yaw_deg)
    rotation = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    return rigid(rotation, np.array(center, float))


def seen(camera: Camera, *point: float) -> list[float]:
    px, depth = camera.project(np.array([point], float))
    return [*px[0].tolist(), float(depth[0])]


def test_axes_are_x_right_y_down_z_forward() -> None:
    camera = Camera.from_focal(hw=HW, focal_px=100.0)
    assert seen(camera, 0, 0, 5) == [80, 45, 5]  # ahead: the middle, at (w/2, h/2)
    assert seen(camera, 1, 0, 5) == [100, 45, 5]
    assert seen(camera, 0, 1, 5) == [80, 65, 5]
    assert seen(camera, 1, 0, -5)[2] == -5


def test_the_first_pixels_centre_is_at_one_half() -> None:
    """Pixel (0, 0) covers [0, 1) x [0, 1): halving a picture takes its centre from (1, 1) to (.5, .5)."""
    camera = Camera.from_focal(hw=HW, focal_px=100.0)
    point = camera.unproject(np.array([[1.0, 1.0]]), np.array([3.0]))
    assert np.allclose(camera.resized((45, 80)).project(point)[0], [[0.5, 0.5]])


def test_a_camera_that_moves_or_turns_right_sees_things_go_left() -> None:
    moved = Camera.from_focal(hw=HW, focal_px=100.0, world_from_camera=turned(0, (0.5, 0, 0)))
    assert seen(moved, 0, 0, 5) == [70, 45, 5]
    assert np.array_equal(moved.center, [0.5, 0, 0])
    right = Camera.from_focal(hw=HW, focal_px=100.0, world_from_camera=turned(45))
    assert np.allclose(seen(right, 5, 0, 5), [80, 45, np.hypot(5, 5)])


def test_transforms_compose_by_their_names() -> None:
    world_from_stage, stage_from_camera = turned(30, (1, 2, 3)), turned(-20, (0, -1, 4))
    camera = Camera.from_focal(hw=HW, focal_px=100.0, world_from_camera=world_from_stage @ stage_from_camera)
    in_stage = Camera.from_focal(hw=HW, focal_px=100.0, world_from_camera=stage_from_camera)
    of_stage = np.array([0.3, -0.2, 9.0])
    of_world = world_from_stage[:3, :3] @ of_stage + world_from_stage[:3, 3]
    assert np.allclose(seen(camera, *of_world), seen(in_stage, *of_stage))
    assert np.allclose(rigid_inverse(camera.world_from_camera) @ camera.world_from_camera, np.eye(4))


numbers = st.floats(-5, 5)


@settings(deadline=None)
@given(
    vector=st.tuples(numbers, numbers, numbers),
    yaw_deg=st.floats(-180, 180),
    focal_px=st.floats(20, 2000),
    px=st.tuples(st.floats(-50, 250), st.floats(-50, 150)),
    depth=st.floats(0.05, 1e3),
)
def test_unproject_is_the_inverse_of_project(vector, yaw_deg, focal_px, px, depth) -> None:  # type: ignore[no-untyped-def]
    camera = Camera.from_focal(hw=HW, focal_px=focal_px, world_from_camera=turned(yaw_deg, vector))
    back, seen_depth = camera.project(camera.unproject(np.array([px]), np.array([depth])))
    assert np.allclose(seen_depth, depth, rtol=1e-6, atol=1e-9)
    assert np.allclose(back, [px], atol=1e-6 * focal_px / depth + 1e-6)


def bad(**changes: object) -> dict[str, object]:
    fields = {"hw": HW, "px_from_cam": np.diag([100.0, 100.0, 1.0]), "world_from_camera": np.eye(4)}
    return {**fields, **changes}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (bad(px_from_cam=np.eye(4)), r"px_from_cam must be finite 3 x 3, got \[\[1"),
        (bad(world_from_camera=np.full((4, 4), np.nan)), "world_from_camera must be finite 4 x 4, got .*nan"),
        (bad(px_from_cam=np.diag([0.0, 100, 1])), r"focal lengths must be positive pixels, got \[0.0, 100.0\]"),
        (bad(world_from_camera=np.diag([1.0, 1, -1, 1])), "must be orthonormal and right-handed, got"),
        (bad(world_from_camera=2 * np.eye(4)), "the last row must be 0 0 0 1, got"),
        (bad(world_from_camera=np.diag([2.0, 2, 2, 1])), "must be orthonormal and right-handed, got"),
    ],
)
def test_what_is_no_camera_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Camera(**fields)  # type: ignore[arg-type]


def test_a_camera_cannot_be_written_to() -> None:
    camera = Camera.from_focal(hw=HW, focal_px=100.0)
    for array in (camera.px_from_cam, camera.world_from_camera):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 2
    with pytest.raises(AttributeError):
        camera.hw = (1, 1)  # type: ignore[misc]


def test_a_path_is_whole_and_of_one_size() -> None:
    one, other = (Camera.from_focal(hw=hw, focal_px=100.0) for hw in (HW, (45, 80)))
    with pytest.raises(ValueError, match="must hold at least one camera, got none"):
        CameraPath(())
    with pytest.raises(ValueError, match=r"must share one size, got \[\(45, 80\), \(90, 160\)\]"):
        CameraPath((one, other))
    assert CameraPath.locked_off(num_frames=3, hw=HW, focal_px=80.0).is_locked_off
    zoomed = Camera.from_focal(hw=HW, focal_px=101.0)
    assert not CameraPath((one, zoomed)).is_locked_off
    assert not CameraPath((one, Camera.from_focal(hw=HW, focal_px=100.0, world_from_camera=turned(1)))).is_locked_off
