"""What other programs give of the actor: a relit clip and normals, against shots whose answer is known."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.comp import gain_field, likeness, read_relief, read_sense, relit, relit_gain, told_spill
from cyclorama.comp.normals_read import NormalSense
from cyclorama.comp.relight import BRIGHTEST_STOPS, DARKEST_STOPS
from cyclorama.core.camera import Camera
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Foreground
from cyclorama.core.lighting import LUMINANCE, Lighting, Relighting, even_directions, studio

HW = (144, 256)
CAMERA = Camera.from_focal(hw=HW, focal_px=240)
Y, X = np.mgrid[: HW[0], : HW[1]] + 0.5
BALL = (128.0, 72.0, 56.0)  # centre and radius
PLAIN = (1.0, 1.0, 1.0)


def ball() -> tuple[np.ndarray, np.ndarray]:
    """Alpha h w and true normals h w 3 (x right, y down, z towards the camera; 0 outside)."""
    x, y = (X - BALL[0]) / BALL[2], (Y - BALL[1]) / BALL[2]
    inside = np.hypot(x, y) < 1
    normals = np.stack([x, y, np.sqrt(np.maximum(1 - x**2 - y**2, 0))], -1) * inside[..., None]
    return cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.7), normals.astype(np.float32)


def painted() -> Foreground:
    alpha, rng = ball()[0], np.random.default_rng(4)
    paint = sum(cv2.resize(rng.random((HW[0] // s, HW[1] // s, 3)), HW[::-1]) / 2 for s in (3, 20))
    return Foreground(((0.02 + 0.8 * paint**2) * alpha[..., None]).astype(np.float32), alpha)


def whole(actor: Foreground, background: float = 0.4) -> np.ndarray:
    """The actor's picture before something else."""
    return actor.color + (np.float32(1) - actor.alpha[..., None]) * np.float32(background)


def core_of(actor: Foreground) -> np.ndarray:
    return cv2.erode(actor.alpha, np.ones((9, 9))) > 0.99


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 99), st.floats(0.01, 1), st.sampled_from([0.0, 0.4, 1.0]))
def test_what_nobody_relit_is_left_exactly_as_it_is(seed: int, strength: float, background: float) -> None:
    rng, alpha = np.random.default_rng(seed), ball()[0]
    one = Foreground((rng.random((*HW, 3), np.float32) ** 3) * alpha[..., None], alpha)
    shown = whole(one, background)
    for clip in (shown, np.round(shown * 1000) / np.float32(1000)):
        field = relit_gain(one, clip, strength)
        assert (field == 1).all()
        assert np.array_equal(relit(one, field), one.color)


def test_detail_that_was_smoothed_away_is_no_change_of_light() -> None:
    one = painted()
    field = relit_gain(one, cv2.GaussianBlur(whole(one, 0.2), (0, 0), 2), 1.0)
    assert np.abs(np.log2(field)).max() < 0.1


def test_where_nothing_changed_nothing_changes() -> None:
    one = painted()
    shown = whole(one) * np.where(X < 100, 2.0, 1.0)[..., None].astype(np.float32)
    field = relit_gain(one, shown, 1.0)
    columns = field.shape[1] / HW[1]
    assert (field[20:70, int(165 * columns) : int(180 * columns)] == 1).all()  # more than four sigmas away
    assert field[45, int(86 * columns), 3] > 1.5


@pytest.mark.parametrize("gain", [(1.6, 1.2, 0.8), (0.5, 0.5, 0.5), (0.3, 0.4, 0.7)])
def test_an_even_grade_is_followed_and_weighed(gain: tuple[float, float, float]) -> None:
    alpha = ball()[0]
    one = Foreground(np.repeat(painted().color[..., 1:2], 3, 2), alpha)  # of no colour: only the light's moves
    shown = ((whole(one) + 0.002) * np.array(gain) - 0.002).astype(np.float32)
    inside = core_of(one)
    for strength in (1.0, 0.5):
        lit = relit(one, relit_gain(one, shown, strength))
        wanted = (one.color + 0.002) * np.array(gain) ** strength - 0.002
        if strength == 1:
            assert np.abs(lit - wanted)[inside].max() < 0.02
        assert np.log2((lit[inside] @ LUMINANCE).mean() / (wanted[inside] @ LUMINANCE).mean()) == pytest.approx(
            0, abs=0.05
        )


def test_only_what_lies_inside_the_matte_counts() -> None:
    one = painted()
    fields = [relit_gain(one, whole(one, b) * np.float32(1.5), 1.0) for b in (0.0, 0.4, 50.0)]
    assert np.abs(fields[0] - fields[1]).max() < 0.03
    assert np.abs(fields[0] - fields[2]).max() < 0.1


@pytest.mark.parametrize("level", [0.0, 1e4])
def test_a_clip_of_anything_gives_bounded_gains(level: float) -> None:
    one = painted()
    for alpha in (one.alpha, one.alpha * 0, (X % 8 < 2).astype(np.float32)):
        thin = Foreground(one.color * alpha[..., None], alpha)
        field = relit_gain(thin, np.full((*HW, 3), level, np.float32), 1.0)
        assert np.isfinite(field).all()
        assert 2**DARKEST_STOPS - 1e-4 <= field.min() <= field.max() <= 2**BRIGHTEST_STOPS + 1e-4
        if not alpha.any():
            assert (field == 1).all()


@pytest.mark.parametrize("spilled", [True, False])
def test_a_clip_tells_whether_it_was_made_from_the_plate(spilled: bool) -> None:
    one = painted()
    green = np.exp(-((BALL[2] - np.hypot(X - BALL[0], Y - BALL[1])) ** 2) / 50)[..., None] * [0.01, 0.12, 0.02]
    plate = (whole(one) + green).astype(np.float32)
    shown = (plate if spilled else whole(one)) * np.linspace(0.5, 1.5, HW[1])[None, :, None].astype(np.float32)
    found, power = told_spill(one, plate, shown)
    assert power > 0
    assert found / power == pytest.approx(1.0 if spilled else 0.0, abs=0.25)
    assert told_spill(one, whole(one), shown) == (0, 0)


def test_another_clip_is_told() -> None:
    one = painted()
    assert likeness(one, whole(one) * np.float32(0.3)) > 0.95
    assert abs(likeness(one, np.ascontiguousarray(whole(one)[::-1, ::-1]))) < 0.2
    assert likeness(one, np.zeros((*HW, 3), np.float32)) == 0
    assert likeness(one, np.full((*HW, 3), 0.3, np.float32)) == 0


def sideways() -> Relighting:
    directions = even_directions(300)
    whites = 2.0 ** (0.8 * directions[:, :1] * [1, 1, 1])
    return Relighting(studio(np.array([0.0, -1, 0])), Lighting.of_whites(whites, directions, None, (1, "a test")), 1.0)


def test_the_gain_follows_true_normals() -> None:
    alpha, normals = ball()
    grey = Foreground(np.repeat(0.3 * alpha[..., None], 3, 2), alpha)
    field = gain_field(grey, CAMERA, sideways(), normals)
    outlined = gain_field(grey, CAMERA, sideways())
    columns = np.arange(52, 108)  # of 160, where he faces the camera more than the side
    assert np.all(np.diff(field[45, columns, 1]) > 0)
    assert np.abs(np.log2(field[45, columns, 1] / outlined[45, columns, 1])).max() < 0.12  # a ball's outline tells it
    flat = gain_field(grey, CAMERA, sideways(), np.broadcast_to(np.float32([0, 0, 1]), (*HW, 3)).copy())
    assert np.ptp(flat[45, columns, 1]) < 0.01
    none = gain_field(grey, CAMERA, sideways(), np.zeros((*HW, 3), np.float32))
    assert np.array_equal(none, outlined)
    small = gain_field(grey, CAMERA, sideways(), cv2.resize(normals, (128, 72), interpolation=cv2.INTER_AREA))
    assert np.allclose(small, field, atol=0.02)


def stored(normals: np.ndarray, signs: tuple[float, float, float], kind: str) -> np.ndarray:
    """As a program writes them: ``signs`` of x, y (up) and z; ``codes``, ``floats`` or ``long`` (not of length 1)."""
    turned = normals * np.array([1, -1, 1]) * np.array(signs)
    known = (normals != 0).any(-1, keepdims=True)
    if kind == "codes":
        return (np.round(np.where(known, 0.5 + 0.5 * turned, 0) * 255) / 255).astype(np.float32)
    return np.where(known, turned * (3 if kind == "long" else 1), np.nan).astype(np.float32)


@pytest.mark.parametrize("kind", ["codes", "floats", "long"])
@pytest.mark.parametrize("signs", [PLAIN, (1, -1, 1), (1, 1, -1), (-1, -1, 1)])
def test_normals_are_read_however_they_run(kind: str, signs: tuple[float, float, float]) -> None:
    alpha, normals = ball()
    values = stored(normals, signs, kind)
    sense = read_sense([values], [alpha], whole_numbers=kind == "codes")
    assert sense == NormalSense(kind == "codes", tuple(float(s) for s in signs))  # type: ignore[arg-type]
    found = sense.normals(values)
    assert np.abs(found - normals)[normals[..., 2] > 0.1].max() < 0.02
    assert not found[normals[..., 2] == 0].any()
    words = " ".join(sense.notes)
    assert ("y ran down" in words, "x ran left" in words, "z ran away" in words) == (
        signs[1] < 0, signs[0] < 0, signs[2] < 0
    )  # fmt: skip


def test_floats_may_be_codes() -> None:
    alpha, normals = ball()
    values = stored(normals, PLAIN, "codes")
    assert read_sense([values], [alpha], whole_numbers=False).coded


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (np.zeros_like, "holds no normals where the actor is"),
        (lambda n: np.full_like(n, np.nan), "holds no normals where the actor is"),
        (lambda n: n[..., [2, 0, 1]], "in camera space"),
        (lambda n: np.broadcast_to(np.float32([0, 0, 1]), n.shape), "in camera space"),
    ],
)
def test_what_are_no_normals_of_his(made: Callable[[np.ndarray], np.ndarray], words: str) -> None:
    alpha, normals = ball()
    with pytest.raises(InputError, match=words):
        read_sense([made(normals * np.float32([1, -1, 1]))], [alpha], whole_numbers=False)


@pytest.mark.parametrize("kind", ["metres", "inverse", "codes", "no background"])
def test_depth_of_any_scale_tells_the_surface(kind: str) -> None:
    """An egg that is as deep as half its height: its outline tells nearly its relief, its depth tells it better."""
    alpha, normals = ball()
    x, y = (X - BALL[0]) / BALL[2], (Y - BALL[1]) / BALL[2]
    height = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    depth = np.where(height > 0, 5 - 1.0 * height, np.nan if kind == "no background" else 9).astype(np.float32)
    values = {"metres": depth, "inverse": 1 / depth, "codes": np.round(255 * (depth - 4) / 5) / 255}.get(kind, depth)
    sense = read_relief([values.astype(np.float32)], [alpha])
    assert (sense.scale > 0) == (kind == "inverse")
    found = cv2.resize(sense.normals(values.astype(np.float32)), HW[::-1])
    inside = (height > 0.55) & (np.linalg.norm(found, axis=-1) > 0.9)
    assert inside.mean() > 0.15
    cosine = (found * normals).sum(-1)[inside] / np.linalg.norm(found, axis=-1)[inside]
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 9


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: np.full(HW, np.nan, np.float32), "holds no depth where the actor is"),
        (lambda: np.full(HW, 3, np.float32), "holds no depth where the actor is"),
        (lambda: np.float32(Y + X), "does not follow the actor's outline"),
    ],
)
def test_what_is_no_depth_of_his(made: Callable[[], np.ndarray], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_relief([made()], [ball()[0]])


def test_darks_keep_their_detail_under_a_darker_light() -> None:
    """A bright face over black cloth, whose creases would fall to black with the face's gain."""
    alpha, rng = ball()[0], np.random.default_rng(6)
    weave = cv2.GaussianBlur(rng.random(HW), (0, 0), 1.2)[..., None]
    shown = (
        np.where(Y < 60, 0.5, 0.008)[..., None] * np.float32((weave / weave.mean()) ** 5) * np.float32([1, 0.9, 0.8])
    )
    one, inside = Foreground((shown * alpha[..., None]).astype(np.float32), alpha), ball()[0] > 0.99
    lit = relit(one, relit_gain(one, (shown * np.float32(0.35)).astype(np.float32), 1.0))
    assert (lit @ LUMINANCE)[inside & (Y < 40)].mean() == pytest.approx(
        0.35 * (one.color @ LUMINANCE)[inside & (Y < 40)].mean(), rel=0.15
    )
    apart = np.abs(detail(lit, inside) - detail(one.color, inside))[inside]
    assert np.quantile(apart, 0.95) < 0.03


def detail(color: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Of log(luminance + 0.002), what is finer than 6 px."""
    log, weight = np.log(np.maximum(color @ LUMINANCE, 0) + 0.002), inside.astype(np.float64)
    return np.asarray(log - cv2.GaussianBlur(log * weight, (0, 0), 6) / (cv2.GaussianBlur(weight, (0, 0), 6) + 1e-9))
