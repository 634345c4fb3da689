"""Cameras of unordered pictures."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matchmove_places import PLACE, WALL, place_seen
from matchmove_world import facing, rotation_errors_deg, texture, tracks_of

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.lens import Lens
from cyclorama.matchmove.match import MIN_MATCHES, features_of
from cyclorama.matchmove.pictures import Picture, PicturesSolve, mapped_better, solve_pictures
from cyclorama.matchmove.solve import solve

HW = (180, 320)
FOCAL = 380.0
SHUFFLED = (3, 0, 6, 2, 5, 1, 4)


def on_arc(t: float, lens: Lens | None = None) -> Camera:
    """t 0..1: thirty degrees about what lies four before the first camera."""
    a = np.radians(30) * t
    center = np.array([4 * np.sin(a), 0.25 * np.sin(7 * t), 4 * (1 - np.cos(a))])
    camera = Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(facing(-a, 0.04 * np.sin(5 * t)), center))
    return camera if lens is None else replace(camera, lens=lens)


def on_the_spot(t: float) -> Camera:
    pose = rigid(facing(0.5 * t - 0.2, 0.05 * np.sin(5 * t)), np.array([0.3, -0.1, 0.2]))
    return Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=pose)


@cache
def seen(camera_index: int, num: int = 7, place: str = "place", lens: Lens | None = None) -> np.ndarray:
    camera = on_arc(camera_index / (num - 1), lens)
    return place_seen(camera, 0, PLACE if place == "place" else WALL).image


def arc(lens: Lens | None = None) -> list[Picture]:
    return [Picture(seen(i, lens=lens), f"view {i}") for i in SHUFFLED]


def errors(found: PicturesSolve, truth: list[Camera]) -> tuple[float, float]:
    """Largest error of the rotations relative to the first, degrees, and of the places, of the way between the
    outermost, after a similarity."""
    pairs = [(c, t) for c, t in zip(found.cameras, truth) if c is not None]
    ours, real = (CameraPath(tuple(c)) for c in zip(*pairs))
    a, b = (p.centers - p.centers.mean(0) for p in (ours, real))
    u, d, vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    moved = a @ (u @ sign @ vt).T * np.trace(np.diag(d) @ sign) / (a**2).sum()
    return float(rotation_errors_deg(ours, real).max()), float(
        np.linalg.norm(moved - b, axis=1).max() / np.linalg.norm(np.ptp(b, axis=0))
    )


def test_shuffled_pictures_of_an_arc() -> None:
    found = solve_pictures(arc())
    turn, move = errors(found, [on_arc(i / 6) for i in SHUFFLED])
    assert found.model == "full"
    assert found.left_out == ()
    assert turn < 0.5
    assert move < 0.02
    assert all(abs(c.px_from_cam[0, 0] / FOCAL - 1) < 0.04 for c in found.cameras if c)
    assert found.median_px < 0.4
    assert np.allclose(found.cameras[0].world_from_camera, np.eye(4), atol=1e-9)  # type: ignore[union-attr]
    assert np.median(np.linalg.norm(found.points, axis=1)) == pytest.approx(1)


def test_what_is_known_is_kept() -> None:
    lens = Lens(-0.12, 0.03)
    truth = [on_arc(i / 6, lens) for i in SHUFFLED]
    known = [replace(p, focal_px=FOCAL, lens=lens) for p in arc(lens)]
    found = solve_pictures(known)
    turn, move = errors(found, truth)
    assert turn < 0.3
    assert move < 0.015
    for camera in found.cameras:
        assert camera is not None
        assert camera.lens == lens
        assert camera.px_from_cam[0, 0] == FOCAL


def test_a_bent_lens_is_found() -> None:
    lens = Lens(-0.15)
    pictures = [replace(p, focal_px=FOCAL) for p in arc(lens)]
    found = solve_pictures(pictures)
    assert all(c and c.lens.k1 == pytest.approx(-0.15, abs=0.03) for c in found.cameras)


def test_points_lie_where_the_place_is() -> None:
    found = solve_pictures([replace(p, focal_px=FOCAL, lens=Lens()) for p in arc()])
    truth = on_arc(SHUFFLED[0] / 6)
    others = [on_arc(i / 6).center for i in SHUFFLED]
    scale = np.median([np.linalg.norm(o - truth.center) for o in others[1:]]) / np.median(
        [np.linalg.norm(c.center) for c in found.cameras[1:] if c]
    )
    world = found.points * scale @ truth.world_from_camera[:3, :3].T + truth.center
    off = np.min([np.abs(world @ n[:3] + n[3]) / np.linalg.norm(n[:3]) for n, _ in PLACE], axis=0)
    assert np.median(off) < 0.02
    assert np.percentile(off, 90) < 0.15


def test_an_intruder_is_named() -> None:
    intruder = Picture(texture(HW, 77, blur=2.0), "a stranger")
    pictures = arc()
    pictures.insert(2, intruder)
    found = solve_pictures(pictures)
    assert found.cameras[2] is None
    assert sum(c is not None for c in found.cameras) == 7
    (left,) = found.left_out
    assert left.name == "a stranger"
    assert left.partner in {p.name for p in arc()}
    assert left.num_matches < MIN_MATCHES
    assert f"shares most with {left.partner}, {left.num_matches} features" in found.notes[0]


def test_two_pictures() -> None:
    order = (1, 4)
    found = solve_pictures([Picture(seen(i), str(i), focal_px=FOCAL, lens=Lens()) for i in order])
    one, two = (on_arc(i / 6) for i in order)
    ours, real = found.cameras[1].world_from_camera, one.camera_from_world @ two.world_from_camera  # type: ignore[union-attr]
    assert np.linalg.norm(ours[:3, :3] - real[:3, :3]) < 0.01
    cosine = ours[:3, 3] @ real[:3, 3] / np.linalg.norm(ours[:3, 3]) / np.linalg.norm(real[:3, 3])
    assert cosine > np.cos(np.radians(4))


def test_a_picture_twice_has_one_pose() -> None:
    pictures = [*arc()[:4], replace(arc()[1], name="again")]
    found = solve_pictures(pictures)
    assert found.left_out == ()
    first, again = found.cameras[1], found.cameras[4]
    assert first is not None
    assert again is not None
    assert np.allclose(first.world_from_camera, again.world_from_camera, atol=1e-3)


def test_the_same_picture_twice_alone_is_a_camera_that_stands() -> None:
    found = solve_pictures([Picture(seen(2), "one"), Picture(seen(2), "two")])
    assert found.model == "locked-off"
    assert "no parallax" in found.notes[0]


def test_a_wall_gives_the_camera_when_the_focal_length_is_known() -> None:
    pictures = [Picture(seen(i, place="wall"), str(i), focal_px=FOCAL, lens=Lens()) for i in SHUFFLED]
    found = solve_pictures(pictures)
    turn, move = errors(found, [on_arc(i / 6) for i in SHUFFLED])
    assert found.model == "full"
    assert turn < 0.5
    assert move < 0.02


def test_pictures_from_one_place_are_answered_as_such() -> None:
    truth = [on_the_spot(i / 6) for i in SHUFFLED]
    found = solve_pictures([Picture(place_seen(c, 0, PLACE).image, str(i)) for i, c in enumerate(truth)])
    assert found.model == "pan-tilt"
    assert len(found.points) == 0
    assert all(c and np.allclose(c.center, 0) for c in found.cameras)
    assert "no parallax" in found.notes[0]
    ours = CameraPath(tuple(c for c in found.cameras if c))
    assert rotation_errors_deg(ours, CameraPath(tuple(truth))).max() < 0.5
    assert ours[0].px_from_cam[0, 0] == pytest.approx(FOCAL, rel=0.05)


def test_fewer_than_two_pictures() -> None:
    with pytest.raises(InputError, match="two pictures of a place or more are needed to solve their cameras, got none"):
        solve_pictures([])
    with pytest.raises(InputError, match="got lonely"):
        solve_pictures([Picture(seen(0), "lonely")])


def test_pictures_that_share_nothing() -> None:
    pictures = [Picture(texture(HW, seed, blur=2.0), f"noise {seed}") for seed in (11, 12)]
    with pytest.raises(InputError, match=r"noise 11 and noise 12 share most, \d+ features that agree \(24 are"):
        solve_pictures(pictures)
    blank = [Picture(np.full((*HW, 3), 0.2, np.float32), name) for name in "ab"]
    with pytest.raises(InputError, match="no two pictures show the same place"):
        solve_pictures(blank)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"focal_px": 0.0}, "the focal length of x must be positive pixels, got 0.0"),
        ({"focal_px": float("nan")}, "must be positive pixels, got nan"),
        ({"lens": Lens(0.1)}, "the lens of x must come with its focal length"),
    ],
)
def test_a_picture_that_cannot_be(words: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Picture(seen(0), "x", **words)  # type: ignore[arg-type]


def test_a_wrong_minimum_is_left_and_a_right_one_kept() -> None:
    features = [features_of(seen(i), HW) for i in (0, 3, 6)]
    truth = CameraPath(tuple(on_arc(i / 6) for i in (0, 3, 6)))
    right = replace(solve(tracks_of(truth)), path=truth, model="full", median_px=0.06)
    assert mapped_better(right, features, HW, FOCAL) is right
    wrong = replace(right, path=CameraPath((truth[0], truth[2], truth[1])), median_px=1.5)
    found = mapped_better(wrong, features, HW, FOCAL)
    assert found.median_px < 0.4
    assert rotation_errors_deg(found.path, truth).max() < 0.4
    still = replace(wrong, model="pan-tilt")
    assert mapped_better(still, features, HW, FOCAL) is still
    blank = [features_of(np.full((*HW, 3), 0.2, np.float32), HW)] * 3
    assert mapped_better(wrong, blank, HW, FOCAL) is wrong


def test_a_turn_is_not_taken_for_a_small_move() -> None:
    """A third of a degree of parallax is a move; none is none, whatever the focal length is thought to be."""
    views = [on_the_spot(i / 4) for i in range(5)]
    moved = [
        replace(v, world_from_camera=rigid(v.world_from_camera[:3, :3], np.array([0.06 * i, 0, 0])))
        for i, v in enumerate(views)
    ]
    for truth, model in ((views, "pan-tilt"), (moved, "full")):
        found = solve_pictures(
            [Picture(place_seen(c, 0, PLACE).image, str(i), focal_px=FOCAL, lens=Lens()) for i, c in enumerate(truth)]
        )
        assert found.model == model
