"""Values keyed at frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.core.errors import InputError
from cyclorama.core.keyed import Keyed, KeyPoint


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("0.5", KeyPoint(None, 0.5)),
        ("-0.5", KeyPoint(None, -0.5)),
        ("+.5", KeyPoint(None, 0.5)),
        ("3.", KeyPoint(None, 3)),
        ("0:-0.5", KeyPoint(0, -0.5)),
        ("120:2", KeyPoint(120, 2)),
    ],
)
def test_words(text: str, point: KeyPoint) -> None:
    assert KeyPoint.parse(text) == point


@pytest.mark.parametrize("text", ["", "x", "1:", ":1", "-3:1", "1:2:3", "1.5:2", "1e3", "nan", "inf", "1,5", "0: 1"])
def test_words_that_are_no_value(text: str) -> None:
    with pytest.raises(InputError, match="must be VALUE, or FRAME:VALUE"):
        KeyPoint.parse(text)


def test_linear_between_and_held_outside() -> None:
    keyed = Keyed.of([KeyPoint(40, 0.0), KeyPoint(0, -0.5), KeyPoint(50, 1.0)])
    assert [keyed.at(f) for f in (-3, 0, 20, 40, 45, 50, 99)] == [-0.5, -0.5, -0.25, 0, 0.5, 1, 1]
    assert Keyed.of([KeyPoint(None, 3.0)]).at(1000) == 3
    assert Keyed.constant(2.0).is_always(2)
    assert not keyed.is_always(0)


@given(st.dictionaries(st.integers(0, 99), st.floats(-5, 5), min_size=1, max_size=5), st.floats(-20, 120))
def test_never_beyond_its_keys_and_exact_at_them(keys: dict[int, float], frame: float) -> None:
    keyed = Keyed.of(KeyPoint(f, v) for f, v in keys.items())
    assert min(keys.values()) - 1e-9 <= keyed.at(frame) <= max(keys.values()) + 1e-9
    assert all(keyed.at(f) == pytest.approx(v, abs=1e-12) for f, v in keys.items())


def test_what_cannot_be_keyed() -> None:
    with pytest.raises(InputError, match="both were given"):
        Keyed.of([KeyPoint(None, 1), KeyPoint(3, 1)])
    with pytest.raises(InputError, match="both were given"):
        Keyed.of([KeyPoint(None, 1), KeyPoint(None, 2)])
    with pytest.raises(InputError, match="frame 3 has two values"):
        Keyed.of([KeyPoint(3, 1), KeyPoint(0, 0), KeyPoint(3, 1)])
    for frames, values in (((), ()), ((0, 0), (1.0, 2.0)), ((0, 1), (1.0,))):
        with pytest.raises(ValueError, match="increasing frames"):
            Keyed(frames, values)
