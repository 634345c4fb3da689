"""Parts of the screen key: hair, markers beside the actor, clean plates from the crew, two screens, the spill layer."""

import cv2
import numpy as np
import pytest
from test_matting_screen_key import GREEN, make_scene

from cyclorama.core.clip import ArrayClip
from cyclorama.matting import CleanPlate, ScreenKey, analyse_screen
from cyclorama.matting.hair import solve_hair


def hair_scene(seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A dark head with strands thinner than a pixel before a green screen: plate h w 3, alpha h w."""
    rng = np.random.default_rng(seed)
    big = np.zeros((180 * 4, 320 * 4), np.uint8)
    cv2.circle(big, (640, 400), 140, 255, -1)
    for turn in rng.uniform(0, 2 * np.pi, 500):
        bend, reach = turn + rng.normal(0, 0.15), rng.uniform(150, 260)
        start = (int(640 + 120 * np.cos(turn)), int(400 + 120 * np.sin(turn)))
        end = (int(640 + reach * np.cos(bend)), int(400 + reach * np.sin(bend)))
        cv2.line(big, start, end, 255, 2, cv2.LINE_AA)
    alpha = cv2.resize(big.astype(np.float32) / 255, (320, 180), interpolation=cv2.INTER_AREA)
    plate = alpha[..., None] * np.array((0.03, 0.02, 0.015), np.float32)
    plate = plate + (1 - alpha[..., None]) * np.array(GREEN, np.float32)
    return plate.astype(np.float32), alpha


def chroma_halved(plate: np.ndarray, noise: float) -> np.ndarray:
    """As 4:2:0 and noise leave it."""
    luma = plate @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    rest = plate - luma[..., None]
    small = cv2.resize(rest, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    rest = cv2.resize(small, rest.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    grain = np.random.default_rng(0).normal(0, noise, plate.shape)
    return (luma[..., None] + rest + grain).astype(np.float32)


@pytest.mark.parametrize("seed", [5, 8])
def test_luma_draws_the_strands_that_chroma_blurs(seed: int) -> None:
    plate, truth = hair_scene(seed)
    shot = chroma_halved(plate, 0.004)
    by_chroma = chroma_halved(np.repeat(truth[..., None], 3, 2) * np.float32([1, 0, 0]), 0.0)[..., 0]
    first = np.clip(by_chroma, 0, 1).astype(np.float32)
    first[cv2.dilate((truth > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) == 0] = 0
    first[cv2.erode((truth >= 1).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = 1
    solved = solve_hair(shot, first, 1)
    before, after = np.square(first - truth).mean(), np.square(solved - truth).mean()
    assert after < 0.9 * before


def test_a_sharp_edge_is_left_as_it_is() -> None:
    y, x = np.mgrid[:180, :320]
    alpha = np.clip(60.5 - np.hypot(x - 160, y - 90), 0, 1).astype(np.float32)
    plate = alpha[..., None] * 0.2 + (1 - alpha[..., None]) * np.array(GREEN, np.float32)
    assert solve_hair(plate.astype(np.float32), alpha, 1) is alpha


@pytest.mark.parametrize("gap", [-3, 0, 2])
def test_a_marker_beside_the_actor_is_screen(gap: int) -> None:
    """One cross stands ``gap`` pixels from the disc's edge, or is half hidden by it."""
    scene = make_scene(num_frames=2)
    frames = scene.clip.frames.copy()
    y, x = np.mgrid[:180, :320]
    cx, cy = 165 - 45 - gap - 5, 95
    cross = (abs(y - cy) < 1.6) & (abs(x - cx) < 5) | (abs(x - cx) < 1.6) & (abs(y - cy) < 5)
    dark = cv2.GaussianBlur(cross.astype(np.float32), (0, 0), 0.7) * (1 - scene.alpha[0])
    frames = frames * (1 - dark[..., None]) + dark[..., None] * np.array((0.01, 0.02, 0.01), np.float32)
    clip = ArrayClip(frames.astype(np.float32))
    key = ScreenKey(analyse_screen(clip))
    assert key.model.marker is not None
    error = key.foreground(0, clip.frame(0)).alpha - scene.alpha[0]
    away = cross & (scene.alpha[0] == 0) & (np.hypot(x - 165, y - 95) > 48)
    assert error[away].max(initial=0.0) < 0.1
    assert error[scene.alpha[0] >= 1].min() > -0.1


def wrinkled(with_actor: bool) -> tuple[np.ndarray, np.ndarray]:
    """A screen with deep folds that run up to the actor, and the disc's alpha."""
    scene = make_scene(markers=False, num_frames=1, noise=0.0, with_actor=with_actor)
    y, x = np.mgrid[:180, :320].astype(np.float32)
    folds = 1 - 0.75 * np.clip(np.sin(x / 20 + y / 40), 0, 1) ** 2
    shade = folds[..., None] * (1 - scene.alpha[0][..., None]) + scene.alpha[0][..., None]
    return (scene.clip.frames * shade[None]).astype(np.float32), scene.alpha[0]


@pytest.mark.parametrize("exposure", [1.0, 0.8])
def test_a_clean_plate_takes_wrinkles_off(exposure: float) -> None:
    plate, truth = wrinkled(with_actor=True)
    empty, _ = wrinkled(with_actor=False)
    clip, clean = ArrayClip(plate), CleanPlate(ArrayClip(empty * np.float32(exposure)))
    bare = ScreenKey(analyse_screen(clip)).foreground(0, plate[0]).alpha
    with_clean = ScreenKey(analyse_screen(clip, clean=clean), clean=clean).foreground(0, plate[0]).alpha
    before, after = np.square(bare - truth).mean(), np.square(with_clean - truth).mean()
    assert after < 3e-4
    assert after < 0.6 * before


def test_a_clean_plate_serves_a_proxy_too() -> None:
    plate, truth = wrinkled(with_actor=True)
    empty, _ = wrinkled(with_actor=False)
    clean = CleanPlate(ArrayClip(empty))
    key = ScreenKey(analyse_screen(ArrayClip(plate), clean=clean), clean=clean)
    small = ArrayClip(plate).proxy(160).frame(0)
    alpha = key.foreground(0, small).alpha
    wanted = cv2.resize(truth, (160, 90), interpolation=cv2.INTER_AREA)
    assert np.square(alpha - wanted).mean() < 2e-3


def test_two_screens_are_told() -> None:
    plate = np.tile(np.array(GREEN, np.float32), (180, 320, 1))
    plate[:, 220:] = (0.04, 0.07, 0.40)
    plate[60:140, 80:140] = 0.2
    model = analyse_screen(ArrayClip(plate[None]))
    assert model.screen == "green"
    assert any("Two screens" in note and "--screen" in note for note in model.notes)


def test_colour_and_spill_are_the_plate_in_the_core() -> None:
    scene = make_scene(actor=(0.2, 0.24, 0.18), noise=0.0)
    key = ScreenKey(analyse_screen(scene.clip), with_spill=True)
    plate = scene.clip.frame(0)
    found = key.foreground(0, plate)
    deep = cv2.erode((scene.alpha[0] >= 1).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert found.spill is not None
    np.testing.assert_allclose((found.color + found.spill)[deep], plate[deep], atol=1e-6)
    assert found.spill[deep][:, 1].mean() > 0.01
    assert not found.spill[found.alpha == 0].any()
