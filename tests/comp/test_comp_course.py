"""The course of a moving place's light, against courses that made-up clips were lit with."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from cyclorama.comp import cells_hw, clip_course, settled
from cyclorama.comp.light_course import COURSE_LONG_SIDE
from cyclorama.core.lighting import LUMINANCE

HW, FRAMES = (72, COURSE_LONG_SIDE), 48
READ_AT = [0, 24, 47]
RNG = np.random.default_rng(3)
T = np.arange(FRAMES)
NEON = np.where((T // 5) % 2, 1.0, 0.0)[:, None] * [1.2, -0.2, 0.4]
CLOUD = -1.5 / (1 + np.exp(-(T - 20) / 3))[:, None] * [1, 1, 0.9]
STILL = np.zeros((FRAMES, 3))


def street() -> np.ndarray:
    """A place wider than the picture: paint of every size, some of it dark, a lamp. h w 3 linear."""
    hw = HW[0], HW[1] + 60
    coarse = (cv2.resize(RNG.random((hw[0] // s + 1, hw[1] // s + 1, 3)), hw[::-1]) for s in (4, 9, 24))
    place = 0.45 * (sum(coarse) / 3) ** 2 + 0.01
    place[10:14, 30:36] = 4.0
    return np.asarray(place, np.float32)


PLACE = street()


def clip(course: np.ndarray, px_a_frame: float = 0.0) -> list[np.ndarray]:
    """The place under a course of light, with a sensor's noise, as 8-bit video clips it."""
    shown = []
    for index, stops in enumerate(course):
        shift = np.float32([[1, 0, -px_a_frame * index], [0, 1, 0]])
        seen = cv2.warpAffine(PLACE, shift, HW[::-1], flags=cv2.INTER_LINEAR) * 2.0**stops
        seen = seen + 0.004 * RNG.standard_normal(seen.shape)
        shown.append(np.clip(seen, 0, 1).astype(np.float32))
    return shown


def with_a_bus(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """A dark bus with bright windows, a third of the picture wide, passes in the middle of the clip."""
    h, w = HW
    bus = np.full((h - 12, w // 3, 3), [0.3, 0.02, 0.02], np.float32)
    bus[8:24:3, 4::6] = 0.8
    passed = []
    for index, picture in enumerate(pictures):
        left = round((index - 10) / 28 * (w + w // 3)) - w // 3
        first, last = max(0, left), min(w, left + w // 3)
        seen = picture.copy()
        if first < last:
            seen[12:, first:last] = bus[:, first - left : last - left]
        passed.append(seen)
    return passed


def evenly(_: int) -> np.ndarray:
    return np.ones(cells_hw(HW))


def beside_the_middle(_: int) -> np.ndarray:
    rows, columns = cells_hw(HW)
    return np.ones((rows, 1)) / (1 + ((np.arange(columns) - columns / 2) / columns / 0.2) ** 2)


def found(pictures: list[np.ndarray], *, moves: bool, near: Callable[[int], np.ndarray] = evenly) -> np.ndarray:
    return settled(clip_course(pictures, near, moves=moves), READ_AT, moves=moves)


def apart(course: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Stops between them: of the level about that of the frames that were read, of the colour about any."""
    level, colour = (course - truth) @ LUMINANCE, course - truth - ((course - truth) @ LUMINANCE)[:, None]
    return np.asarray(np.abs((level - (-truth[READ_AT] @ LUMINANCE).mean())[:, None] + colour - colour.mean(0)))


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("course", [NEON, CLOUD], ids=["neon", "cloud"])
def test_the_light_of_a_place_before_a_still_camera_is_followed(course: np.ndarray, moves: bool) -> None:
    assert apart(found(clip(course), moves=moves), course).max() < 0.08


def test_neon_is_followed_by_a_camera_that_moves() -> None:
    off = apart(found(clip(NEON, px_a_frame=1.2), moves=True), NEON)
    assert off.max() < 0.3
    assert np.sqrt((off**2).mean()) < 0.1


def test_the_neutral_frames_keep_the_colour_that_was_read() -> None:
    """A grey place, and red neon that flashes: the light was read from both, its colour from what is grey."""
    grey = [np.repeat(p.mean(2, keepdims=True), 3, 2) for p in clip(STILL)]
    red = np.where((T // 5) % 2, 1.0, 0.0)[:, None] * [1.4, -0.3, 0.0]
    course = found([np.clip(p * 2.0**c, 0, 1).astype(np.float32) for p, c in zip(grey, red)], moves=False)
    colour = course - (course @ LUMINANCE)[:, None]
    assert np.abs(colour[(T // 5) % 2 == 0]).max() < 0.1
    assert colour[(T // 5) % 2 == 1, 0].min() > 1.0


@pytest.mark.parametrize("near", [evenly, beside_the_middle])
@pytest.mark.parametrize(("moves", "speed"), [(False, 0.0), (True, 0.0), (True, 1.2)])
def test_a_place_that_does_not_change_has_no_course(moves: bool, speed: float, near: object) -> None:
    for pictures in (clip(STILL, speed), with_a_bus(clip(STILL, speed))):
        assert found(pictures, moves=moves, near=near).shape == (0, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("near", [evenly, beside_the_middle])
def test_a_bus_that_passes_leaves_the_course_as_it_is(near: Callable[[int], np.ndarray]) -> None:
    alone, crossed = (found(p, moves=False, near=near) for p in (clip(CLOUD), with_a_bus(clip(CLOUD))))
    assert np.abs(crossed - alone).max() < 0.12
    assert np.abs(crossed - alone).mean() < 0.05


def test_what_stood_there_at_first_is_learned() -> None:
    """A van hides a third of the picture for six frames, then drives off; the light changes after that."""
    late = np.where(T > 36, -1.0, 0.0)[:, None] * np.ones(3)
    pictures = clip(late)
    for picture in pictures[:6]:
        picture[:, :40] = 0.02
    assert apart(found(pictures, moves=False), late).max() < 0.15


def test_light_near_the_actor_counts() -> None:
    """A lamp flickers on the right half of the place: who stands there takes it, who stands on the left does not."""
    pictures, flicker = clip(STILL), np.where((T // 4) % 2, -1.0, 0.0)
    for picture, stops in zip(pictures, flicker):
        picture[:, HW[1] // 2 - 6 :] *= np.float32(2.0**stops)
    rows, columns = cells_hw(HW)
    beside = np.where(np.arange(columns) > columns // 2, 1.0, 0.05) * np.ones((rows, 1))
    right = found(pictures, moves=False, near=lambda _: beside)
    assert apart(right, flicker[:, None] * np.ones(3)).max() < 0.25
    assert len(found(pictures, moves=False, near=lambda _: beside[:, ::-1])) == 0


@pytest.mark.parametrize("moves", [False, True])
def test_what_shows_nothing_has_no_course(moves: bool) -> None:
    black = [np.zeros((*HW, 3), np.float32)] * 5
    lamps = [np.full((*HW, 3), 1.0, np.float32)] * 5
    chaos = list(RNG.random((12, *HW, 3)).astype(np.float32) ** 8)
    for pictures in (black, lamps, chaos):
        changes = clip_course(pictures, evenly, moves=moves)
        assert np.isfinite(changes.stops).all()
        assert settled(changes, [0, 2, 4], moves=moves).shape == (0, 3)
