"""Features followed through made-up clips whose motion is known."""

import cv2
import numpy as np
import pytest
from matchmove_world import texture

from cyclorama.core.clip import ArrayClip
from cyclorama.core.display import linear_from_code8
from cyclorama.matchmove import find_camera
from cyclorama.matchmove.tracks import Tracks, track_features

HW, NUM_FRAMES = (120, 200), 9
STEP = np.array([1.37, -0.58])
"""What the picture moves by from frame to frame, px right and down."""


def _actor_box(index: int) -> tuple[slice, slice]:
    return slice(30, 100), slice(60 + 4 * index, 100 + 4 * index)


@pytest.fixture(scope="module")
def followed() -> tuple[Tracks, np.ndarray]:
    """A big texture that slides behind a box of other texture, which the matte covers; and the mattes."""
    sheet, cloth = texture((200, 280), 1), texture((70, 40), 2)
    frames, mattes = [], []
    for index in range(NUM_FRAMES):
        shift = np.array([[1, 0, -40 + STEP[0] * index], [0, 1, -40 + STEP[1] * index]])
        frame = cv2.warpAffine(sheet, shift, HW[::-1], flags=cv2.INTER_LANCZOS4)
        frame[_actor_box(index)] = cloth
        frames.append(np.maximum(frame, 0))
        matte = np.zeros(HW, np.float32)
        matte[_actor_box(index)] = 1
        mattes.append(matte)
    noise = np.random.default_rng(3).normal(0, 0.003, (NUM_FRAMES, *HW, 3))
    clip = ArrayClip((np.stack(frames) + noise).astype(np.float32))
    return track_features(clip, lambda index, _: mattes[index]), np.stack(mattes)


def test_tracks_follow_the_picture(followed: tuple[Tracks, np.ndarray]) -> None:
    tracks, _ = followed
    assert tracks.hw == HW
    assert tracks.num_frames == NUM_FRAMES
    assert tracks.per_frame().min() > 60
    assert np.bincount(tracks.track).min() >= 3
    assert np.bincount(tracks.track).max() == NUM_FRAMES
    error, away = _errors(followed)
    assert np.median(error) < 0.06
    assert np.percentile(error[away > 16], 95) < 0.15
    assert (error > 1).mean() < 0.05


def _errors(followed: tuple[Tracks, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """How far every observation is from its track's place on the sheet, and how far from the actor, in pixels."""
    tracks, mattes = followed
    still = tracks.px - STEP * tracks.frame[:, None]
    place = np.stack([np.median(still[tracks.track == t], axis=0) for t in range(tracks.num_tracks)])
    away = np.stack([cv2.distanceTransform((1 - m).astype(np.uint8), cv2.DIST_L2, 5) for m in mattes])
    x, y = np.floor(tracks.px).astype(int).T
    return np.linalg.norm(still - place[tracks.track], axis=1), away[tracks.frame, y, x]


def test_the_actor_does_not_drag_what_is_beside_it(followed: tuple[Tracks, np.ndarray]) -> None:
    error, away = _errors(followed)
    assert np.percentile(error[away < 12], 90) < 0.3


def test_no_track_lies_in_the_matte(followed: tuple[Tracks, np.ndarray]) -> None:
    tracks, mattes = followed
    x, y = np.floor(tracks.px).astype(int).T
    assert not mattes[tracks.frame, y, x].any()


def test_positions_are_pixel_centres_at_one_half() -> None:
    """A square whose corner is where pixel borders meet, at (50, 40): OpenCV's own count would say (49.5, 39.5)."""
    frame = np.full((*HW, 3), 0.1, np.float32)
    frame[40:80, 50:90] = 0.7
    tracks = track_features(ArrayClip(np.repeat(frame[None], 4, 0)), lambda *_: np.zeros(HW, np.float32))
    nearest = np.linalg.norm(tracks.px - np.array([50.0, 40.0]), axis=1).min()
    assert nearest < 0.15


@pytest.mark.parametrize("sigma_code", [1.0, 2.5])
def test_a_blank_noisy_screen_has_no_features(sigma_code: float) -> None:
    rng = np.random.default_rng(4)
    shade = np.linspace(0.9, 1.1, HW[1])[None, :, None] * np.array([40.0, 170.0, 60.0])
    codes = shade + sigma_code * rng.standard_normal((8, *HW, 3))
    clip = ArrayClip(linear_from_code8(np.clip(codes, 0, 255).round().astype(np.uint8)))
    nothing = np.zeros(HW, np.float32)
    tracks = track_features(clip, lambda *_: nothing)
    assert tracks.num_tracks < 8
    found = find_camera(clip, lambda *_: nothing, ())
    assert found.source == "none"
    assert found.path.is_locked_off
    assert "markers" in found.notes[0]
    assert "--camera" in found.notes[0]
