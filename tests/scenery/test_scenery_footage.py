"""Clips as the place: what is on screen when, and walls against warps that can be worked out."""

from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.lens import Lens
from cyclorama.core.place import Footage, Shown
from cyclorama.scenery import draw, screening, seam_s, wall_of

HW, FOCAL = (96, 128), 120.0
RATES = st.sampled_from([Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(12)])


def times(num: int, rate: Fraction = Fraction(24)) -> tuple[Fraction, ...]:
    return tuple(i / rate for i in range(num))


def camera(x: float = 0.0, z: float = 0.0, yaw_deg: float = 0.0, lens: Lens | None = None) -> Camera:
    turn = cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
    px_from_cam = np.array([[FOCAL, 0, HW[1] / 2], [0, FOCAL, HW[0] / 2], [0, 0, 1]])
    return Camera(HW, px_from_cam, rigid(turn, np.array([x, 0, z])), lens or Lens())


def picture(hw: tuple[int, int] = HW, seed: int = 0) -> np.ndarray:
    soft = cv2.GaussianBlur(np.random.default_rng(seed).random((*hw, 3), np.float32), (0, 0), 3.0)
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32) * 0.9 + 0.05


def clip(num: int = 1, hw: tuple[int, int] = HW) -> ArrayClip:
    return ArrayClip(np.stack([picture(hw, i) for i in range(num)]))


def footage(path: CameraPath, frame: int, distance: float | None, frames: ArrayClip | None = None) -> Footage:
    frames = frames or clip()
    return Footage((frames,), (Shown(0),) * len(path), wall_of(frames.hw, path, frame, distance)[0])


@given(st.integers(1, 90), st.integers(2, 60), RATES, RATES, st.booleans())
def test_a_clip_runs_at_its_own_speed(plate: int, num: int, rate: Fraction, own: Fraction, loops: bool) -> None:
    plate_s, clip_s = times(plate, rate), times(num, own)
    shown = screening(plate_s, clip_s, loops=loops)
    assert len(shown) == plate
    period = num / own - seam_s(clip_s)
    for t, now in zip(plate_s, shown):
        assert 0 <= now.index < num
        assert 0 <= now.last < num
        assert 0 <= now.fading <= 1
        inside = t - now.turn * period
        if now.index < num - 1 or loops:
            assert clip_s[now.index] <= inside < clip_s[now.index] + 1 / own
    if not loops:
        assert {s.turn for s in shown} == {0}


def test_a_seam_fades_from_the_end_to_the_beginning() -> None:
    """96 frames at 24: 4 s, a seam of 1 s, so it comes round every 3 s; each frame is what the one before leads to."""
    shown = screening(times(200), times(96), loops=True)
    assert shown[71] == Shown(71)
    assert shown[72] == Shown(0, 1, 72, 1.0)  # wholly what would have come
    assert shown[84] == Shown(12, 1, 84, 0.5)
    assert shown[95].last == 95
    assert shown[96] == Shown(24, 1)
    assert shown[144] == Shown(0, 2, 72, 1.0)
    fading = [s.fading for s in shown[72:96]]
    assert fading == sorted(fading, reverse=True)


def test_a_clip_that_is_long_enough_is_not_looped() -> None:
    assert screening(times(40), times(40), loops=True) == tuple(Shown(i) for i in range(40))
    assert [s.index for s in screening(times(6), times(3), loops=False)] == [0, 1, 2, 2, 2, 2]


def test_readers_take_turns_and_fade_in_linear_light() -> None:
    """In a seam each reader still goes forward by itself."""
    asked: list[list[int]] = [[], []]

    class Told(ArrayClip):
        def frame(self, index: int) -> np.ndarray:
            asked[self.who].append(index)  # type: ignore[attr-defined]
            return super().frame(index)

    frames = np.linspace(0, 1, 24, dtype=np.float32)[:, None, None, None] * np.ones((1, 4, 4, 3), np.float32)
    readers = []
    for who in range(2):
        reader = Told(frames)
        object.__setattr__(reader, "who", who)
        readers.append(reader)
    shown = screening(times(60), times(24), loops=True)
    place = Footage(tuple(readers), shown, None)
    for index, now in enumerate(shown):
        wanted = (1 - now.fading) * frames[now.index, 0, 0, 0] + now.fading * frames[now.last, 0, 0, 0]
        assert abs(float(place.picture(index)[0, 0, 0]) - wanted) < 1e-6
    for order in asked:
        assert sum(b < a for a, b in pairwise(order)) <= 1


@pytest.mark.parametrize("distance", [None, 4.0])
@pytest.mark.parametrize("lens", [Lens(), Lens(-0.08)])
def test_a_wall_is_where_the_camera_sees_it(distance: float | None, lens: Lens) -> None:
    path = CameraPath((camera(lens=lens), camera(0.2, 0.3, 4.0, lens)))
    place = footage(path, 0, distance)
    assert place.wall is not None
    drawn, own = draw(place, path[1], 1.0), place.wall.camera
    far = 1e7 if distance is None else distance
    u, v = np.meshgrid(np.arange(HW[1]) + 0.5, np.arange(HW[0]) + 0.5)
    px = np.stack([u.ravel(), v.ravel()], 1)
    rays = path[1].unproject(px, np.ones(len(px))) - path[1].center
    points = path[1].center + rays * ((far - path[1].center[2]) / rays[:, 2])[:, None]
    at, _ = own.project(points)
    x, y = (at[:, i].reshape(HW).astype(np.float32) * (HW[1 - i] / own.hw[1 - i]) - 0.5 for i in range(2))
    wanted = cv2.remap(picture(), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    covered = drawn.coverage == 1
    assert covered.mean() > 0.8
    assert np.abs(drawn.color - wanted)[covered].max() < 0.02
    depth = ((points - path[1].center) @ path[1].world_from_camera[:3, 2]).reshape(HW)
    assert np.allclose(drawn.inverse_depth, 0 if distance is None else 1 / depth, atol=1e-5)


@pytest.mark.parametrize("shape", [(96, 128), (192, 256), (120, 100)])
def test_a_wall_covers_its_own_frame(shape: tuple[int, int]) -> None:
    path = CameraPath((camera(),))
    wall, enlarged = wall_of(shape, path, 0, 5.0)
    assert enlarged == 1
    assert min(wall.camera.hw[0] - HW[0], wall.camera.hw[1] - HW[1]) == 0
    drawn = draw(footage(path, 0, 5.0, clip(hw=shape)), path[0], 0.0)
    assert drawn.coverage.all()
    assert np.allclose(drawn.inverse_depth, 0.2)


def test_a_wall_is_enlarged_so_that_its_border_stays_out() -> None:
    turns = CameraPath(tuple(camera(yaw_deg=a) for a in (-2, 0, 2)))
    _, enlarged = wall_of(HW, turns, 1, None)
    assert 1.02 < enlarged < 1.25
    assert all(draw(footage(turns, 1, None), c, 0.0).coverage.all() for c in turns.cameras)
    wide = CameraPath((camera(), camera(yaw_deg=25)))
    _, enlarged = wall_of(HW, wide, 0, None)
    assert enlarged == 1.25
    drawn = draw(footage(wide, 0, None), wide[1], 1.0)
    assert 0.3 < drawn.coverage.mean() < 1
    assert np.isfinite(drawn.color).all()


@pytest.mark.parametrize("shape", [HW, (192, 256)])
def test_a_clip_that_is_camera_true_is_not_drawn_again(shape: tuple[int, int]) -> None:
    frames = clip(3, shape)
    place = Footage((frames,), screening(times(3), times(3), loops=False), None)
    for index in range(3):
        drawn = draw(place, camera(9.0, 9.0, 80.0), float(index))
        wanted = frames.frames[index]
        if shape != HW:
            wanted = cv2.resize(wanted, HW[::-1], interpolation=cv2.INTER_AREA)
        assert np.array_equal(drawn.color, wanted)
        assert drawn.coverage.all()
