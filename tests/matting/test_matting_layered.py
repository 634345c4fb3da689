"""Several actors and props as numbered layers of one key."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matting_planes import HeldAlphas, HeldKey, disc, ramp

from cyclorama.comp import flatten
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.keyed import Keyed
from cyclorama.core.layers import Foreground, Key, LayeredKey, Layers
from cyclorama.matting import AdjustedKey, ClipMask, GivenKey, JointAlphas, LastFrame, MatteControls, SplitKey

HW = (48, 72)
RED, BLUE, STREET = (np.array(c, np.float32) for c in ([0.6, 0.1, 0.05], [0.05, 0.1, 0.7], [0.3, 0.3, 0.25]))


def held(*planes: np.ndarray) -> tuple[HeldAlphas, ...]:
    return tuple(HeldAlphas(p[None].astype(np.float32)) for p in planes)


def given_layers(*planes: np.ndarray) -> SplitKey:
    """What is made of several mattes."""
    mattes = tuple(LastFrame(m) for m in held(*planes))
    return SplitKey(GivenKey(JointAlphas(mattes)), tuple(ClipMask(m) for m in mattes), rest=False)


def composite(actors: tuple[Foreground, ...], gain: np.ndarray | None = None) -> np.ndarray:
    place = np.random.default_rng(5).random((*HW, 3), np.float32)
    one = np.ones(HW, np.float32)
    return flatten(Layers(SetFrame(place, one, one), actors, gain))


def two_people() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red and a blue person side by side with a soft border between them (their sum is 1 there), on a street."""
    outline, border = disc(HW, 18, 3), ramp(HW, 0, 5)
    first, second = outline * border, outline * (1 - border)
    plate = first[..., None] * RED + second[..., None] * BLUE + (1 - outline[..., None]) * STREET
    return first, second, plate.astype(np.float32)


def test_layers_have_their_own_alpha_and_colour() -> None:
    first, second, plate = two_people()
    one, two = given_layers(first, second).foregrounds(0, plate)
    np.testing.assert_allclose(one.alpha, first, atol=1e-6)
    np.testing.assert_allclose(two.alpha, second, atol=1e-6)
    three = (first > 0) & (second > 0) & (first + second < 1)  # three colours in one pixel
    junction = cv2.dilate(three.astype(np.uint8), np.ones((9, 9))) > 0
    assert junction.mean() < 0.1
    for actor, alpha, color in ((one, first, RED), (two, second, BLUE)):
        error = np.abs(actor.color - alpha[..., None] * color).max(-1)
        assert error[~junction].max() < 0.05
        assert error[junction].max() < 0.08


def test_disjoint_mattes_give_the_picture_of_their_sum() -> None:
    first, second, plate = two_people()
    gain = np.array([[[1.2, 1.0, 0.8, 1.1]]], np.float32)
    joint = GivenKey(held(first + second)[0]).foreground(0, plate)
    apart = given_layers(first, second).foregrounds(0, plate)
    np.testing.assert_allclose(composite(apart, gain), composite((joint,), gain), atol=1e-5)


def test_the_first_is_in_front() -> None:
    whole = np.ones(HW, np.float32)
    left = np.zeros(HW, np.float32)
    left[:, :30] = 1
    plate = np.full((*HW, 3), 0.4, np.float32)
    for planes, wanted in (((left, whole), (left, 1 - left)), ((whole, left), (whole, 0 * left))):
        actors = given_layers(*planes).foregrounds(0, plate)
        for actor, alpha in zip(actors, wanted):
            np.testing.assert_array_equal(actor.alpha, alpha)
            np.testing.assert_allclose(actor.color, plate * alpha[..., None], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(planes=arrays(np.float32, (3, 8, 12), elements=st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1, width=32)))
def test_layers_sum_to_the_joint_key(planes: np.ndarray) -> None:
    plate = np.random.default_rng(0).random((8, 12, 3), np.float32)
    key = given_layers(*planes)
    joint, actors = key.foreground(0, plate), key.foregrounds(0, plate)
    assert len(actors) == key.num_layers == 3
    np.testing.assert_allclose(sum(a.alpha for a in actors), joint.alpha, atol=1e-6)
    np.testing.assert_allclose(sum(a.color for a in actors), joint.color, atol=1e-5)
    left = np.ones((8, 12), np.float32)
    for actor, plane in zip(actors, planes):  # min(a, 1 - sum of those in front)
        np.testing.assert_allclose(actor.alpha, np.minimum(plane, left), atol=1e-5)
        left -= np.minimum(plane, left)
        assert actor.color.min() >= 0


def test_a_rough_matte_takes_its_part_of_a_key() -> None:
    """Layer 1 is the rest; the key's own soft edge stays in both; spill is shared as alpha is."""
    alpha = disc(HW, 18, 4)
    left = np.zeros(HW, np.float32)
    left[:, :36] = 1
    color = alpha[..., None] * np.where(left[..., None] > 0, RED, BLUE).astype(np.float32)
    found = Foreground(color, alpha, (0.1 * color).astype(np.float32))
    key = SplitKey(HeldKey(found), tuple(ClipMask(m) for m in held(left)), rest=True)
    assert key.num_layers == 2
    rest, taken = key.foregrounds(0, color)
    np.testing.assert_array_equal(taken.alpha, alpha * left)
    np.testing.assert_array_equal(rest.alpha, alpha * (1 - left))
    np.testing.assert_array_equal(taken.color, color * left[..., None])
    np.testing.assert_array_equal(rest.color, color * (1 - left[..., None]))
    assert rest.spill is not None
    assert taken.spill is not None
    np.testing.assert_allclose(rest.spill + taken.spill, found.spill, atol=1e-6)


def test_a_grown_edge_goes_to_the_nearest_layer() -> None:
    first, second, plate = two_people()
    key = given_layers(first, second)
    controls = MatteControls(grow=Keyed.constant(3.0))
    grown = SplitKey(AdjustedKey(key.key, controls, HW), key.masks, rest=False)
    joint, (one, two) = grown.foreground(0, plate), grown.foregrounds(0, plate)
    np.testing.assert_allclose(one.alpha + two.alpha, joint.alpha, atol=1e-6)
    added = (joint.alpha > 0) & (first + second == 0)
    assert added.sum() > 50
    away = np.abs(np.arange(HW[1]) + 0.5 - 36) > 6
    for alpha, side in ((one.alpha, np.arange(HW[1]) < 36), (two.alpha, np.arange(HW[1]) >= 36)):
        near = added & (away & side)
        assert near.sum() > 20
        assert (alpha[near] > 0.9 * joint.alpha[near]).all()


def test_one_layer_of_a_proxy() -> None:
    first, second, plate = two_people()
    small = plate.reshape(24, 2, 36, 2, 3).mean((1, 3))
    one, two = given_layers(first, second).foregrounds(0, small)
    np.testing.assert_allclose(one.alpha, first.reshape(24, 2, 36, 2).mean((1, 3)), atol=1e-5)
    np.testing.assert_allclose(two.alpha, second.reshape(24, 2, 36, 2).mean((1, 3)), atol=1e-5)


def test_which_keys_are_layered() -> None:
    first, second, _ = two_people()
    single: Key = GivenKey(held(first)[0])
    assert isinstance(given_layers(first, second), LayeredKey)
    assert not isinstance(single, LayeredKey)


def test_a_frame_is_read_once_for_all_who_ask() -> None:
    class Counting(HeldAlphas):
        def alpha(self, index: int) -> np.ndarray:
            asked.append(index)
            return super().alpha(index)

    asked: list[int] = []
    source = Counting(np.zeros((3, 4, 4), np.float32))
    last = LastFrame(source)
    for index in (0, 0, 1, 1, 1, 0):
        last.alpha(index)
    assert asked == [0, 1, 0]
    assert (last.num_frames, last.hw) == (3, (4, 4))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_finished_picture_of_any_number_of_layers(count: int) -> None:
    """gain F + (1 - sum of alphas) B, by its equation, for a gain of no colour, above a black of .002."""
    rng = np.random.default_rng(count)
    alphas = rng.random((count, *HW)).astype(np.float32) / max(count, 1)
    actors = tuple(Foreground(a[..., None] * rng.random((*HW, 3), np.float32), a) for a in alphas)
    place = np.random.default_rng(5).random((*HW, 3), np.float32)
    gain = np.full((1, 1, 4), 1.5, np.float32)
    wanted = (1 - alphas.sum(0))[..., None] * place + 1.5 * sum((a.color for a in actors), np.float32(0))
    wanted += 0.5 * 0.002 * alphas.sum(0)[..., None]
    np.testing.assert_allclose(composite(actors, gain), wanted, atol=1e-5)
