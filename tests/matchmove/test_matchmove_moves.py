"""The language of camera moves, and what its words do to a camera."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.moves import EASES, GRAMMAR, WORDS, Move, Moves, When
from cyclorama.matchmove.bundle import rotation_from_vector, vector_from_rotation
from cyclorama.matchmove.move_path import add_moves, handheld, progress

RATE = Fraction(24)
HW = (108, 192)
N = 25
STILL = CameraPath.locked_off(num_frames=N, hw=HW, focal_px=180.0)


def moved(text: str, path: CameraPath = STILL, metre: float = 1.0, distance_m: float = 4.0) -> CameraPath:
    return add_moves(path, Moves.parse(text), rate=RATE, metre=metre, distance_m=distance_m)


def numbers(largest: float) -> st.SearchStrategy[Fraction]:
    return st.integers(1, int(largest * 1000)).map(lambda k: Fraction(k, 1000))


@st.composite
def whens(draw: st.DrawFn) -> tuple[When, When]:
    unit = draw(st.sampled_from(["", "s", "%"]))
    first = draw(st.integers(0, 50))
    return When(Fraction(first), unit), When(Fraction(first + draw(st.integers(1, 40))), unit)  # type: ignore[arg-type]


@st.composite
def one_move(draw: st.DrawFn) -> Move:
    name = draw(st.sampled_from([n for n in WORDS if n != "static"]))
    word = WORDS[name]
    unit = draw(st.sampled_from(sorted(word.units)))
    amount = draw(numbers(min(word.units[unit], 90))) + (1 if unit == "x" else 0)
    direction = draw(st.sampled_from(word.directions)) if word.directions else ""
    return Move(name, direction, amount, unit, draw(st.none() | whens()), draw(st.sampled_from(EASES)))


@given(st.lists(one_move() | st.just(Move("static")), min_size=1, max_size=5))
def test_what_is_written_is_read_back(moves: list[Move]) -> None:
    assert Moves.parse(str(Moves(tuple(moves)))).moves == tuple(moves)


@given(st.text("panstcukroleftgm 0.123@%,s", max_size=40))
def test_any_text_is_moves_or_a_sentence(text: str) -> None:
    said = ""
    try:
        found = Moves.parse(text)
    except InputError as error:
        said = str(error)
    if said:
        assert GRAMMAR in said
        assert "\n" not in said
    else:
        assert Moves.parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a move is missing"),
        ("pan left 5deg,", "a move is missing"),
        ("spin left 5deg", "no such move"),
        ("pan up 5deg", "pan goes right or left"),
        ("pan 5deg", "pan goes right or left"),
        ("tilt left 5deg", "tilt goes up or down"),
        ("pan left", "its amount is a number of deg"),
        ("pan left 5", "its amount is a number of deg"),
        ("pan left 5m", "its amount is a number of deg"),
        ("truck left 0.4mm", "its amount is a number of m"),
        ("truck left 0m", "its amount must be over 0"),
        ("truck left 2000m", "at most 1000"),
        ("truck left -1m", "its words are not in order"),
        ("zoom in 0.5x", "its amount must be over 1"),
        ("handheld", "its amount must be over 0"),
        ("handheld 0.3m", "its amount is a number alone"),
        ("handheld left 0.3", "handheld goes nowhere"),
        ("static 3m", "static is a word alone"),
        ("pan left 5deg @3", "its times are not @TIME..TIME"),
        ("pan left 5deg @3..x", "its times are not @TIME..TIME"),
        ("pan left 5deg @9..3", "it must end after it begins"),
        ("pan left 5deg slowly", "its words are not in order"),
        ("pan left 5deg linear @1..3", "its words are not in order"),
        ("pan left 5deg 6deg", "its words are not in order"),
    ],
)
def test_what_is_no_move_is_refused_in_one_sentence(text: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        Moves.parse(text)
    assert why in str(caught.value)
    assert GRAMMAR in str(caught.value)


def test_words_may_be_spaced_and_capital() -> None:
    assert Moves.parse("  Truck LEFT .4m ,static,handheld 0.30").moves == (
        Move("truck", "left", Fraction(2, 5), "m"),
        Move("static"),
        Move("handheld", amount=Fraction(3, 10)),
    )


_DOWN_RIGHT_FORWARD = {
    "truck left 0.4m": (-0.4, 0, 0), "truck right 0.4m": (0.4, 0, 0), "pedestal up 0.3m": (0, -0.3, 0),
    "pedestal down 0.3m": (0, 0.3, 0), "dolly in 1m": (0, 0, 1), "dolly out 1m": (0, 0, -1),
    "dolly-zoom in 1m": (0, 0, 1), "pan left 9deg": (0, 0, 0), "static": (0, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("text", _DOWN_RIGHT_FORWARD)
def test_where_a_move_ends(text: str) -> None:
    path = moved(text)
    assert np.allclose(path[0].center, 0)
    assert np.allclose(path[N - 1].center, _DOWN_RIGHT_FORWARD[text], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("pan right 10deg", (np.sin(np.radians(10)), 0)),
        ("pan left 10deg", (-np.sin(np.radians(10)), 0)),
        ("tilt up 10deg", (0, -np.sin(np.radians(10)))),
        ("tilt down 10deg", (0, np.sin(np.radians(10)))),
        ("roll right 10deg", (0, 0)),
        ("orbit right 10deg", (-np.sin(np.radians(10)), 0)),
    ],
)
def test_where_a_camera_looks(text: str, looks: tuple[float, float]) -> None:
    assert np.allclose(moved(text)[N - 1].world_from_camera[:2, 2], looks, atol=1e-9)


def test_a_roll_to_the_right_is_clockwise() -> None:
    right = moved("roll right 10deg")[N - 1].world_from_camera[:3, 0]
    assert np.allclose(right, [np.cos(np.radians(10)), np.sin(np.radians(10)), 0])


@pytest.mark.parametrize("text", ["orbit left 70deg", "orbit right 30deg", "dolly-zoom in 2m", "dolly-zoom out 2m"])
def test_the_actor_keeps_place_and_size(text: str) -> None:
    actor = np.array([[0.0, 0.0, 4.0], [0.0, 1.0, 4.0]])
    for view in moved(text).cameras:
        assert np.allclose(view.project(actor)[0], STILL[0].project(actor)[0], atol=1e-6)


def test_an_orbit_goes_to_its_side_and_stays_at_its_distance() -> None:
    center = moved("orbit left 30deg", metre=2.0)[N - 1].center
    assert np.allclose(center, [-8 * np.sin(np.radians(30)), 0, 8 - 8 * np.cos(np.radians(30))])


def test_zoom_by_factor_and_by_millimetres() -> None:
    def focal(text: str) -> float:
        return float(moved(text)[N - 1].px_from_cam[0, 0])

    assert focal("zoom in 1.5x") == pytest.approx(270)
    assert focal("zoom out 1.5x") == pytest.approx(120)
    assert focal("zoom in 9mm") == pytest.approx(180 + 9 / 36 * 192)
    assert np.allclose(moved("zoom in 1.5x")[N - 1].px_from_cam[:, 2], STILL[0].px_from_cam[:, 2])
    with pytest.raises(InputError, match="zoom out less"):
        moved("zoom out 40mm")
    with pytest.raises(InputError, match="would reach the actor"):
        moved("dolly-zoom in 4m")


@pytest.mark.parametrize("ease", EASES)
def test_eases_go_from_none_to_all_and_never_back(ease: str) -> None:
    done = progress(Moves.parse(f"pan left 5deg @4..20 {ease}").moves[0], N, RATE)
    assert (done[:5] == 0).all()
    assert (done[20:] == 1).all()
    assert (np.diff(done) >= 0).all()
    middle = {"ease": 0.5, "linear": 0.5, "ease-in": 0.25, "ease-out": 0.75}
    assert done[12] == pytest.approx(middle[ease])


def test_times_are_frames_seconds_and_shares() -> None:
    frames = [
        np.flatnonzero(np.diff(progress(Moves.parse(f"pan left 5deg @{span} linear").moves[0], N, RATE)))
        for span in ("6..18", "0.25s..0.75s", "25%..75%")
    ]
    for found in frames:
        assert found[0] == 6
        assert found[-1] == 17
    assert progress(Moves.parse("pan left 5deg @0.5s..1.04s").moves[0], N, RATE)[-1] == 1.0
    for late in ("0..25", "0s..2s", "50%..101%"):
        with pytest.raises(InputError, match="after the shot's end"):
            moved(f"pan left 5deg @{late}")
    with pytest.raises(InputError, match="must end after it begins"):
        moved("pan left 5deg @20..0.5s")


@given(st.permutations(["truck left 0.4m", "pan right 9deg", "handheld 0", "zoom in 2x", "orbit left 5deg"]))
@settings(max_examples=20)
def test_the_order_of_moves_does_not_matter(words: list[str]) -> None:
    given_words = [w for w in words if w != "handheld 0"]
    one, two = moved(", ".join(given_words)), moved(", ".join(sorted(given_words)))
    assert all(np.allclose(a.world_from_camera, b.world_from_camera, atol=1e-12) for a, b in zip(one, two))


@given(numbers(30), numbers(30))
@settings(max_examples=20)
def test_amounts_of_one_move_add_up(one: Fraction, two: Fraction) -> None:
    def text(x: Fraction) -> str:
        return f"pan left {float(x):.3f}deg, truck right {float(x):.3f}m"

    both = moved(f"{text(one)}, {text(two)}")[N - 1]
    total = moved(text(one + two))[N - 1]
    assert np.allclose(both.world_from_camera, total.world_from_camera, atol=1e-9)


def test_a_move_and_its_opposite_cancel() -> None:
    path = moved("pan left 7deg, truck left 1m, zoom in 1.3x, pan right 7deg, truck right 1m, zoom out 1.3x")
    for view in path.cameras:
        assert np.allclose(view.world_from_camera, np.eye(4), atol=1e-12)
        assert view.px_from_cam[0, 0] == pytest.approx(180)


def test_moves_go_on_top_of_a_camera_in_its_own_axes() -> None:
    turned = rotation_from_vector(np.array([0, np.pi / 2, 0]))
    base = Camera.from_focal(hw=HW, focal_px=180, world_from_camera=rigid(turned, np.array([5.0, 0, 0])))
    path = moved("truck right 0.5m, dolly in 1m", CameraPath((base,) * N), metre=0.5)
    assert np.allclose(path[0].world_from_camera, base.world_from_camera)
    assert np.allclose(path[N - 1].center, np.array([5.0, 0, 0]) + turned @ [0.25, 0, 0.5])


def test_a_hand_is_deterministic_scales_and_has_a_hands_spectrum() -> None:
    times = np.arange(24 * 120) / 24
    turns, ways = handheld(times, 24.0)
    assert np.array_equal(turns[:48], handheld(times[:48], 24.0)[0])
    assert not np.allclose(turns[1:], handheld(times, 24.0, 1)[0][1:])
    assert np.allclose(turns.std(0), [0.55, 0.5, 0.25], rtol=0.35)
    assert np.allclose(ways.std(0), [0.012, 0.010, 0.008], rtol=0.35)
    power = np.abs(np.fft.rfft(turns[:, 0] * np.hanning(len(times)))) ** 2
    hz = np.fft.rfftfreq(len(times), 1 / 24)

    def band(low: float, high: float) -> float:
        return float(power[(hz >= low) & (hz < high)].sum() / (high - low))

    slope = np.log(band(2, 3) / band(0.5, 0.75)) / np.log(4)
    assert -2.8 < slope < -1.2
    assert band(8, 10) > band(6, 7)  # the tremor stands out


def test_a_keyed_hand_comes_and_goes() -> None:
    path = moved("handheld 1 @6..18")
    turns = np.array([np.linalg.norm(vector_from_rotation(c.world_from_camera[:3, :3])) for c in path.cameras])
    assert (turns[:7] == 0).all()
    assert (turns[18:] == 0).all()
    assert turns[12] > 0
    half = moved("handheld 0.5 @6..18")[12].center
    assert np.allclose(half * 2, path[12].center, atol=1e-3 * np.linalg.norm(path[12].center) + 1e-4)
