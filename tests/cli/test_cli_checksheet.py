"""Check sheets show what is there: known mattes, known shares, known places."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.checksheet import (
    CheckSheets,
    checker,
    complement,
    false_colour,
    find_spots,
    opposite,
    over,
    partial_share,
    spill_layer,
    stretched,
)
from cyclorama.core.display import display_from_linear, linear_from_code8
from cyclorama.core.layers import Foreground
from cyclorama.keyjob import Tally
from cyclorama.matting import ScreenKey, analyse_screen
from cyclorama.report import sheet_frames
from cyclorama.synthetic import ShotSpec, make_shot
from cyclorama.tiles import captioned, fitted, tile_hw

HW = (90, 160)


def half_covered() -> np.ndarray:
    """Clear, opaque, and a tenth of the picture at one half."""
    alpha = np.zeros(HW, np.float32)
    alpha[:, 80:] = 1
    alpha[:, 64:80] = 0.5
    return alpha


def test_shares_of_a_known_matte() -> None:
    alpha = half_covered()
    assert partial_share(alpha) == pytest.approx(0.1)
    tally = Tally()
    tally.add(0, alpha)
    assert (tally.covered, tally.partial) == ([pytest.approx(0.55)], [pytest.approx(0.1)])
    noise = np.full(HW, 0.001, np.float32)  # less than half a code of 8 bits: clear
    assert partial_share(noise) == partial_share(1 - noise) == 0
    tally.add(1, noise)
    assert tally.partial[1] == 0


def test_flicker_sees_jumps_and_not_an_even_growth() -> None:
    grows, jumps = Tally(), Tally()
    for index in range(6):
        for tally, width in ((grows, 40 + 4 * index), (jumps, 40 + 4 * (index % 2))):
            alpha = np.zeros(HW, np.float32)
            alpha[:, :width] = 1
            tally.add(index, alpha)
    assert grows.flicker == pytest.approx(0, abs=1e-12)
    assert jumps.flicker == pytest.approx(4 / 42)
    assert Tally().flicker is None


def test_false_colours() -> None:
    alpha = half_covered()
    alpha[0, :80] = 0.02
    picture = false_colour(alpha)
    assert (picture[10, 10] == 0).all()
    assert (picture[10, 150] == picture[10, 150, 0]).all()
    assert picture[10, 70].sum() > picture[0, 10].sum() > 0
    assert (np.ptp(picture.astype(int), axis=-1) > 0).mean() == pytest.approx(partial_share(alpha))
    line = np.zeros(HW, np.float32)
    line[:, 80] = 0.5
    assert (false_colour(line, 3).any(-1)).sum() == 3 * HW[0]


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_stretch_keeps_the_order(a: float, b: float) -> None:
    low, high = stretched(np.array([min(a, b), max(a, b)], np.float32))
    assert -1e-6 <= low <= high + 1e-6 <= 1 + 2e-6


def test_half_a_per_cent_is_seen_in_the_stretched_matte() -> None:
    clear, veil, hole, solid = np.round(255 * stretched(np.array([0, 0.005, 0.995, 1], np.float32)))
    assert (clear, solid) == (0, 255)
    assert veil > 25
    assert hole < 230


def test_complements() -> None:
    green, blue = linear_from_code8(np.array([[40, 200, 60], [20, 60, 190]], np.uint8))
    r, g, b = display_from_linear(complement(green))
    assert min(r, b) > 2 * g
    r, g, b = display_from_linear(complement(blue))
    assert r > g > b
    for background in ([0.2, 0.21, 0.22], [0.01, 0.9, 0.3]):
        distance = display_from_linear(opposite(np.array(background))) - display_from_linear(np.array(background))
        assert np.abs(distance).min() >= 0.5


def test_keyed_over_a_checker() -> None:
    board = checker((64, 64), 8)
    assert len(np.unique(board)) == 2
    assert (board[0, 0] != board[0, 8]).all()
    assert (board[0, 0] == board[8, 8]).all()
    alpha = np.zeros((64, 64), np.float32)
    alpha[:, 32:] = 1
    picture = over(Foreground(alpha[..., None] * np.array([0.9, 0.1, 0.1], np.float32), alpha), board)
    np.testing.assert_allclose(picture[:, :32], np.broadcast_to(board[:, :32], (64, 32, 3)))
    np.testing.assert_allclose(picture[5, 40], [0.9, 0.1, 0.1])


def test_edge_zooms_are_where_alpha_is_partial_and_apart() -> None:
    alpha = np.zeros((400, 600), np.float32)
    places = [(50, 60), (200, 500), (330, 120)]
    for y, x in places:
        alpha[y - 8 : y + 8, x - 8 : x + 8] = 0.5
    spots = find_spots(alpha, (80, 90), 3)
    assert len(spots) == 3
    for y, x in places:
        assert (
            sum(top <= y - 8 and y + 8 <= top + 80 and left <= x - 8 and x + 8 <= left + 90 for top, left in spots) == 1
        )
    assert not find_spots((alpha > 0).astype(np.float32), (80, 90), 3)
    assert len(find_spots(np.full((20, 20), 0.5, np.float32), (20, 20), 3)) == 1


def test_spill_is_what_the_actor_lost() -> None:
    alpha = half_covered()
    clean = np.full((*HW, 3), 0.1, np.float32)
    spill = alpha[..., None] * np.array([0, 0.05, 0], np.float32)
    color = alpha[..., None] * np.full(3, 0.4, np.float32)
    plate = color + spill + (1 - alpha[..., None]) * clean
    np.testing.assert_allclose(spill_layer(plate, Foreground(color, alpha), clean), spill, atol=1e-6)
    np.testing.assert_array_equal(spill_layer(plate, Foreground(color, alpha, spill / 2), clean), spill / 2)


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        (range(1), (0,)),
        (range(3, 5), (3, 4)),
        (range(6), (0, 1, 2, 3, 4, 5)),
        (range(10, 61), (10, 20, 30, 40, 50, 60)),
    ],
)
def test_the_frames_that_are_shown(frames: range, shown: tuple[int, ...]) -> None:
    assert sheet_frames(frames) == shown
    assert CheckSheets.names(shown)[-2:] == [f"{shown[-1]:04d}.png", "contact.png"]


@pytest.mark.parametrize("hw", [(720, 1280), (1920, 1080), (2160, 3840), (48, 64), (31, 257)])
def test_tiles_keep_the_shape(hw: tuple[int, int]) -> None:
    tall, wide = tile_hw(hw, 640 * 360)
    assert tall / wide == pytest.approx(hw[0] / hw[1], rel=0.02)
    assert 0.3 * 640 * 360 < tall * wide < 1.05 * 640 * 360
    picture = np.zeros((*hw, 3), np.float32)
    assert fitted(picture, (tall, wide)).shape == (tall, wide, 3)
    assert captioned(np.zeros((tall, wide, 3), np.uint8), "a caption " * 40).shape[1] == max(wide, 300)


def of(data: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


SHOT = make_shot(ShotSpec(seed=3, num_frames=2, hw=(120, 214), amount=0.6))


@pytest.fixture(scope="module")
def key() -> ScreenKey:
    return ScreenKey(analyse_screen(SHOT.plate))


def test_sheets_of_a_screen(key: ScreenKey) -> None:
    """The screen stands in the plate, the clean plate is all screen, and over its complement there is none of it."""
    sheets = CheckSheets("plate.mp4", (0, 1), key)
    assert [sheets.wants(i) for i in range(3)] == [True, True, False]
    for index in (0, 1):
        plate = SHOT.plate.frame(index)
        sheets.add(index, plate, key.foreground(index, plate))
    files = sheets.files()
    assert sorted(files) == ["0000.png", "0001.png", "contact.png"]
    (tall, wide), picture = tile_hw((120, 214), 640 * 360), of(files["0000.png"])
    assert picture.shape[0] > 4 * tall
    assert picture.shape[1] > 3 * wide
    plate, clean = (picture[y : y + tall, 6 : 6 + wide] for y in (28 + 22, 28 + 22 + 2 * (tall + 22 + 6)))
    assert green(clean) > 0.97
    assert 0.3 < green(plate) < green(clean) - 0.01
    strips = sheets.strips()
    assert list(strips) == ["plate", "matte", "over checker", "over complement", "uncertain"]
    assert len({s.shape for s in strips.values()}) == 1
    assert green(strips["plate"]) > 0.3
    assert green(strips["over complement"]) < 0.02


def test_sheets_of_a_given_matte_and_an_upright_plate(key: ScreenKey) -> None:
    sheets = CheckSheets("plate", (0,), None)
    plate = SHOT.plate.frame(0)
    keyed = key.foreground(0, plate)
    turned = Foreground(keyed.color.swapaxes(0, 1).copy(), keyed.alpha.T.copy())
    sheets.add(0, plate.swapaxes(0, 1).copy(), turned)
    picture, (tall, wide) = of(sheets.files()["0000.png"]), tile_hw((214, 120), 640 * 360)
    assert wide < tall
    assert 6 * wide < picture.shape[1] < 6 * 300 + 50
    assert 2 * tall < picture.shape[0] < 3 * tall


def green(picture: np.ndarray) -> float:
    """Share of the picture that is the stage's green."""
    r, g, b = (picture[..., c].astype(float) for c in range(3))
    return float(((g > 1.25 * r) & (g > 1.25 * b) & (g > 60)).mean())
