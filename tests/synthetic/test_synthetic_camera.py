"""Pins the camera convention: pictures, depth and cameras of a shot agree with core's projection."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cyclorama.core.camera import Camera
from cyclorama.core.display import code8_from_linear
from cyclorama.synthetic import RenderedFrame, ShotSpec, render_frame
from cyclorama.synthetic.gait import CYCLE_S, STANCE, Gait
from cyclorama.synthetic.world import build_world

SMALL = ShotSpec(seed=3, num_frames=24, hw=(108, 192), noise=0.0)


def centers(hw: tuple[int, int]) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(hw[1]) + 0.5, np.arange(hw[0]) + 0.5), -1).reshape(-1, 2)


def reprojection_errors(a: RenderedFrame, b: RenderedFrame) -> tuple[float, float]:
    """Median absolute display difference of ``b`` warped to ``a`` by ``a``'s depth, where both see the same point; and
    the same when the warp is one pixel off."""
    px = centers(a.camera.hw)
    near = a.inverse_depth.ravel() > 1e-3
    there, depth = b.camera.project(a.camera.unproject(px[near], 1 / a.inverse_depth.ravel()[near]))
    mine = code8_from_linear(a.place).reshape(-1, 3)[near].astype(float)
    at = (there - 0.5).astype(np.float32)[:, None]
    inside = (there > 2).all(1) & (there < np.array(b.camera.hw[::-1]) - 2).all(1)
    seen = cv2.remap(b.inverse_depth, at, None, cv2.INTER_LINEAR)[:, 0]
    same = inside & (np.abs(seen * depth - 1) < 0.02)
    assert same[inside].mean() > 0.5
    picture = code8_from_linear(b.place).astype(np.float32)
    colors = [cv2.remap(picture, at + np.float32(shift), None, cv2.INTER_LINEAR)[:, 0] for shift in (0.0, 1.0)]
    right, wrong = (float(np.median(np.abs(color - mine)[same])) for color in colors)
    return right, wrong


@pytest.mark.parametrize(
    ("place", "move"), [("street", "truck"), ("room", "orbit"), ("yard", "dolly+handheld"), ("room", "pan+zoom")]
)
def test_a_frame_reprojected_by_its_depth_is_the_other_frame(place: str, move: str) -> None:
    spec = replace(SMALL, place=place, move=move, amount=0.6)
    a, b = render_frame(spec, 6), render_frame(spec, 14)
    right, wrong = reprojection_errors(a, b)
    assert right <= 4.0
    assert right < 0.7 * wrong


def test_depth_of_the_ground_is_the_planes() -> None:
    drawn = render_frame(replace(SMALL, place="yard"), 4)
    camera, px = drawn.camera, centers(SMALL.hw)
    rays = camera.unproject(px, np.ones(len(px))) - camera.center
    ground = np.maximum(0.0, rays[:, 2] / -camera.center[2])
    got = drawn.inverse_depth.ravel()
    assert (got >= ground - 1e-6).all()  # nothing is under the ground
    on_ground = np.abs(got - ground) < 1e-6
    assert on_ground[ground > 0].mean() > 0.4


def test_a_static_camera_sees_a_constant_place() -> None:
    spec = replace(SMALL, move="static")
    a, b = render_frame(spec, 0), render_frame(spec, 20)
    assert np.array_equal(a.place, b.place)
    assert np.array_equal(a.inverse_depth, b.inverse_depth)
    assert build_world(spec).path().is_locked_off


def focal(camera: Camera) -> float:
    return float(camera.px_from_cam[0, 0])


def test_every_move_moves_what_it_says() -> None:
    def ends(move: str) -> tuple[Camera, Camera]:
        path = build_world(replace(SMALL, move=move)).path()
        return path[0], path[23]

    a, b = ends("zoom")
    assert focal(b) > 1.4 * focal(a)
    assert np.allclose(a.world_from_camera, b.world_from_camera)
    a, b = ends("truck")
    assert abs(b.center - a.center)[0] == pytest.approx(1.8, abs=1e-6)
    assert np.allclose(a.world_from_camera[:3, :3], b.world_from_camera[:3, :3])
    a, b = ends("dolly")
    assert (b.center - a.center)[1] == pytest.approx(1.4, abs=1e-6)
    a, b = ends("pan")
    turn = np.degrees(np.arccos(a.world_from_camera[:3, 2] @ b.world_from_camera[:3, 2]))
    assert np.allclose(a.center, b.center)
    assert 22 < turn < 25
    a, b = ends("orbit")
    assert np.linalg.norm(a.center[:2]) == pytest.approx(np.linalg.norm(b.center[:2]))
    assert np.linalg.norm(a.center - b.center) > 2
    path = build_world(replace(SMALL, move="handheld")).path()
    steps = np.linalg.norm(np.diff(path.centers, axis=0), axis=1)
    assert 1e-4 < steps.max() < 0.02


def test_a_truck_past_the_foreground_has_strong_parallax() -> None:
    spec = replace(SMALL, place="street", move="truck")
    a, b = render_frame(spec, 8), render_frame(spec, 14)
    px = centers(SMALL.hw)
    seen = a.inverse_depth.ravel() > 0
    shifted, _ = b.camera.project(a.camera.unproject(px[seen], 1 / a.inverse_depth.ravel()[seen]))
    moved = np.linalg.norm(shifted - px[seen], axis=1)
    assert np.percentile(moved, 99) > 6 * np.percentile(moved, 10)


@pytest.mark.parametrize("place", ["street", "room", "yard"])
def test_the_place_has_features_to_match(place: str) -> None:
    spec = ShotSpec(seed=2, place=place, move="truck", noise=0.0)
    pictures = [cv2.cvtColor(code8_from_linear(render_frame(spec, i).place), cv2.COLOR_RGB2GRAY) for i in (0, 23)]
    sift = cv2.SIFT_create(4000)
    (key_a, a), (key_b, b) = (sift.detectAndCompute(picture, None) for picture in pictures)
    pairs = [m for m, n in cv2.BFMatcher().knnMatch(a, b, k=2) if m.distance < 0.75 * n.distance]
    there = [np.float32([keys[i].pt for i in ids]) for keys, ids in (
        (key_a, [m.queryIdx for m in pairs]), (key_b, [m.trainIdx for m in pairs]))]  # fmt: skip
    _, good = cv2.findFundamentalMat(*there, cv2.FM_RANSAC, 1.5, 0.999)
    assert good.sum() > 150


@pytest.mark.parametrize("action", ["walks", "turns"])
def test_a_planted_foot_does_not_move(action: str) -> None:
    gait = Gait(action, 1.0, 0.3)
    for side in (-1, 1):
        start = np.ceil(gait.phase(side, 0.0))
        times = [(start + share) * CYCLE_S - gait.phase(side, 0.0) * CYCLE_S for share in np.linspace(0.01, 0.99, 60)]
        feet = [gait.foot(side, time) for time in times]
        planted = np.array([foot.planted for foot in feet])
        places = np.stack([foot.position for foot in feet])
        assert abs(planted.mean() - STANCE) < 0.05
        assert np.ptp(places[planted], 0).max() == 0
        assert places[planted][:, 2].max() == 0
        assert places[~planted][:, 2].max() > 0.03
        assert np.abs(np.diff(places, axis=0)).max() < 0.15  # and it never jumps


def test_the_drawn_shoe_stays_on_its_plant() -> None:
    world = build_world(replace(SMALL, actor="walks"))
    from cyclorama.synthetic.figure import LEATHER, pose

    stays = []
    for index in range(24):
        time = world.time_s(index)
        parts, _ = pose(world.gait, world.clothes, time)
        toes = parts[parts[:, 11] == LEATHER][::2, 3:6]
        stays += [(side, *toe) for side, toe in zip((-1, 1), toes) if world.gait.foot(side, time).planted]
    for side in (-1, 1):
        toes = np.array([toe for s, *toe in stays if s == side])
        still = np.linalg.norm(np.diff(toes[:, :2], axis=0), axis=1)
        assert (still < 0.03).mean() > 0.85  # the rest is the step to the next plant
    assert min(z for *_, z in stays) > 0.0


def test_nothing_near_covers_the_actor_unless_asked() -> None:
    for seed in range(3):
        spec = replace(SMALL, seed=seed, hw=(54, 96))
        for index in (0, 12, 23):
            drawn = render_frame(spec, index)
            place, _ = build_world(spec).gait.root(build_world(spec).time_s(index))
            depth = drawn.camera.project(np.append(place, 1.0)[None])[1][0]
            assert drawn.inverse_depth[drawn.alpha > 0.5].max() < 1 / (depth - 0.7)
