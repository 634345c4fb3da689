"""Camera shake read off the actor, and the user's moves on a found camera."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from paper_doll import HW, Doll, Motion, jitter, shaking, shot

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.moves import Moves
from cyclorama.matchmove.actor_shake import Shake, refined_by_shake, shaken
from cyclorama.matchmove.between import curve_through
from cyclorama.matchmove.bundle import rotation_from_vector
from cyclorama.matchmove.camera import Matchmove
from cyclorama.matchmove.move_on import USUAL_DISTANCE_M, with_moves

N = 37
KEYS = [0, N // 2, N - 1]
FOCAL = 300.0


def drifts(t: float) -> Doll:
    return Doll(foot=(130 + 60 * t, 220))


def dances(t: float) -> Doll:
    """Limbs and trunk that go fast, each its own way, on a still camera."""
    return Doll(swing=0.4 * np.sin(23 * t), lean=0.12 * np.sin(31 * t))


MOTIONS: dict[str, Motion] = {"shakes": shaking(drifts, N, 2.5), "calm": drifts, "dances": dances}


@cache
def made(name: str) -> tuple[ArrayClip, Array]:
    return shot(MOTIONS[name], N)


def panned(px: Array) -> CameraPath:
    """A camera that turns so that far things move by so many pixels across, (t,)."""
    turns = [rotation_from_vector(np.array([0, -np.arctan(x / FOCAL), 0])) for x in px]
    cameras = [Camera.from_focal(hw=HW, focal_px=FOCAL, world_from_camera=rigid(r, np.zeros(3))) for r in turns]
    return CameraPath(tuple(cameras))


def far(path: CameraPath) -> Array:
    return np.concatenate([c.project(np.array([[0, 0, 1e6]]))[0] for c in path.cameras]) - [HW[1] / 2, HW[0] / 2]


SMOOTH = panned(np.linspace(0, 60, N))


def refined(name: str) -> tuple[CameraPath, str]:
    plate, alpha = made(name)
    return refined_by_shake(SMOOTH, plate, lambda i, _: alpha[i], KEYS)


def test_shake_that_all_of_the_body_shares_goes_on_the_camera() -> None:
    path, note = refined("shakes")
    true = jitter(N, 2.5)
    missing = true - curve_through(np.array(KEYS, float), true[KEYS], N)
    left = far(path) - far(SMOOTH) - missing
    assert np.linalg.norm(left, axis=1).mean() < 0.4 * np.linalg.norm(missing, axis=1).mean()
    assert "read off the actor" in note


def test_nothing_changes_where_the_path_is_known() -> None:
    path, _ = refined("shakes")
    for key in KEYS:
        assert np.allclose(path[key].world_from_camera, SMOOTH[key].world_from_camera, atol=1e-9)
    assert np.allclose(path.centers, SMOOTH.centers)


def test_a_camera_that_stands_still_in_all_references_does_not_shake_between_them() -> None:
    plate, alpha = made("shakes")
    still = CameraPath.locked_off(num_frames=N, hw=HW, focal_px=FOCAL)
    path, note = refined_by_shake(still, plate, lambda i, _: alpha[i], KEYS)
    assert path is still
    assert "stands still" in note


def test_a_dance_is_no_shake() -> None:
    path, note = refined("dances")
    assert path is SMOOTH
    assert "too little to be the camera's" in note


def test_a_calm_actor_adds_hardly_anything() -> None:
    path, _ = refined("calm")
    assert np.abs(far(path) - far(SMOOTH)).max() < 0.7


def test_too_short_or_unseen_says_nothing() -> None:
    plate, alpha = made("shakes")
    for clip, matte in (
        (ArrayClip(plate.frames[:8], plate.rate), alpha[:8]),
        (plate, np.zeros_like(alpha)),
    ):
        path = CameraPath(SMOOTH.cameras[: clip.num_frames])
        found, note = refined_by_shake(path, clip, lambda i, _, m=matte: m[i], [0, clip.num_frames - 1])  # type: ignore[misc]
        assert found is path
        assert "is not known" in note


def test_the_shift_is_scaled_to_the_paths_pixels() -> None:
    shift = np.zeros((N, 2))
    shift[5] = 1.5, -2.0
    path = shaken(SMOOTH, Shake(shift, np.ones(2)), KEYS, scale=2.0)
    assert np.allclose((far(path) - far(SMOOTH))[5], [3.0, -4.0], atol=0.2)


STILL = CameraPath.locked_off(num_frames=N, hw=HW, focal_px=FOCAL)
MOVES = Moves.parse("truck left 0.4m, pan right 5deg")


@pytest.mark.parametrize("source", ["actor", "none"])
def test_the_users_move_goes_in_place_of_a_guess(source: str) -> None:
    base = SMOOTH if source == "actor" else STILL
    found = with_moves(Matchmove(base, source, None, ("a guess",), unit=3.3), MOVES, Fraction(24))  # type: ignore[arg-type]
    assert found.source == "move"
    assert np.allclose(found.path[N - 1].center, [-0.4, 0, 0])
    assert found.unit == USUAL_DISTANCE_M
    assert len(found.notes) == 1
    assert str(MOVES) in found.notes[0]


def test_the_users_move_goes_on_top_of_a_solve_in_its_unit() -> None:
    found = with_moves(Matchmove(SMOOTH, "plate", None, ("solved",)), MOVES, Fraction(24))
    assert found.source == "plate"
    assert found.notes[0] == "solved"
    way = SMOOTH[N - 1].world_from_camera[:3, :3] @ [-0.4 / USUAL_DISTANCE_M, 0, 0]
    assert np.allclose(found.path[N - 1].center, way)
    given = with_moves(Matchmove(STILL, "given", None, ()), MOVES, Fraction(24))
    assert np.allclose(given.path[N - 1].center, [-0.4, 0, 0])
