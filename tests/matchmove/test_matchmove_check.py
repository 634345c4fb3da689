"""The slip of made-up worlds whose slip is known."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from matchmove_world import MOVES, camera, path, tracks_of

from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.core.lens import Lens
from cyclorama.matchmove import SlipCheck, check_slip, read_camera
from cyclorama.matchmove.check import slip_of
from cyclorama.matchmove.slip import cut_at_turns
from cyclorama.matchmove.tracks import Tracks
from cyclorama.synthetic import ShotSpec, SyntheticShot, make_shot

NUM_FRAMES = 20
TELLING = ("locked", "pan", "dolly", "orbit")
"""Moves of the camera that tell a shift from depth."""
STAGE = Path(__file__).parents[2].parent / "shared" / "stage"


def moved(tracks: Tracks, shifts: np.ndarray, chosen: np.ndarray | None = None) -> Tracks:
    """The same tracks in pictures moved by ``shifts`` (t, 2); ``chosen``: the tracks that are."""
    own = shifts[tracks.frame] * (1.0 if chosen is None else chosen[tracks.track, None])
    return Tracks(tracks.track, tracks.frame, tracks.px + own, tracks.hw, tracks.num_frames)


def drifting(step: tuple[float, float], num_frames: int = NUM_FRAMES) -> np.ndarray:
    return np.arange(num_frames)[:, None] * np.array(step)


def held(num_frames: int, cameras: CameraPath) -> Tracks:
    """The first picture all along."""
    first = tracks_of(CameraPath(cameras.cameras[:1] * num_frames), noise_px=0.0, outliers=0.0)
    return moved(first, 0.05 * np.random.default_rng(0).standard_normal((num_frames, 2)))


@pytest.mark.parametrize("move", TELLING)
def test_a_background_that_moves_as_it_should_locks(move: str) -> None:
    cameras = path(move, NUM_FRAMES)
    found = slip_of(tracks_of(cameras, noise_px=0.05), cameras)
    assert found.verdict == "locks"
    assert found.slip_px[0] < 0.12
    assert np.hypot(*found.drift_px) < 0.02
    assert np.isnan(found.median_px[0])
    assert found.measured[1:].all()
    assert "locks" in found.sentence()


@pytest.mark.parametrize("move", TELLING)
@pytest.mark.parametrize("step", [(1.0, 0.0), (-1.6, 1.2), (3.0, -4.0)])
def test_a_known_drift_is_told(move: str, step: tuple[float, float]) -> None:
    cameras = path(move, NUM_FRAMES)
    found = slip_of(moved(tracks_of(cameras), drifting(step)), cameras)
    assert found.verdict == "slips"
    assert found.slip_px[0] == pytest.approx(np.hypot(*step), rel=0.1)
    assert found.drift_px == pytest.approx(step, abs=0.1 * float(np.hypot(*step)))
    assert found.jitter_px < 0.15


@pytest.mark.parametrize("move", [*TELLING, "truck"])
def test_a_known_jitter_is_told(move: str) -> None:
    cameras = path(move, NUM_FRAMES)
    angles = np.random.default_rng(2).uniform(0, 2 * np.pi, NUM_FRAMES)
    shifts = np.cumsum(2 * np.stack([np.cos(angles), np.sin(angles)], 1), 0)
    found = slip_of(moved(tracks_of(cameras), shifts), cameras)
    assert found.slip_px[0] == pytest.approx(2, rel=0.1)
    assert np.abs(found.step_px[1:] - np.diff(shifts, axis=0)).max() < 0.4


def through(lens: Lens, cameras: CameraPath) -> CameraPath:
    return CameraPath(tuple(replace(c, lens=lens) for c in cameras.cameras))


@pytest.mark.parametrize("lens", [Lens(-0.15), Lens(0.2, -0.05)])
@pytest.mark.parametrize("move", TELLING)
def test_the_lens_is_looked_through(move: str, lens: Lens) -> None:
    cameras = through(lens, path(move, NUM_FRAMES))
    tracks = tracks_of(cameras, noise_px=0.05)
    assert slip_of(tracks, cameras).verdict == "locks"
    assert slip_of(tracks, cameras).slip_px[0] < 0.12
    step = (1.2, -1.6)
    found = slip_of(moved(tracks, drifting(step)), cameras)
    assert found.drift_px == pytest.approx(step, abs=0.2)
    assert found.slip_px[0] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("move", ["pan", "orbit"])
def test_a_background_drawn_straight_behind_a_plate_with_a_lens_shows(move: str) -> None:
    """By a tenth of a pixel and more a frame, at a picture 240 wide."""
    straight = path(move, NUM_FRAMES)
    tracks = tracks_of(straight, noise_px=0.0, outliers=0.0)
    assert slip_of(tracks, straight).slip_px[1] < 1e-6
    assert slip_of(tracks, through(Lens(-0.15), straight)).slip_px[1] > 0.1


def test_one_jump_is_found_where_it_is() -> None:
    """In a shot of several windows."""
    num_frames, jump = 100, 71
    cameras = path("pan", num_frames)
    shifts = np.where(np.arange(num_frames)[:, None] >= jump, [[3.0, -1.0]], 0.0)
    found = slip_of(moved(tracks_of(cameras), shifts), cameras)
    assert found.measured[1:].all()
    assert found.step_px[jump] == pytest.approx((3, -1), abs=0.2)
    assert np.delete(found.median_px, [0, jump]).max() < 0.4
    assert found.worst == (jump, pytest.approx(np.hypot(3, 1), abs=0.2))
    assert found.verdict == "slips"


@pytest.mark.parametrize("move", ["pan", "orbit"])
def test_a_still_picture_behind_a_moving_camera(move: str) -> None:
    cameras = path(move, NUM_FRAMES)
    found = slip_of(held(NUM_FRAMES, cameras), cameras)
    assert found.verdict == "still background"
    assert found.turned_px > 50
    assert found.seen_px < 1
    assert "still background" in found.sentence()


def test_a_still_picture_behind_a_camera_that_turns_about() -> None:
    """The points would be behind it."""
    once = MOVES["pan"](1.0).world_from_camera[0, 2]
    assert once > 0.3  # of the pan: 20 degrees
    turn = [MOVES["pan"](8.0 * i / 39) for i in range(40)]
    cameras = CameraPath(tuple(turn))
    found = slip_of(held(40, cameras), cameras)
    assert found.verdict == "still background"
    assert found.slip_px[0] > 5


def test_a_still_picture_of_a_still_camera_locks() -> None:
    cameras = path("locked", NUM_FRAMES)
    assert slip_of(held(NUM_FRAMES, cameras), cameras).verdict == "locks"


def test_what_an_even_truck_cannot_tell_is_called_unsure() -> None:
    cameras = CameraPath(tuple(camera(np.eye(3), (0.07 * i, 0, 0)) for i in range(NUM_FRAMES)))
    tracks = tracks_of(cameras)
    assert slip_of(tracks, cameras).slip_px[0] < 0.2
    along = slip_of(moved(tracks, drifting((1.0, 0.0))), cameras)
    assert along.verdict == "unsure"
    assert float(np.nanmax(along.unsure_px)) > 0.3
    assert "other depths" in along.notes()[0]
    across = slip_of(moved(tracks, drifting((0.0, 2.0))), cameras)
    assert across.verdict == "slips"
    assert across.slip_px[0] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(("share", "verdicts"), [(0.15, {"locks"}), (0.4, {"unsure", "slips"})])
def test_things_that_go_their_own_way(share: float, verdicts: set[str]) -> None:
    cameras = path("orbit", NUM_FRAMES)
    tracks = tracks_of(cameras, outliers=0.0)
    chosen = np.random.default_rng(5).random(tracks.num_tracks) < share
    found = slip_of(moved(tracks, drifting((1.5, 0.5)), chosen), cameras)
    assert found.verdict in verdicts
    assert found.stray > 0.05


@pytest.mark.parametrize("num", [0, 5])
def test_too_few_points_measure_nothing(num: int) -> None:
    cameras = path("pan", NUM_FRAMES)
    tracks = tracks_of(cameras)
    found = slip_of(tracks.keep(tracks.track < num), cameras)
    assert found.verdict == "not measured"
    assert np.isnan(found.slip_px).all()
    assert np.isnan(found.median_px).all()
    assert "cannot be measured" in found.sentence()


def test_tracks_are_cut_where_the_camera_has_turned_away() -> None:
    cameras = CameraPath(tuple(MOVES["pan"](6.0 * i / 39) for i in range(40)))
    tracks = held(40, cameras)
    cut = cut_at_turns(tracks, cameras)
    assert len(cut.track) == len(tracks.track)
    assert cut.num_tracks > 2 * tracks.num_tracks
    still = path("locked", 40)
    assert cut_at_turns(tracks, still).num_tracks == tracks.num_tracks


@pytest.fixture(scope="module")
def shot() -> SyntheticShot:
    return make_shot(ShotSpec(seed=7, num_frames=10, hw=(120, 214), place="street", move="pan", amount=0.6))


def checked(shot: SyntheticShot, shifts: np.ndarray) -> SlipCheck:
    """The finished picture moved by ``shifts``, its edge repeated, and the actor's matte with it."""

    def warped(picture: np.ndarray, shift: np.ndarray) -> np.ndarray:
        to = np.hstack([np.eye(2), shift[:, None]])
        return cv2.warpAffine(picture, to, picture.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    frames = np.stack([warped(shot.truth.frame(i), s) for i, s in enumerate(shifts)])
    mattes = [warped(a, s) for a, s in zip(shot.alpha, shifts)]
    return check_slip(ArrayClip(np.maximum(frames, 0)), shot.path, lambda index, _: mattes[index])


@pytest.mark.parametrize("step", [(0.0, 0.0), (1.2, -1.6)])
def test_a_rendered_place(shot: SyntheticShot, step: tuple[float, float]) -> None:
    found = checked(shot, drifting(step, 10) - 4.5 * np.array(step))
    assert found.slip_px[0] == pytest.approx(np.hypot(*step), rel=0.1, abs=0.2)
    assert found.verdict == ("slips" if any(step) else "locks")


def test_a_dark_flat_background_measures_nothing(shot: SyntheticShot) -> None:
    dark = np.full((10, 120, 214, 3), 0.002, np.float32)
    found = check_slip(ArrayClip(dark), shot.path, lambda index, _: shot.alpha[index])
    assert found.verdict == "not measured"
    assert not found.measured.any()


def test_the_camera_must_be_of_the_shot(shot: SyntheticShot) -> None:
    short = CameraPath(shot.path.cameras[:-1])
    with pytest.raises(ValueError, match=r"of 10 frames of \(120, 214\), got 9 frames"):
        check_slip(shot.truth, short, lambda index, _: shot.alpha[index])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.skipif(not STAGE.exists(), reason="no shared footage beside the checkout")
@pytest.mark.parametrize(
    "case", ["corridor_push", "night_static", "park_handheld", "room_pan", "street_arc", "street_truck"]
)
def test_stage_truths_lock(case: str) -> None:
    with av.open(str(STAGE / case / "truth.mp4")) as container:
        codes = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    mattes = [cv2.imread(str(p), cv2.IMREAD_GRAYSCALE) / np.float32(255) for p in sorted(STAGE.glob(f"{case}/alpha/*"))]
    cameras = read_camera(STAGE / case / "camera.json", hw=codes.shape[1:3], num_frames=len(codes))
    found = check_slip(ArrayClip(linear_from_code8(codes)), cameras, lambda index, _: mattes[index])
    assert found.verdict == "locks"
    assert found.slip_px[0] <= 0.2
