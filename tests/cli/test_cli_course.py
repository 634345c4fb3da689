"""What is made of the changes that are found: frames between moments, places near the actor, words."""

import numpy as np
import pytest

from cyclorama import coursejob
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.place import Wall
from cyclorama.coursejob import COURSE_MOMENTS, Looks
from cyclorama.lightlook import _extremes, _light_line

HW = (90, 160)
MIDDLE = np.zeros(HW, np.float32)


def walk(monkeypatch: pytest.MonkeyPatch, stops: np.ndarray, rate: float) -> np.ndarray:
    monkeypatch.setattr(coursejob, "path_stops", lambda _: np.repeat(stops[:, None], 3, 1))
    looks = Looks({0: MIDDLE, 48: MIDDLE, 96: MIDDLE}, (), tuple)
    return coursejob._of_walk(looks, 97, rate)


def test_a_walk_is_smooth_and_about_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = np.array([0, 0, 0, 0.1, 0.5, 0.6, 0.6, 0.6, 0.6])
    course = walk(monkeypatch, stops, 24.0)
    assert course[[0, 48, 96]].mean() == pytest.approx(0, abs=1e-3)
    assert course[::12, 0] - course[0, 0] == pytest.approx(stops, abs=2e-3)
    assert np.diff(course[:, 0]).min() >= -1e-9  # nothing swings over
    assert walk(monkeypatch, 0.1 * stops, 24.0).shape == (0, 3)
    quick = walk(monkeypatch, stops, 240.0)
    assert np.abs(np.diff(quick, axis=0)).max() * 240 == pytest.approx(2.0, abs=0.5)


def test_a_shot_of_few_frames_has_no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert walk(monkeypatch, np.linspace(0, 1, COURSE_MOMENTS - 1), 24.0).shape == (0, 3)


def test_near_the_actor_is_told_through_the_wall_that_the_clip_stands_on() -> None:
    """The camera turns to the right: who stands in its middle stands before the right of the clip in the end."""
    turned = np.radians(20)
    away = np.array([[np.cos(turned), 0, np.sin(turned)], [0, 1, 0], [-np.sin(turned), 0, np.cos(turned)]])
    first = Camera.from_focal(hw=HW, focal_px=150)
    last = Camera.from_focal(hw=HW, focal_px=150, world_from_camera=rigid(away, np.zeros(3)))
    alpha = np.zeros(HW, np.float32)
    alpha[30:, 72:88] = 1
    near = coursejob._near(HW, Wall(first, 0.0, 0.0), CameraPath((first, last)), {0: alpha, 1: alpha})
    columns = [np.nonzero(near(i) > 0.99)[1].mean() + 0.5 for i in (0, 1)]
    assert columns[0] == pytest.approx(16, abs=0.5)
    assert columns[1] == pytest.approx(16 + 150 * np.tan(turned) / 160 * 32, abs=1)
    flat = coursejob._near(HW, None, CameraPath((first, last)), {0: alpha, 1: alpha})
    assert np.array_equal(flat(0), flat(1))
    bare = coursejob._near(HW, None, CameraPath((first, last)), {0: 0 * alpha, 1: 0 * alpha})
    assert (bare(0) == 1).all()


def test_a_course_is_told() -> None:
    told = {"stops": -0.5, "white": [1, 1, 1], "key": None, "from": "a test", "course": None}
    assert "over the shot" not in _light_line(told)
    assert _light_line(told | {"course": [1.2, 0.0, 0.5]}).endswith("over the shot by 1.20 0.00 0.50 stops")
    assert _extremes(((0.0, 0.0, 0.0), (0.2, 0.0, -0.9), (0.1, 0.0, 0.4))) == [1, 2]
