"""The camera from the actor alone: a paper doll under known cameras, each hypothesis with its known answer."""

from functools import cache

import numpy as np
import paper_doll
import pytest
from paper_doll import HW, Doll, Motion, jitter, shaking, shot

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import ArrayClip
from cyclorama.matchmove.actor_camera import ENOUGH, ActorCamera, camera_from_actor
from cyclorama.matchmove.actor_evidence import pan_or_truck, smooth, stance_of, turned_or_orbit
from cyclorama.matchmove.camera import find_camera

N = 26
FOCAL = 300.0


def eased(t: float) -> float:
    return t * t * (3 - 2 * t)


def slides(px: float, turn: float = 0.0) -> Motion:
    return lambda t: Doll(foot=(160 + px * (eased(t) - 0.5), 220), turn=turn * (eased(t) - 0.5))


def stride(t: float, px: float, bob: float = 3.4) -> Doll:
    """A walk across the picture: two steps a second, with their bob."""
    phase = 2 * np.pi * t * (N - 1) / 24
    return Doll(
        foot=(160 + px * (t - 0.5), 220 - bob * abs(np.sin(2 * phase))),
        swing=0.4 * np.sin(2 * phase),
        lean=0.02 * np.sin(phase),
    )


MOTIONS: dict[str, Motion] = {
    "still": lambda _: Doll(),
    "sways": lambda t: Doll(lean=0.05 * np.sin(5 * t)),
    "pan": slides(-80),
    "truck": slides(80, turn=80 / FOCAL),
    "orbit": slides(0, turn=-0.7),
    "push": lambda t: Doll(height=140 * 1.35 ** eased(t), foot=(160, 120 + 80 * 1.35 ** eased(t))),
    "pull": lambda t: Doll(height=190 * 0.75 ** eased(t), foot=(160, 120 + 100 * 0.75 ** eased(t))),
    "handheld": shaking(lambda _: Doll(), N, 3.0),
    "walks": lambda t: stride(t, 70.0),
    "walks on the spot": lambda t: stride(t, 0.0),
    "low": lambda t: Doll(foot=(160 - 80 * (eased(t) - 0.5), 335)),
    "low walk": lambda t: Doll(foot=(stride(t, 70.0).foot[0], stride(t, 0.0).foot[1] + 115), swing=stride(t, 0).swing),
}


@cache
def made(name: str) -> tuple[ArrayClip, Array]:
    return shot(MOTIONS[name], N)


@cache
def answer(name: str, word: str | None = None) -> ActorCamera:
    plate, alpha = made(name)
    return camera_from_actor(plate, lambda i, _: alpha[i], N // 2, word=word, focal_px=FOCAL)  # type: ignore[arg-type]


def far_point(path: CameraPath) -> Array:
    """Where a far point goes on screen, (t, 2), 0 in the middle frame."""
    point = np.array([[0.0, 0.0, 1e6]])
    seen = np.concatenate([c.project(point)[0] for c in path.cameras])
    return np.asarray(seen - seen[N // 2])


@pytest.mark.parametrize(
    ("name", "kind", "direction"),
    [
        ("still", "static", ""),
        ("pan", "pan", "right"),
        ("truck", "truck", "left"),
        ("orbit", "orbit", "right"),
        ("push", "push", "in"),
        ("pull", "push", "out"),
        ("handheld", "handheld", ""),
    ],
)
def test_a_standing_actor_tells_kind_and_direction(name: str, kind: str, direction: str) -> None:
    found = answer(name)
    assert (found.kind, found.direction) == (kind, direction), found.reasons
    assert found.confidence > ENOUGH
    assert found.moves == (kind != "static")


def test_a_still_actor_makes_a_camera_that_does_not_stir() -> None:
    assert answer("still").path.is_locked_off
    assert answer("sways").path.is_locked_off  # feet that stay put: a body's sway is its own


def test_a_pan_moves_far_things_with_the_feet() -> None:
    expected = np.array([slides(-80)(t).foot[0] for t in np.linspace(0, 1, N)])
    moved = far_point(answer("pan").path)
    # Some of it is left to an arc, which a turn hidden by cloth would be.
    assert np.abs(moved[:, 0] - (expected - expected[N // 2])).max() < 0.15 * 40
    assert np.corrcoef(moved[:, 0], expected)[0, 1] > 0.999
    assert np.abs(moved[:, 1]).max() < 1.5
    assert np.abs(answer("pan").path.centers).max() < 0.15 * 40 / FOCAL * answer("pan").distance_m


def test_a_truck_travels_and_hardly_turns() -> None:
    found = answer("truck")
    way = found.path.centers[-1] - found.path.centers[0]
    assert way[0] == pytest.approx(-80 / FOCAL * found.distance_m, rel=0.3)
    assert np.abs(far_point(found.path)).max() < 0.3 * 80 / 2 + 1.5


def test_an_orbit_keeps_its_distance_and_the_actor_in_place() -> None:
    found = answer("orbit")
    actor = np.array([0.0, 0.0, found.distance_m])
    away = np.linalg.norm((found.path.centers - actor)[:, [0, 2]], axis=1)
    assert np.ptp(away) < 0.05 * found.distance_m
    assert found.path.centers[-1, 0] > 0.2  # to the right


def test_a_push_comes_nearer_by_what_the_actor_grows() -> None:
    found = answer("push")
    way = found.path.centers[-1, 2] - found.path.centers[0, 2]
    near, far = (found.distance_m / g for g in (1.35**0.5, 1.35**-0.5))
    assert way == pytest.approx(far - near, rel=0.15)
    assert found.distance_m == pytest.approx(FOCAL * 1.75 / (140 * 1.35**0.5), rel=0.08)


def test_a_hand_that_shakes_is_followed_frame_by_frame() -> None:
    strays = jitter(N, 3.0)
    assert np.abs(far_point(answer("handheld").path) - (strays - strays[N // 2])).max() < 1.5


@pytest.mark.parametrize("name", ["walks", "walks on the spot"])
def test_a_walk_is_the_actors_own_and_leaves_the_camera_locked_off(name: str) -> None:
    found = answer(name)
    assert found.path.is_locked_off
    assert found.confidence < ENOUGH
    assert "walks" in found.sentence


def test_the_users_word_goes_over_the_legs() -> None:
    assert answer("walks", "stands").moves or answer("walks", "stands").confidence > answer("walks").confidence
    for word in ("walks", "free"):
        found = answer("pan", word)
        assert found.path.is_locked_off
        assert "as you said" in found.sentence


def test_an_actor_without_feet_is_believed_less_and_not_at_all_when_it_bobs() -> None:
    whole, cut, walk = answer("pan"), answer("low"), answer("low walk")
    assert "feet are outside" in cut.sentence
    assert cut.confidence < whole.confidence
    assert cut.moves
    assert np.corrcoef(far_point(cut.path)[:, 0], far_point(whole.path)[:, 0])[0, 1] > 0.99
    assert walk.path.is_locked_off


def doctored(alpha: Array, word: str) -> Array:
    out = alpha.copy()
    if word == "none":
        out[:] = 0
    elif word == "lost":
        out[4:9] = 0
    elif word == "all":
        out[:] = 1
    elif word == "columns":
        out[:] = 0
        out[:, :, 100:200] = 1
    return out


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("none", "the matte shows no actor at frame 0 and 25 others"),
        ("lost", "the matte shows no actor at frame 4 and 4 others"),
        ("all", "the matte covers the whole picture at frame 0"),
        ("columns", "borders cut the actor on opposite sides"),
    ],
)
def test_what_cannot_be_read_is_locked_off_with_the_reason(word: str, why: str) -> None:
    plate, alpha = made("pan")
    bad = doctored(alpha, word)
    found = camera_from_actor(plate, lambda i, _: bad[i], 3)
    assert found.path.is_locked_off
    assert found.confidence == 0
    assert why in found.sentence


def test_one_frame_and_a_flat_actor_are_locked_off() -> None:
    plate, alpha = made("pan")
    one = camera_from_actor(ArrayClip(plate.frames[:1], plate.rate), lambda i, _: alpha[i], 0)
    assert "1 frames, too few" in one.sentence
    disc = np.zeros((N, *HW), np.float32)
    disc[:, 80:160, 140:180] = 1
    flat = ArrayClip(np.full((N, *HW, 3), 0.3, np.float32), plate.rate)
    found = camera_from_actor(flat, lambda i, _: disc[i], 5)
    assert found.path.is_locked_off


def test_find_camera_takes_the_actor_only_where_the_plate_says_nothing() -> None:
    plate, alpha = made("pan")
    found = find_camera(plate, lambda i, frame: _matte(alpha[i], frame), (), focal_px=FOCAL)
    assert found.source == "actor"
    assert found.actor is not None
    assert found.unit == pytest.approx(found.actor.distance_m)
    assert "which is a guess: pan right" in found.notes[-1]
    plate, alpha = made("walks")
    lost = find_camera(plate, lambda i, frame: _matte(alpha[i], frame), (), focal_px=FOCAL)
    assert lost.source == "none"
    assert lost.path.is_locked_off
    assert any("too little to follow" in note for note in lost.notes)


def _matte(alpha: Array, frame: Array) -> Array:
    return alpha if alpha.shape == frame.shape[:2] else paper_doll.cv2.resize(alpha, frame.shape[1::-1])


def test_belief_follows_the_evidence() -> None:
    pan, truck = pan_or_truck(0.4, 0.0, 0.02), pan_or_truck(0.4, 0.26, 0.02)
    assert pan.pan > 0.7 > 0.2 > pan.truck
    assert truck.truck > 0.7 > 0.2 > truck.pan
    even = pan_or_truck(0.05, 0.015, 0.02)
    assert abs(even.pan - even.truck) < 0.1
    assert abs(pan.travel) < 0.1
    assert truck.travel == pytest.approx(1.0, abs=0.05)
    beyond = pan_or_truck(0.3, 0.31, 0.02)  # it turns by more than the shift explains: the camera pans against its way
    assert beyond.trucks
    assert beyond.travel > 1.05
    assert turned_or_orbit(0.0, 0.02) < 0.2 < 0.5 < turned_or_orbit(0.4, 0.02)
    assert [stance_of(x) for x in (0.3, 2.0, 8.0, float("nan"))] == ["stands", "steps", "walks", "cut off"]


def test_smoothing_keeps_lines_and_halves_at_its_cutoff() -> None:
    t = np.arange(240) / 24
    line = np.stack([3 * t, 1 - t], 1)
    assert np.allclose(smooth(line, 24.0, 1.0), line, atol=1e-6)
    for hz, low, high in ((0.3, 0.95, 1.01), (1.0, 0.45, 0.55), (4.0, 0.0, 0.02)):
        wave = np.sin(2 * np.pi * hz * t)[:, None]
        gain = np.abs(smooth(wave, 24.0, 1.0)[60:180]).max()
        assert low <= gain <= high
