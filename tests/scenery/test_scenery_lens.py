"""Drawing through a lens, against places whose look is known everywhere."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.core.reference import Reference
from cyclorama.scenery import build_backdrop, draw
from cyclorama.scenery.stereo import surfaces

HW, FOCAL = (180, 320), 300.0
WALL = 4.0
MARGIN = 60
BARREL, PINCUSHION, MOUSTACHE = Lens(-0.12), Lens(0.15), Lens(-0.14, 0.12)
LENSES = pytest.mark.parametrize("lens", [BARREL, PINCUSHION, MOUSTACHE], ids=["barrel", "pincushion", "moustache"])
WAVES = np.random.default_rng(5).normal(0, 12.0, (12, 2))
"""Of the wall's texture, radians a unit: 6 pixels and more a wave."""


def camera(lens: Lens, x: float = 0.0, yaw_deg: float = 0.0, hw: tuple[int, int] = HW) -> Camera:
    turn = cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
    plain = Camera.from_focal(hw=hw, focal_px=FOCAL, world_from_camera=rigid(turn, np.array([x, 0.1 * x, 0])))
    return Camera(hw, plain.px_from_cam, plain.world_from_camera, lens)


def centres(hw: tuple[int, int]) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(hw[1]) + 0.5, np.arange(hw[0]) + 0.5), -1).reshape(-1, 2)


def on_the_wall(view: Camera) -> np.ndarray:
    """Where every pixel meets the wall, (n, 2)."""
    rays = view.unproject(centres(view.hw), np.ones(view.hw[0] * view.hw[1])) - view.center
    return (view.center + rays * ((WALL - view.center[2]) / rays[:, 2])[:, None])[:, :2]


def texture(at: np.ndarray) -> np.ndarray:
    values = 0.5 + 0.07 * np.sin(at @ WAVES.T + np.arange(12)).reshape(len(at), 3, 4).sum(2)
    return values.astype(np.float32)


def picture(view: Camera) -> np.ndarray:
    """The wall as that camera truly sees it."""
    return texture(on_the_wall(view)).reshape(*view.hw, 3)


def wall(at: Camera, kind: str = "layers", time: float = 0.0) -> View:
    return View(picture(at), np.full(at.hw, 0.0 if kind == "panorama" else 1 / WALL, np.float32), at, time)


def wide(x: float = 0.0) -> Camera:
    """A straight camera that sees more than ``HW`` at the same focal length."""
    return camera(STRAIGHT, x, hw=(HW[0] + 2 * MARGIN, HW[1] + 2 * MARGIN))


@LENSES
@pytest.mark.parametrize(("x", "yaw"), [(0.0, 0.0), (0.3, 3.0)])
def test_a_wall_is_drawn_as_the_lens_shows_it(lens: Lens, x: float, yaw: float) -> None:
    target = camera(lens, x, yaw)
    drawn = draw(Backdrop("layers", (wall(wide()),)), target, 0.0)
    error = np.abs(drawn.color - picture(target))[4:-4, 4:-4]
    straight = np.abs(draw(Backdrop("layers", (wall(wide()),)), target.pinhole, 0.0).color - picture(target))
    assert drawn.coverage.all()
    assert error.max() < 0.02
    assert error.mean() < 0.002
    assert straight.mean() > 20 * error.mean()
    rays = target.unproject(centres(HW), np.ones(HW[0] * HW[1])) - target.center
    depth = (WALL - target.center[2]) / rays[:, 2]
    assert np.abs(drawn.inverse_depth.ravel() - 1 / depth).max() < 2e-3


@LENSES
def test_a_turning_camera_and_a_far_place(lens: Lens) -> None:
    """What is at infinity is a texture of directions."""

    def sky(view: Camera) -> np.ndarray:
        rays = view.unproject(centres(view.hw), np.ones(view.hw[0] * view.hw[1])) - view.center
        return texture(4 * rays[:, :2] / rays[:, 2:]).reshape(*view.hw, 3)

    source, target = wide(), camera(lens, 3.0, 4.0)
    backdrop = Backdrop("panorama", (View(sky(source), np.zeros(source.hw, np.float32), source, 0.0),))
    drawn = draw(backdrop, target, 0.0)
    assert np.abs(drawn.color - sky(target))[4:-4, 4:-4].max() < 0.02


def test_straight_lines_bend_as_they_should() -> None:
    """Bright lines of the wall, found again in the drawn frame: each lies where the lens shows its points."""
    source, target = wide(), camera(BARREL)
    image = np.full((*source.hw, 3), 0.1, np.float32)
    rows = tuple(MARGIN + row for row in (20, 90, 160))
    for row in rows:
        image[row - 1 : row + 2] = 0.9
    drawn = draw(Backdrop("layers", (View(image, np.full(source.hw, 0.25, np.float32), source, 0.0),)), target, 0.0)
    bow = []
    for row in rows:
        across = np.linspace(20, 300, 15)
        start = np.column_stack([across, np.full(15, row + 0.5 - MARGIN)])
        wanted = target.distorted(start)
        for x, y in wanted:
            if not 6 < y < HW[0] - 6:
                continue
            column = drawn.color[int(y) - 5 : int(y) + 6, int(x), 0] - 0.1
            found = (column * (np.arange(int(y) - 5, int(y) + 6) + 0.5)).sum() / column.sum()
            slope = np.gradient(wanted[:, 1], wanted[:, 0])[np.argmin(np.abs(wanted[:, 0] - x))]
            assert found == pytest.approx(y + slope * (int(x) + 0.5 - x), abs=0.12)
        bow.append(float(wanted[7, 1] - wanted[[0, -1], 1].mean()))
    assert bow[0] < -0.5  # the upper line is highest in the middle, as in a barrel
    assert abs(bow[1]) < 1e-6 + abs(bow[0]) / 10
    assert bow[2] > 0.5


@LENSES
def test_from_two_views_with_things_before_each_other(lens: Lens) -> None:
    """Depth goes through the lens too: a board before the wall is where it should be, sharply."""

    def seen(view: Camera) -> tuple[np.ndarray, np.ndarray]:
        rays = view.unproject(centres(view.hw), np.ones(view.hw[0] * view.hw[1])) - view.center
        near = (view.center + rays * (2.0 / rays[:, 2])[:, None])[:, :2]
        board = (np.abs(near - [0.5, 0.2]) < 0.25).all(1)
        color = np.where(board[:, None], np.float32([0.9, 0.05, 0.05]), texture(on_the_wall(view)))
        depth = np.where(board, 2.0, WALL) / rays[:, 2]
        return color.reshape(*view.hw, 3).astype(np.float32), (1 / depth).reshape(view.hw).astype(np.float32)

    views = tuple(View(*seen(at), at, time) for at, time in ((wide(-0.2), 0.0), (wide(0.3), 8.0)))
    target = camera(lens, 0.1)
    drawn, (wanted, depth) = draw(Backdrop("layers", views), target, 3.0), seen(target)
    inside = np.s_[4:-4, 4:-4]
    wrong = np.abs(drawn.color - wanted).max(-1)[inside] > 0.1
    assert wrong.mean() < 0.01  # the board's border, a pixel wide
    assert (np.abs(drawn.inverse_depth - depth)[inside] > 0.02).mean() < 0.01


def test_a_reference_alone_covers_all_that_the_lens_shows() -> None:
    reference = Reference(np.full((*HW, 3), 0.4, np.float32), 0, "one")
    for lens in (BARREL, PINCUSHION, MOUSTACHE, STRAIGHT):
        path = CameraPath((camera(lens),) * 3)
        backdrop = build_backdrop((reference,), path, np.zeros(0))
        assert draw(backdrop, path[0], 0.0).coverage.all()
        assert backdrop.views[0].camera.lens.is_straight
        assert np.array_equal(backdrop.views[0].camera.px_from_cam[[0, 1], [0, 1]], [FOCAL, FOCAL])


def test_references_of_one_place_keep_the_scale_in_which_they_were_posed() -> None:
    path = CameraPath(tuple(camera(BARREL, 0.1 * i) for i in range(3)))
    references = tuple(Reference(picture(path[i].pinhole), i, str(i)) for i in (0, 2))
    backdrop = build_backdrop(references, path, np.full(60, WALL))
    for view, i in zip(backdrop.views, (0, 2)):
        assert np.array_equal(view.image, references[i // 2].image)
        assert np.array_equal(view.camera.px_from_cam, path[i].px_from_cam)


@LENSES
def test_a_view_that_was_taken_through_a_lens(lens: Lens) -> None:
    """Its own camera shows its own picture; another, what it would see."""
    source = camera(lens, hw=(300, 440))
    own = draw(Backdrop("layers", (wall(source),)), source, 0.0)
    assert np.abs(own.color - picture(source)).max() < 2e-3
    for target in (camera(STRAIGHT, 0.2, 2.0), camera(Lens(0.05), 0.2, 2.0)):
        drawn = draw(Backdrop("layers", (wall(source),)), target, 0.0)
        assert drawn.coverage.all()
        assert np.abs(drawn.color - picture(target))[4:-4, 4:-4].max() < 0.02


def test_depth_is_found_through_lenses() -> None:
    """From pictures that bend and from straight ones alike, of turned cameras before a wall."""
    hw = (80, 120)
    for lens in (STRAIGHT, Lens(-0.7), Lens(0.7)):  # in the corners as much as a usual lens: the picture is narrow
        cameras = [camera(lens, x, yaw, hw) for x, yaw in ((-0.4, 1.0), (0.4, -1.0))]
        inverse = [s[..., 0] for s in surfaces([picture(c) for c in cameras], cameras, nearest=0.5)]
        truth = [((c.unproject(centres(hw), np.ones(hw[0] * hw[1])) - c.center)[:, 2] / WALL) for c in cameras]
        error = [np.abs(a.ravel() - b).reshape(hw)[6:-6, 30:-30] for a, b in zip(inverse, truth)]
        assert np.median(error) < 0.003, lens


def test_references_that_were_taken_through_the_lens_are_views_with_it() -> None:
    path = CameraPath(tuple(camera(BARREL, 0.2 * i) for i in range(3)))
    references = tuple(Reference(picture(path[i]), i, str(i), through_lens=True) for i in (0, 2))
    backdrop = build_backdrop(references, path, np.full(60, WALL))
    drawn = draw(backdrop, path[1], 1.0)
    error = np.abs(drawn.color - picture(path[1]))[8:-8, 24:-24]
    straight = tuple(replace(r, through_lens=False) for r in references)
    wrong = np.abs(draw(build_backdrop(straight, path, np.full(60, WALL)), path[1], 1.0).color - picture(path[1]))
    assert error.mean() < 0.01
    assert wrong[8:-8, 24:-24].mean() > 4 * error.mean()
    alone = build_backdrop(references[:1], path, np.zeros(0))
    assert alone.views[0].camera.lens == BARREL
    assert alone.views[0].camera.hw == HW


@pytest.mark.parametrize("kind", ["panorama", "layers"])
def test_a_lens_of_almost_nothing_changes_almost_nothing(kind: str) -> None:
    """The two ways through the kernels agree where they meet."""
    backdrop = Backdrop("layers", (wall(wide(), kind), wall(wide(0.3), kind, 5.0)))
    plain, bent = (draw(backdrop, camera(lens, 0.1, 2.0), 2.0) for lens in (STRAIGHT, Lens(1e-9)))
    assert np.abs(plain.color - bent.color).max() < 1e-3
    assert np.array_equal(plain.coverage, bent.coverage)


def test_drawing_through_a_lens_is_the_same_every_time() -> None:
    backdrop = Backdrop("layers", (wall(wide()), wall(wide(0.3), time=5.0)))
    found = {hashlib.sha256(draw(backdrop, camera(MOUSTACHE, 0.1), 2.0).color).hexdigest() for _ in range(3)}
    assert len(found) == 1
