"""Features that are hidden, leave, blur, grow, or differ in hue alone; and what moves by itself."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matchmove_world import rotation_errors_deg, texture

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import display_from_linear, linear_from_code8, linear_from_display
from cyclorama.matchmove import Tracks, find_camera
from cyclorama.matchmove.tracks import track_features
from cyclorama.matchmove.tracks_found import MAX_LOST, Features, local_similarity, most_followed
from cyclorama.matchmove.tracks_grey import LUMA, best_grey
from cyclorama.matchmove.tracks_patch import cut_patches, noise_of, register

HW = (120, 200)
MIDDLE = np.array([HW[1] / 2, HW[0] / 2])
Move = Callable[[int], np.ndarray]
"""2 x 3: picture_from_sheet of a frame, in OpenCV's pixels."""


def _slide(right: float, down: float = 0.0) -> Move:
    return lambda index: np.array([[1, 0, right * index - 60], [0, 1, down * index - 40]])


def _clip(sheet: np.ndarray, move: Move, num: int, edit: Callable[[int, np.ndarray], None] | None = None) -> ArrayClip:
    rng = np.random.default_rng(3)
    frames = []
    for index in range(num):
        frame = cv2.warpAffine(sheet, move(index), HW[::-1], flags=cv2.INTER_AREA | cv2.INTER_CUBIC)
        if edit is not None:
            edit(index, frame)
        frames.append(np.maximum(frame + rng.normal(0, 0.002, frame.shape), 0))
    return ArrayClip(np.stack(frames).astype(np.float32))


def _nobody(*_: object) -> np.ndarray:
    return np.zeros(HW, np.float32)


def _wander(tracks: Tracks, move: Move) -> np.ndarray:
    """How far every observation is from its track's place on the sheet, in pixels of the picture."""
    at = np.empty_like(tracks.px)
    for index in range(tracks.num_frames):
        own = tracks.frame == index
        back = cv2.invertAffineTransform(move(index))
        at[own] = (tracks.px[own] - 0.5) @ back[:, :2].T + back[:, 2]
    place = np.stack([np.median(at[tracks.track == t], axis=0) for t in range(tracks.num_tracks)])
    return np.linalg.norm(at - place[tracks.track], axis=1)


def _gaps(tracks: Tracks) -> np.ndarray:
    """(tracks,) frames in which a track was away between its first and its last sight."""
    order = np.lexsort((tracks.frame, tracks.track))
    step = np.diff(tracks.frame[order]) - 1
    same = np.diff(tracks.track[order]) == 0
    return np.bincount(tracks.track[order][1:][same], step[same], tracks.num_tracks)


def test_what_the_actor_hides_is_found_again() -> None:
    """A post of cloth walks across the picture; behind it the sheet slides the other way."""
    cloth = texture((120, 30), 7)

    def column(index: int) -> slice:
        return slice(5 + 10 * index, 35 + 10 * index)

    def hide(index: int, frame: np.ndarray) -> None:
        width = frame[:, column(index)].shape[1]
        frame[:, column(index)] = cloth[:, :width]

    def actor(index: int, _: np.ndarray) -> np.ndarray:
        matte = np.zeros(HW, np.float32)
        matte[:, column(index)] = 1
        return matte

    move = _slide(-0.63, 0.41)
    tracks = track_features(_clip(texture((240, 320), 1), move, 18, hide), actor)
    hidden = _gaps(tracks) >= 3
    assert hidden.sum() > 60
    error = _wander(tracks, move)[hidden[tracks.track]]
    assert np.percentile(error, 95) < 0.2
    assert error.max() < 1.5


def test_what_leaves_the_picture_is_found_when_it_is_back() -> None:
    def move(index: int) -> np.ndarray:
        return _slide(0)(0) + np.array([[0, 0, -70 * np.sin(np.pi * index / 24)], [0, 0, 0]])

    tracks = track_features(_clip(texture((240, 320), 4), move, 25), _nobody)
    both = np.intersect1d(tracks.track[tracks.frame == 0], tracks.track[tracks.frame == 24])
    away = _gaps(tracks) >= 5
    assert away[both].sum() > 25
    assert np.percentile(_wander(tracks, move)[away[tracks.track]], 95) < 0.2


def _crosses(spacing: int, color: tuple[float, float, float], ground: tuple[float, float, float]) -> np.ndarray:
    """Crosses of one colour on a screen, codes 0..1."""
    sheet = np.full((240, 320, 3), ground, np.float32)
    for y in range(10, 240, spacing):
        for x in range(10, 320, spacing):
            sheet[y - 1 : y + 2, x - 5 : x + 6] = color
            sheet[y - 5 : y + 6, x - 1 : x + 2] = color
    return linear_from_display(cv2.GaussianBlur(sheet, (0, 0), 0.7))


def test_a_marker_is_never_taken_for_its_neighbour() -> None:
    """All crosses look alike; they are hidden and found by the place where they must be."""

    def column(index: int) -> slice:
        return slice(10 + 9 * index, 50 + 9 * index)

    def hide(index: int, frame: np.ndarray) -> None:
        frame[:, column(index)] = 0.2

    def actor(index: int, _: np.ndarray) -> np.ndarray:
        matte = np.zeros(HW, np.float32)
        matte[:, column(index)] = 1
        return matte

    move = _slide(1.7)
    tracks = track_features(_clip(_crosses(22, (0.1, 0.35, 0.15), (0.2, 0.7, 0.3)), move, 16, hide), actor)
    assert (_gaps(tracks) >= 3).sum() > 5
    assert _wander(tracks, move).max() < 2


def test_markers_of_the_screens_own_brightness() -> None:
    """Orange on green with the same luma: a grey of luma sees nothing, the chosen mix sees them all."""
    sheet = _crosses(22, (0.9315, 0.46, 0.30), (0.2, 0.8283, 0.30))
    move = _slide(0.8, 0.3)
    clip = _clip(sheet, move, 10)
    free = np.ones(HW, np.uint8)
    luma = LUMA(clip.frame(0))
    assert int(luma.max()) - int(luma.min()) < 12
    mix = best_grey([(clip.frame(i), free) for i in (0, 5, 9)])
    assert mix != LUMA
    tracks = track_features(clip, _nobody)
    assert tracks.per_frame().min() > 40
    assert np.percentile(_wander(tracks, move), 95) < 0.25


@pytest.mark.parametrize("seed", [0, 1])
def test_luma_is_kept_where_it_shows_the_features(seed: int) -> None:
    free = np.ones(HW, np.uint8)
    grey = texture((*HW,), seed).mean(2, keepdims=True).repeat(3, 2)
    assert best_grey([(grey, free), (_crosses(22, (0.1, 0.3, 0.1), (0.2, 0.7, 0.3))[:120, :200], free)]) == LUMA
    assert best_grey([(grey, np.zeros(HW, np.uint8))]) == LUMA


@pytest.mark.parametrize(("growth", "turn"), [(1.9, 0.0), (0.55, 0.0), (1.2, 0.6)])
def test_a_feature_that_grows_or_turns_does_not_drift(growth: float, turn: float) -> None:
    num = 20

    def move(index: int) -> np.ndarray:
        t = index / (num - 1)
        size, angle = (1.0 if growth > 1 else 1.8) * growth**t, turn * t
        linear = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.column_stack([linear, MIDDLE - linear @ np.array([160, 120])])

    tracks = track_features(_clip(texture((240, 320), 5, 1.3), move, num), _nobody)
    length = np.bincount(tracks.track)
    assert (length > 0.7 * num).sum() > 25
    error = _wander(tracks, move)
    assert np.percentile(error[length[tracks.track] > 0.7 * num], 90) < 0.3


def test_a_blurred_moment_is_lived_through() -> None:
    """The camera is bumped: three frames in the middle are blurred by nine pixels."""

    def blur(index: int, frame: np.ndarray) -> None:
        if 5 <= index <= 7:
            frame[:] = cv2.blur(frame, (9, 1))

    move = _slide(1.1, -0.4)
    tracks = track_features(_clip(texture((240, 320), 6), move, 14, blur), _nobody)
    before, after = tracks.track[tracks.frame == 4], tracks.track[tracks.frame == 9]
    both = np.intersect1d(before, after)
    assert len(both) > 0.6 * len(before)
    assert np.percentile(_wander(tracks, move)[np.isin(tracks.track, both) & (tracks.frame == 9)], 90) < 0.3


def test_a_moving_thing_does_not_bend_the_camera() -> None:
    """A pan over a far background, and a car that drives by and is in no matte."""
    num, focal = 10, 190.0
    far, car = texture((240, 520), 8), texture((48, 70), 9)
    poses = [cv2.Rodrigues(np.array([0.004 * i, 0.025 * i, 0.002 * i]))[0] for i in range(num)]
    cameras = [Camera.from_focal(hw=HW, focal_px=focal, world_from_camera=rigid(r, np.zeros(3))) for r in poses]
    sheet_px = np.array([[focal, 0, 200], [0, focal, 120], [0, 0, 1]])
    frames = []
    for index, view in enumerate(cameras):
        to = view.px_from_cam @ view.camera_from_world[:3, :3] @ np.linalg.inv(sheet_px)
        frame = cv2.warpPerspective(far, to, HW[::-1], flags=cv2.INTER_CUBIC)
        x = 5 + 13 * index
        frame[60:108, x : x + 70] = car[:, : HW[1] - x]
        frames.append(np.maximum(frame, 0))
    found = find_camera(ArrayClip(np.stack(frames)), _nobody, (), focal_px=focal)
    assert found.source == "plate"
    assert rotation_errors_deg(found.path, CameraPath(tuple(cameras))).max() < 0.1
    assert found.tracks is not None
    assert found.tracks.hw == HW


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 2.0), st.floats(-1.0, 1.0), st.floats(-40, 40), st.floats(-40, 40), st.integers(0, 10_000))
def test_a_similarity_of_neighbours_is_exact(growth: float, turn: float, x: float, y: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    then, at = rng.uniform(0, 200, (30, 2)), rng.uniform(0, 200, (6, 2))
    linear = growth * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    place, found, misfit = local_similarity(then, then @ linear.T + [x, y], at)
    assert np.allclose(place, at @ linear.T + [x, y], atol=1e-6)
    assert np.allclose(found, linear[None], atol=1e-8)
    assert misfit.max() < 1e-6


def test_one_neighbour_that_strays_moves_nothing() -> None:
    rng = np.random.default_rng(1)
    then = rng.uniform(0, 100, (9, 2))
    now = then + np.array([5, 3])
    now[4] += [30, -20]
    place, _, misfit = local_similarity(then, now, np.array([[50.0, 50.0]]))
    assert np.linalg.norm(place - [55, 53]) < 0.5
    assert misfit[0] < 5


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.6, 30.0), (1.4, -20.0)])
def test_alignment_is_exact_under_other_light(gain: float, offset: float) -> None:
    first = np.clip(display_from_linear(texture((80, 80), 2, 2.0)) * 120 + 60, 0, 255)[..., 0]
    at = np.array([[40.3, 38.6], [22.0, 50.5], [55.2, 25.9]])
    shift = np.array([1.37, -0.82])
    moved = cv2.warpAffine(first, np.column_stack([np.eye(2), shift]), (80, 80), flags=cv2.INTER_LANCZOS4)
    grey, other = (np.clip(p, 0, 255).round().astype(np.uint8) for p in (first, gain * moved + offset))
    same = np.repeat(np.eye(2)[None], 3, 0)
    place, score = register(other, cut_patches(grey, at), at - np.floor(at), same, at)
    assert np.abs(place - at - shift).max() < 0.09  # 8 bits of little contrast
    assert score.min() > 0.97
    hidden = other.copy()
    hidden[:, 41:] = 128
    place, score = register(hidden, cut_patches(grey, at[:1]), (at - np.floor(at))[:1], same[:1], at[:1] + shift)
    assert score[0] < 0.9


def test_a_window_that_leaves_the_picture_is_not_seen() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (60, 60)).astype(np.uint8)
    at = np.array([[30.0, 30.0]])
    patch, part, same = cut_patches(grey, at), np.zeros((1, 2)), np.eye(2)[None]
    assert register(grey, patch, part, same, np.array([[-3.0, 30.0]]))[1][0] == -1
    assert register(grey, patch, part, same, at)[1][0] > 0.99


def test_noise_is_measured() -> None:
    rng = np.random.default_rng(5)
    slope = np.linspace(40, 160, 300)[None].repeat(200, 0)
    grey = np.clip(slope + rng.normal(0, 3.0, (200, 300)), 0, 255).round().astype(np.uint8)
    assert noise_of(grey) == pytest.approx(3.0, rel=0.15)


def test_what_is_remembered_of_the_lost_is_bounded() -> None:
    grey = np.zeros((50, 50), np.uint8)
    many = Features.born_at(grey, np.full((3 * MAX_LOST, 2), 25.0), 0, 0)
    kept = most_followed(many)
    assert len(kept) == MAX_LOST
    assert len(most_followed(kept)) == MAX_LOST


@pytest.mark.parametrize("num", [1, 2, 3])
def test_short_and_black_plates(num: int) -> None:
    black = ArrayClip(np.zeros((num, *HW, 3), np.float32))
    assert track_features(black, _nobody).num_tracks == 0
    covered = track_features(_clip(texture((240, 320), 1), _slide(1), num), lambda *_: np.ones(HW, np.float32))
    assert covered.num_tracks == 0
    shown = track_features(ArrayClip(linear_from_code8(np.full((num, *HW, 3), 128, np.uint8))), _nobody)
    assert shown.num_tracks == 0
