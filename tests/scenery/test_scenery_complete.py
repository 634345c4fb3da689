"""What no picture shows: made up once, in the world."""

import cv2
import numpy as np
import pytest

from cyclorama.core.backdrop import Backdrop, MadeView, View
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.lens import Lens
from cyclorama.scenery import complete_backdrop, draw, find_unseen
from cyclorama.scenery.complete import continued_depth
from cyclorama.scenery.expect import cell_means, expected
from cyclorama.scenery.patches import complete

HW, FOCAL = (96, 160), 140.0
WALL, BOARD = 1 / 8, 1 / 2


def camera(x: float = 0.0, yaw_deg: float = 0.0) -> Camera:
    turn = cv2.Rodrigues(np.array([0, np.radians(yaw_deg), 0]))[0]
    return Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(turn, np.array([x, 0, 0])))


def stripes(hw: tuple[int, int], period: int = 12) -> np.ndarray:
    """A blue sky over upright grey stripes over a green ground, h w 3 float32: structure that can be continued."""
    h, w = hw
    bars = np.where(np.arange(w) // (period // 2) % 2, 0.55, 0.15).astype(np.float32)
    picture = np.repeat(np.repeat(bars[None, :, None], h, 0), 3, 2)
    picture[: h // 4] = (0.2, 0.4, 0.9)
    picture[-h // 4 :] = (0.1, 0.5, 0.1)
    return picture


def behind_a_board() -> Backdrop:
    """A striped wall at depth 8, a red board at depth 2 before it."""
    image, inverse_depth = stripes(HW), np.full(HW, WALL, np.float32)
    board = (slice(20, 80), slice(60, 100))
    image[board], inverse_depth[board] = (0.9, 0.05, 0.05), BOARD
    return Backdrop("layers", (View(image, inverse_depth, camera(), 0.0),))


def panorama() -> Backdrop:
    return Backdrop("panorama", (View(stripes(HW), np.zeros(HW, np.float32), camera(), 4.0),))


PANNED = CameraPath(tuple(camera(yaw_deg=d) for d in np.linspace(-12, 12, 9)))
TRUCKED = CameraPath(tuple(camera(x) for x in np.linspace(0, 0.5, 9)))


def test_a_hole_in_stripes_is_striped() -> None:
    """Continued exactly where the period says how, and nothing that is known changes."""
    truth = stripes((96, 160))
    hole = np.zeros(truth.shape[:2], bool)
    hole[:, 110:] = True
    given = np.where(hole[..., None], 0, truth).astype(np.float32)
    made = given.copy()
    complete(made, np.zeros(hole.shape, np.float32), hole, ~hole)
    assert np.array_equal(made[~hole], given[~hole])
    error = np.abs(made - truth)[hole]
    assert error.mean() < 0.03
    assert (error.max(-1) < 0.1).mean() > 0.9
    again = given.copy()
    complete(again, np.zeros(hole.shape, np.float32), hole, ~hole)
    assert np.array_equal(again, made)


def test_what_is_hidden_is_never_made_of_what_hides_it() -> None:
    """The gap lies between a red board and a grey wall, and is as far as the wall: it becomes wall."""
    picture, inverse_depth = stripes((96, 160)), np.full((96, 160), WALL, np.float32)
    picture[:, :70], inverse_depth[:, :70] = (0.9, 0.05, 0.05), BOARD
    hole = np.zeros((96, 160), bool)
    hole[:, 70:90] = True
    truth = stripes((96, 160))
    picture[hole] = 0
    complete(picture, inverse_depth, hole, ~hole)
    assert (picture[hole][:, 0] - picture[hole][:, 1] < 0.3).all()  # no red
    assert np.abs(picture - truth)[hole].mean() < 0.1


def sunny(hw: tuple[int, int] = (96, 160)) -> np.ndarray:
    """An even grained sky with one sun, over a grained ground, h w 3 float32."""
    h, w = hw
    grain = np.random.default_rng(3).normal(0, 0.02, (h, w, 1)).astype(np.float32)
    picture = np.where(np.arange(h)[:, None, None] < h // 2, (0.2, 0.3, 0.5), (0.1, 0.2, 0.05)).astype(np.float32)
    picture = np.clip(np.repeat(picture, w, 1) + grain * picture * 4, 0, 1)
    y, x = np.mgrid[:h, :w]
    picture[(y - 20) ** 2 + (x - 88) ** 2 < 64] = (1.0, 0.9, 0.7)
    return picture


def continued_right(picture: np.ndarray, column: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture with all right of a column made up; and where."""
    hole = np.zeros(picture.shape[:2], bool)
    hole[:, column:] = True
    made = np.where(hole[..., None], 0, picture).astype(np.float32)
    complete(made, np.zeros(hole.shape, np.float32), hole, ~hole)
    return made, hole


def test_a_sun_is_not_repeated_and_the_horizon_stays() -> None:
    made, hole = continued_right(sunny(), 104)
    assert (made[hole][:, 0] < 0.5).all()
    assert np.abs(made[:40, 104:].mean((0, 1)) - [0.2, 0.3, 0.5]).max() < 0.03
    assert np.abs(made[56:, 104:].mean((0, 1)) - [0.1, 0.2, 0.05]).max() < 0.03


def test_the_join_has_no_step_and_what_is_made_is_no_blur() -> None:
    made, _ = continued_right(sunny(), 104)
    steps = np.abs(np.diff(made.mean(-1), axis=1)).mean(0)
    usual = steps[:60].mean()
    assert steps[103] < 1.3 * usual
    assert 0.4 * usual < steps[105:].mean() < 1.5 * usual


def test_light_that_changes_along_a_row_goes_on_as_it_ends() -> None:
    """Not as it is where the patches are from."""
    picture = sunny() * np.linspace(1.0, 0.4, 160, dtype=np.float32)[None, :, None]
    made, _ = continued_right(np.where(sunny() > 0.6, 0.2, picture).astype(np.float32), 104)
    assert made[60:, 106:112].mean() == pytest.approx(made[60:, 96:102].mean(), rel=0.1)


def test_what_is_expected_is_as_the_row_and_what_is_odd_is_told() -> None:
    picture, known = np.sqrt(sunny((64, 64 * 2))), np.ones((64, 128), bool)
    known[:, 116:] = False
    means, odd = expected(picture, np.zeros(known.shape, np.float32), known)
    assert means.shape == (32, 64, 4)
    assert np.abs(means[2:14, 58:, :3] - np.sqrt([0.2, 0.3, 0.5])).max() < 0.1
    assert np.abs(means[20:, 58:, :3] - np.sqrt([0.1, 0.2, 0.05])).max() < 0.1
    sun = cell_means((picture[..., 0] > 0.8).astype(np.float32)) > 0.9
    assert odd[sun].min() > 0.3
    assert np.median(odd[~sun]) < 0.01
    assert not odd[:, 58:].any()


def test_what_nears_the_camera_is_not_expected_behind_it() -> None:
    picture, share = np.full((64, 64, 3), 0.3, np.float32), np.full((64, 64), 0.2, np.float32)
    picture[:, 16:32], share[:, 16:32] = 0.9, 1.0
    known = np.ones((64, 64), bool)
    known[:, 32:48] = False
    assert np.allclose(expected(picture, share, known).means[:, 32:48, :3], 0.3, atol=1e-3)


def test_beyond_the_edge_of_what_is_made_its_picture_goes_on() -> None:
    """What is drawn is mixed of 4 by 4 pixels: none of them is beyond the picture or left bare."""
    for view in complete_backdrop(panorama(), PANNED).made:
        border = np.ones(view.made.shape, bool)
        border[2:-2, 2:-2] = False
        assert not view.made[border].any()


def test_depth_goes_on_from_the_farther_side() -> None:
    inverse_depth = np.full(HW, WALL, np.float32)
    inverse_depth[:, 60:80] = BOARD
    known = np.ones(HW, bool)
    known[:, 80:95] = False
    found = continued_depth(inverse_depth, known)
    assert np.allclose(found[~known], WALL, atol=0.02)
    assert np.array_equal(found[known], inverse_depth[known])


def test_a_level_ground_goes_on_beside_and_below() -> None:
    """Its inverse depth is even along a row, and grows evenly downwards."""
    truth = np.repeat(np.maximum((np.arange(96) - 40) / 56, 0.1)[:, None], 160, 1).astype(np.float32)
    known = np.zeros(HW, bool)
    known[:84, 30:130] = True
    found = continued_depth(np.where(known, truth, 0).astype(np.float32), known)
    assert np.abs(found - truth).max() < 0.08
    assert np.abs(found - truth).mean() < 0.01


def test_nothing_is_made_where_all_is_shown() -> None:
    still = CameraPath((camera(),) * 3)
    assert complete_backdrop(panorama(), still).made == ()
    unseen = find_unseen(panorama(), still, range(3))
    assert not unseen.outside.any()
    assert not unseen.hidden.any()


@pytest.mark.parametrize("name", ["pan", "truck"])
def test_what_is_made_stays_in_the_world(name: str) -> None:
    """Between two frames it moves as its depth and the camera say: warped onto each other they are the same, as what
    the picture shows is."""
    backdrop, path = {"pan": (panorama(), PANNED), "truck": (behind_a_board(), TRUCKED)}[name]
    whole = complete_backdrop(backdrop, path)
    assert whole.made
    inside, outside = [], []
    for index in range(len(path) - 1):
        one, two = (draw(whole, path[i], float(i)) for i in (index, index + 1))
        y, x = np.mgrid[: HW[0], : HW[1]]
        px = np.stack([x.ravel(), y.ravel()], 1) + 0.5
        points = path[index].unproject(px, 1 / np.maximum(one.inverse_depth.ravel().astype(float), 1e-6))
        u, v = path[index + 1].project(points)[0].T.reshape(2, *HW).astype(np.float32) - 0.5
        seen = (u > 1) & (v > 1) & (u < HW[1] - 2) & (v < HW[0] - 2)
        there = cv2.remap(two.inverse_depth, u, v, cv2.INTER_NEAREST)
        seen &= np.abs(there - one.inverse_depth) < 0.02  # nothing has come before it
        error = np.abs(cv2.remap(two.color, u, v, cv2.INTER_CUBIC) - one.color).max(-1)
        made = cv2.remap(1 - two.coverage, u, v, cv2.INTER_NEAREST) > 0
        inside.append(error[seen & made & (one.coverage == 0)])
        outside.append(error[seen & ~made & (one.coverage == 1)])
    within, beyond = np.concatenate(inside), np.concatenate(outside)
    assert len(within) > 200
    assert within.mean() < 1.2 * beyond.mean() + 0.01


def test_the_sky_goes_on_as_sky_and_the_ground_as_ground() -> None:
    drawn = draw(complete_backdrop(panorama(), PANNED), PANNED[8], 8.0)
    made = drawn.coverage == 0
    assert made.mean() > 0.15
    sky, ground = made.copy(), made.copy()
    sky[16:], ground[:80] = False, False
    assert np.abs(drawn.color[sky] - [0.2, 0.4, 0.9]).max() < 0.1
    assert np.abs(drawn.color[ground] - [0.1, 0.5, 0.1]).max() < 0.1
    smooth = draw(panorama(), PANNED[8], 8.0)
    assert np.array_equal(smooth.coverage, drawn.coverage)
    assert np.array_equal(smooth.color[~made], drawn.color[~made])


def test_what_a_board_hid_is_the_wall() -> None:
    whole = complete_backdrop(behind_a_board(), TRUCKED)
    drawn = draw(whole, TRUCKED[8], 8.0)
    revealed = drawn.coverage == 0
    revealed[:, 120:] = False
    assert revealed[30:70].mean() > 0.05
    assert (np.abs(drawn.inverse_depth[revealed] - WALL) < 0.03).mean() > 0.97
    inner = cv2.erode(revealed.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert (drawn.color[inner][:, 0] < 0.75).mean() > 0.98


def test_behind_a_lens_it_is_made_too() -> None:
    bent = CameraPath(tuple(Camera(c.hw, c.px_from_cam, c.world_from_camera, Lens(-0.1, 0.02)) for c in PANNED.cameras))
    whole = complete_backdrop(panorama(), bent)
    drawn = draw(whole, bent[0], 0.0)
    assert (drawn.coverage == 0).mean() > 0.15
    assert np.isfinite(drawn.color).all()
    assert np.abs(drawn.color[:12, :30] - [0.2, 0.4, 0.9]).max() < 0.12


def test_how_much_is_outside_and_at_which_side() -> None:
    """After a turn by 12 degrees the picture's border, at a = atan(80 / 140), is seen 140 tan(a - 12) from the middle,
    which is at 80."""
    unseen = find_unseen(panorama(), PANNED, range(2, 9))
    assert unseen.frames == tuple(range(2, 9))
    assert unseen.outside[2] == 0  # frame 4 is the picture's own
    beyond = 80 - FOCAL * np.tan(np.arctan(80 / FOCAL) - np.radians(12))
    assert unseen.outside[-1] == pytest.approx(100 * beyond / 160, abs=3)
    assert unseen.sides[-1].argmax() == 1
    assert unseen.sides[0].argmax() == 0
    assert np.allclose(unseen.sides.sum(1), unseen.outside)
    assert not unseen.hidden.any()


def test_how_much_is_hidden() -> None:
    """The board goes 35 px to the left, the wall 9: 26 of 160 columns in 60 of 96 rows come out behind it."""
    unseen = find_unseen(behind_a_board(), TRUCKED, range(9))
    assert unseen.hidden[0] == 0
    assert unseen.hidden[-1] == pytest.approx(100 * 26 * 60 / (160 * 96), abs=2)
    assert unseen.outside[-1] == pytest.approx(100 * 9 / 160, abs=2)


@pytest.mark.parametrize("wrong", ["image", "made", "lens"])
def test_a_made_view_is_checked(wrong: str) -> None:
    at = camera() if wrong != "lens" else Camera(HW, camera().px_from_cam, np.eye(4), Lens(-0.1, 0.0))
    image = np.zeros((*HW, 3) if wrong != "image" else (4, 4, 3), np.float32)
    made = np.zeros(HW, bool if wrong != "made" else np.uint8)
    with pytest.raises(ValueError, match="must"):
        MadeView(image, np.zeros(HW, np.float32), made, at)
