"""The grammar of what a user can ask for."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cyclorama.camera_words import ActorArgument, MoveArgument
from cyclorama.core.display import display_from_linear
from cyclorama.core.errors import InputError
from cyclorama.engine_settings import EngineSettings
from cyclorama.keying import screen_rgb
from cyclorama.media.curves import COLOURS
from cyclorama.media_settings import COLOUR_WORDS
from cyclorama.path_words import file_named
from cyclorama.reference_words import LookAt, Moment, ReferenceArgument
from cyclorama.settings import KeyedPolygon, PaintedMask, parse_range

TIMES = tuple(Fraction(i, 24) for i in range(48))
PHONE = (Fraction(0), Fraction(1, 30), Fraction(1, 10), Fraction(11, 30))
"""Frames of a variable rate."""


@pytest.mark.parametrize(
    ("text", "picture", "moment"),
    [
        ("a.jpg", "a.jpg", None),
        ("a.jpg@12", "a.jpg", "12"),
        ("a.jpg@0.5s", "a.jpg", "0.5s"),
        ("a.jpg@.5s", "a.jpg", ".5s"),
        ("a.jpg@50%", "a.jpg", "50%"),
        ("a.jpg@33.3%", "a.jpg", "33.3%"),
        ("me@home.jpg", "me@home.jpg", None),
        ("me@home.jpg@3s", "me@home.jpg", "3s"),
        ("pictures@2x/a.jpg", "pictures@2x/a.jpg", None),
        ("a@12@50%", "a@12", "50%"),
        ("a.jpg@", "a.jpg@", None),
        ("a.jpg@-1", "a.jpg@-1", None),
        ("a.jpg@1.5", "a.jpg@1.5", None),
        ("a.jpg@half", "a.jpg@half", None),
        ("a.jpg@12 ", "a.jpg@12 ", None),
        ("@12", "@12", None),
    ],
)
def test_references(text: str, picture: str, moment: str | None) -> None:
    found = ReferenceArgument.parse(text)
    assert found.picture == Path(picture)
    assert (found.moment and found.moment.text) == moment


@pytest.mark.parametrize(
    ("text", "word", "picture", "moment"),
    [
        ("pano:hall.jpg", "pano", "hall.jpg", None),
        ("pano:hall.jpg@50%", "pano", "hall.jpg", "50%"),
        ("loop:sea/%04d.png", "loop", "sea/%04d.png", None),
        ("hold:sea.mp4@12", "hold", "sea.mp4", "12"),
        ("footage:set.mov", "footage", "set.mov", None),
        ("flat:wide.png", "flat", "wide.png", None),
        ("./pano:hall.jpg", None, "pano:hall.jpg", None),
        ("pano:", None, "pano:", None),
        ("Pano:a.jpg", None, "Pano:a.jpg", None),
        ("c:flat:a.jpg", None, "c:flat:a.jpg", None),
        ("flat:pano:a.jpg", "flat", "pano:a.jpg", None),
    ],
)
def test_words_before_a_reference(text: str, word: str | None, picture: str, moment: str | None) -> None:
    found = ReferenceArgument.parse(text)
    assert (found.word, found.picture) == (word, Path(picture))
    assert (found.moment and found.moment.text) == moment


@pytest.mark.parametrize(
    ("text", "yaw", "pitch"), [("90", 90, 0), ("-30.5,12", -30.5, 12), ("+360, -90", 360, -90), (" 0 ", 0, 0)]
)
def test_views_of_a_panorama(text: str, yaw: float, pitch: float) -> None:
    assert LookAt.parse(text) == LookAt(yaw, pitch)


@pytest.mark.parametrize("text", ["", "left", "361", "0,91", "1,2,3", "1e2", "nan", ",5", "12deg"])
def test_what_is_no_view_of_a_panorama(text: str) -> None:
    with pytest.raises(InputError, match="YAW"):
        LookAt.parse(text)


@pytest.mark.parametrize(
    ("text", "times", "frame"),
    [
        ("0", TIMES, 0),
        ("12", TIMES, 12),
        ("47", TIMES, 47),
        ("0s", TIMES, 0),
        ("0.5s", TIMES, 12),
        ("0.54s", TIMES, 12),  # frame 13 comes at .5417
        ("1.99s", TIMES, 47),  # the last frame is on screen until 2 s
        ("0%", TIMES, 0),
        ("50%", TIMES, 24),  # floor(23.5 + .5)
        ("49.9%", TIMES, 23),  # floor(23.453 + .5)
        ("100%", TIMES, 47),
        ("50%", PHONE, 2),  # floor(1.5 + .5)
        ("0.09s", PHONE, 1),
        ("0.1s", PHONE, 2),  # exact: no float comes near
        ("0.36s", PHONE, 2),
        ("100%", (Fraction(0),), 0),
        ("0.9s", (Fraction(0),), 0),
    ],
)
def test_moments(text: str, times: tuple[Fraction, ...], frame: int) -> None:
    moment = Moment.parse(text)
    assert moment is not None
    assert moment.frame(times) == frame


@pytest.mark.parametrize("num_frames", [1, 2, 7, 24, 121])
def test_shares_are_rounded_half_up(num_frames: int) -> None:
    times = tuple(Fraction(i, 24) for i in range(num_frames))
    for tenths in range(1001):
        wanted = (tenths * (num_frames - 1) * 2 + 1000) // 2000  # floor(p/100 (n-1) + 1/2) in whole numbers
        assert Moment(f"{tenths / 10}%").frame(times) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("48", "frame 48 lies after the plate's end; its last frame is 47"),
        ("2s", r"at 2s lies after the plate's end.* 2\.000s"),
        ("100.1%", r"100\.1% lies after the plate's end; give 0% to 100%"),
    ],
)
def test_moments_after_the_end(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Moment(text).frame(TIMES)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("0:10", range(10)),
        ("2:5", range(2, 5)),
        (":3", range(3)),
        ("7:", range(7, 10)),
        ("9:10", [9]),
        (":", range(10)),
    ],
)
def test_ranges(text: str, frames: range) -> None:
    assert list(parse_range(text, 10)) == list(frames)


@pytest.mark.parametrize("text", ["5", "5:5", "6:5", "0:11", "10:", "-3:5", "a:b", "1:2:3", "", "1.5:3", "2-5"])
def test_ranges_that_hold_nothing(text: str) -> None:
    with pytest.raises(InputError, match="--frames"):
        parse_range(text, 10)


def test_screens() -> None:
    assert screen_rgb(None) is None
    assert screen_rgb("Green") == screen_rgb("#00b140")
    red, green, blue = (float(display_from_linear(c)) * 255 for c in screen_rgb("#0a80FF") or ())
    assert (round(red), round(green), round(blue)) == (10, 128, 255)
    for text in ("mauve", "#12345", "#1234567", "00b140", ""):
        with pytest.raises(InputError, match="green, blue or #rrggbb"):
            screen_rgb(text)


def test_painted_masks() -> None:
    assert PaintedMask.parse("40:masks/fix:2.png") == PaintedMask(40, Path("masks/fix:2.png"))
    for text in ("first.png", "0:", ":first.png", "-1:first.png", "1.5:first.png", "C:first.png"):
        with pytest.raises(InputError, match="FRAME:PICTURE"):
            PaintedMask.parse(text)


@pytest.mark.parametrize("far", ["9999999", "9" * 400])
def test_corners_of_a_polygon_stay_near_the_picture(far: str) -> None:
    with pytest.raises(InputError, match="1000000"):
        KeyedPolygon.parse(f"0,0 9,0 9,{far}")


def test_numbers_without_end_are_no_frames() -> None:
    assert Moment.parse("9" * 5000) is None
    with pytest.raises(InputError, match="FRAME:PICTURE"):
        PaintedMask.parse("9" * 5000 + ":x.png")


@pytest.mark.parametrize("word", ["stands", "walks", "free"])
def test_what_the_actor_does(word: str) -> None:
    assert ActorArgument.parse(word).word == word
    with pytest.raises(InputError, match="stands, walks or is free, got 'Flies'"):
        ActorArgument.parse("Flies")


def test_moves_are_read_when_they_are_given() -> None:
    argument = MoveArgument.parse("  TRUCK left .40m,handheld 0.3 @1s..2s ")
    assert argument.text == "truck left 0.4m, handheld 0.3 @1s..2s"
    assert [m.name for m in argument.moves.moves] == ["truck", "handheld"]
    with pytest.raises(InputError, match="no such move"):
        MoveArgument.parse("fly up 3m")


def test_colour_words_are_those_of_the_curves() -> None:
    assert tuple(COLOURS) == COLOUR_WORDS


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("shot/a.####.exr", "shot/a.%04d.exr"),
        ("##.PNG", "%02d.PNG"),
        ("a#1.png", "a#1.png"),
        ("a##_##.png", "a##_##.png"),
        ("a##.mp4", "a##.mp4"),
        ("a##", "a##"),
    ],
)
def test_numbered_pictures_as_nuke_names_them(word: str, path: str) -> None:
    assert file_named(word) == Path(path)
    assert ReferenceArgument.parse(f"{word}@12").picture == Path(path)


def test_a_file_that_is_there_by_that_very_name(tmp_path: Path) -> None:
    (tmp_path / "a##.png").touch()
    assert file_named(tmp_path / "a##.png") == tmp_path / "a##.png"
    assert file_named(tmp_path / "b##.png") == tmp_path / "b%02d.png"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"guidance": -1.0}, "--guidance"),
        ({"guidance": float("nan")}, "--guidance"),
        ({"guidance": float("inf")}, "--guidance"),
        ({"seed": -1}, "--seed"),
        ({"paint_scale": float("nan")}, "--paint-scale must be 1..16"),
        ({"paint_scale": 0.5}, "--paint-scale must be 1..16"),
        ({"offload": "disk"}, "--offload must be auto, none, blocks"),
        ({"model": Path("m"), "engine": "geometry"}, "--model belongs to --engine in-context"),
    ],
)
def test_an_engine_refuses_what_it_cannot_do(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        EngineSettings(**values)
