"""The screen key on made-up footage whose alpha is known."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.clip import ArrayClip
from cyclorama.core.errors import InputError
from cyclorama.keying import bars_of
from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.frame import read_frame
from cyclorama.matting.key import ScreenKey
from cyclorama.matting.screen import Bars

GREEN, BLUE, TEAL = (0.05, 0.45, 0.07), (0.04, 0.07, 0.40), (0.03, 0.25, 0.16)
GREY = (0.18, 0.18, 0.18)


@dataclass(frozen=True)
class Scene:
    clip: ArrayClip
    alpha: np.ndarray
    """t h w"""
    marks: np.ndarray
    """t h w bool, where a marker shows."""


def make_scene(
    screen=GREEN, actor=GREY, hw=(180, 320), num_frames=4, markers=True, noise=0.004, with_actor=True
) -> Scene:
    h, w = hw
    scale = h / 180
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / scale
    rng = np.random.default_rng(7)
    frames, alphas, marks = [], [], []
    for t in range(num_frames):
        light = 0.75 + 0.3 * x / 320 + 0.1 * y / 180
        plate = light[..., None] * np.array(screen, np.float32)
        mark = np.zeros(hw, bool)
        for cy in (25, 65, 155) if markers else ():
            for cx in (30 + 2 * t, 90 + 2 * t, 260 + 2 * t):
                arm = (abs(y - cy) < 1.6) & (abs(x - cx) < 5) | (abs(x - cx) < 1.6) & (abs(y - cy) < 5)
                mark |= arm
        dark = cv2.GaussianBlur(mark.astype(np.float32), (0, 0), 0.7 * scale)[..., None]
        plate = plate * (1 - dark) + dark * np.array((0.01, 0.02, 0.01), np.float32)
        alpha = np.clip((42 - np.hypot(x - 165, y - 95)) / 6 + 0.5, 0, 1).astype(np.float32) * with_actor
        plate = alpha[..., None] * np.array(actor, np.float32) + (1 - alpha[..., None]) * plate
        frames.append(plate + rng.normal(0, noise, plate.shape))
        alphas.append(alpha)
        marks.append(cv2.dilate(mark.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    return Scene(ArrayClip(np.stack(frames).astype(np.float32)), np.stack(alphas), np.stack(marks))


def keyed(scene: Scene):
    key = ScreenKey(analyse_screen(scene.clip))
    return key.model, [key.foreground(i, scene.clip.frame(i)) for i in range(scene.clip.num_frames)]


@pytest.fixture(scope="module")
def green():
    scene = make_scene()
    return scene, *keyed(scene)


@pytest.mark.parametrize("screen", [GREEN, BLUE, TEAL])
def test_alpha_of_a_soft_disc(screen):
    scene = make_scene(screen)
    model, results = keyed(scene)
    assert model.screen == ("blue" if screen == BLUE else "green")
    for result, truth in zip(results, scene.alpha):
        assert np.square(result.alpha - truth).mean() < 5e-4
        assert np.abs(result.alpha - truth).max() < 0.25


def test_markers_leave_nothing(green):
    scene, model, results = green
    assert model.marker is not None
    for result, marks, truth in zip(results, scene.marks, scene.alpha):
        assert result.alpha[marks & (truth == 0)].max() == 0.0


def test_exactly_zero_on_clean_screen_and_one_in_the_core(green):
    scene, _, results = green
    for result, truth in zip(results, scene.alpha):
        far = cv2.dilate((truth > 0).astype(np.uint8), np.ones((17, 17), np.uint8)) == 0
        deep = cv2.erode((truth >= 1).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert result.alpha[far].max() == 0.0
        assert not result.color[far].any()
        assert result.alpha[deep].min() == 1.0


def test_a_screen_that_a_program_filled_in_is_flat():
    frames = make_scene(noise=0.0, markers=False).clip.frames.copy()
    behind = (frames[..., 1] > 1.5 * frames[..., 0])[..., None]
    flat = np.where(behind, np.array(GREEN, np.float32), frames)
    assert analyse_screen(ArrayClip(flat)).is_flat
    assert not analyse_screen(make_scene().clip).is_flat


@pytest.mark.parametrize("screen", [GREEN, BLUE])
def test_a_grey_actor_stays_grey(screen):
    scene = make_scene(screen, noise=0.0, markers=False)
    _, results = keyed(scene)
    for result in results:
        own = result.alpha > 0.1
        straight = result.color[own] / result.alpha[own][:, None]
        assert np.abs(straight - straight.mean(1, keepdims=True)).max() < 0.03
        deep = result.alpha == 1.0
        np.testing.assert_allclose(np.median(result.color[deep], axis=0), GREY, atol=1e-4)


@pytest.mark.parametrize(("screen", "channel"), [(GREEN, 1), (BLUE, 2)])
def test_spill_is_taken_off(screen, channel):
    spilled = tuple(g + 0.1 * s for g, s in zip(GREY, screen))
    scene = make_scene(screen, actor=spilled, markers=False)
    _, results = keyed(scene)
    for result in results:
        deep = result.alpha == 1.0
        color = np.median(result.color[deep], axis=0)
        assert color[channel] <= np.delete(color, channel).max() + 1e-3
        assert np.square(result.alpha - scene.alpha[0]).mean() < 1e-3


def test_green_inside_the_actor_is_kept():
    scene = make_scene(markers=False)
    frames = scene.clip.frames.copy()
    frames[:, 85:97, 155:170] = 0.5 * np.array(GREEN, np.float32) + 0.05
    _, results = keyed(Scene(ArrayClip(frames), scene.alpha, scene.marks))
    assert min(r.alpha[85:97, 155:170].min() for r in results) == 1.0


def test_a_screen_seen_through_the_actor_stays_open():
    scene = make_scene(markers=False)
    frames = scene.clip.frames.copy()
    frames[:, 80:100, 155:175] = np.array(GREEN, np.float32) * 0.95
    _, results = keyed(Scene(ArrayClip(frames), scene.alpha, scene.marks))
    assert max(r.alpha[85:95, 160:170].max() for r in results) == 0.0


def test_any_resolution_gives_the_same_matte(green):
    scene, model, results = green
    small = ArrayClip(
        np.stack([cv2.resize(f, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for f in scene.clip.frames])
    )
    large = make_scene(hw=(720, 1280), num_frames=1)
    for clip, factor in ((small, 0.5), (large.clip, 4.0)):
        got = ScreenKey(model).foreground(0, clip.frame(0)).alpha
        wanted = cv2.resize(results[0].alpha, got.shape[::-1], interpolation=cv2.INTER_AREA if factor < 1 else 1)
        assert np.square(got - wanted).mean() < 1.5e-3


def test_a_still_actor_does_not_flicker():
    scene = make_scene(num_frames=8)
    _, results = keyed(scene)
    assert np.std([r.alpha for r in results], axis=0).mean() < 0.003
    assert np.std([r.alpha for r in results], axis=0)[scene.alpha[0] == 1.0].max() < 0.05


def test_footage_without_a_screen_is_refused():
    rng = np.random.default_rng(3)
    noise = rng.uniform(0.05, 0.6, (3, 90, 160, 3)).astype(np.float32)
    grey = np.full((3, 90, 160, 3), 0.3, np.float32)
    for frames in (noise, grey):
        with pytest.raises(InputError, match=r"no green or blue screen was found.*--matte"):
            analyse_screen(ArrayClip(frames))


def test_a_given_colour_is_taken_and_a_wrong_one_refused():
    scene = make_scene(num_frames=2)
    assert analyse_screen(scene.clip, screen_rgb=(0.06, 0.5, 0.06)).screen == "green"
    with pytest.raises(InputError, match="--screen"):
        analyse_screen(scene.clip, screen_rgb=(0.5, 0.4, 0.3))
    with pytest.raises(InputError, match="no screen of the colour"):
        analyse_screen(scene.clip, screen_rgb=BLUE)


def test_an_empty_screen_gives_no_actor_and_says_so():
    scene = make_scene(with_actor=False)
    model, results = keyed(scene)
    assert any("No actor" in note for note in model.notes)
    assert max(r.alpha.max() for r in results) == 0.0


def test_black_bars_are_cut_with_a_note():
    scene = make_scene(markers=False)
    frames = scene.clip.frames.copy()
    frames[:, :, :30] = frames[:, :, -30:] = 0.0
    model, results = keyed(Scene(ArrayClip(frames), scene.alpha, scene.marks))
    assert any("borders" in note for note in model.notes)
    for result in results:
        assert result.alpha[:, :32].max() == 0.0
        assert result.alpha[:, -32:].max() == 0.0
        assert np.square(result.alpha - scene.alpha[0]).mean() < 1e-3
    framed = bars_of(ScreenKey(model)).laid(np.ones_like(frames[0]))
    assert (framed[:, :30].max(), framed[:, -30:].max(), framed[:, 34:-34].min()) == (0, 0, 1)
    assert Bars().laid(framed) is framed


def test_what_lies_outside_a_small_screen_is_cut_with_a_note():
    scene = make_scene(markers=False)
    frames = scene.clip.frames.copy()
    frames[:, :20] = frames[:, :, :60] = np.array((0.4, 0.3, 0.2), np.float32)
    model, results = keyed(Scene(ArrayClip(frames), scene.alpha, scene.marks))
    assert model.surround
    assert any("garbage matte" in note for note in model.notes)
    assert max(max(r.alpha[:20].max(), r.alpha[:, :60].max()) for r in results) == 0.0


def test_a_plate_of_another_kind_is_refused(green):
    _, model, _ = green
    with pytest.raises(ValueError, match="plate must be h w 3 float32"):
        ScreenKey(model).foreground(0, np.zeros((4, 4, 4), np.float32))


@settings(max_examples=20, deadline=None)
@given(level=st.floats(0.05, 0.6), warmth=st.floats(0.0, 0.15))
def test_over_the_clean_plate_the_plate_comes_back(level, warmth):
    scene = make_scene(actor=(level + warmth, level, level), markers=False, noise=0.0, num_frames=1)
    model = analyse_screen(scene.clip)
    plate = scene.clip.frame(0)
    result = ScreenKey(model).foreground(0, plate)
    parts = read_frame(plate, model)
    clean = cv2.resize(parts.clean, plate.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    back = result.color + (1 - result.alpha[..., None]) * clean
    partial = (result.alpha > 0.05) & (result.alpha < 0.95)
    assert np.abs(back - plate)[partial].mean() < 0.03
