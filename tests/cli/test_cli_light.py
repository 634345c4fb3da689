"""What a user can say of the light."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from cyclorama.core.errors import InputError
from cyclorama.engine_settings import EngineSettings
from cyclorama.light_words import KeyArgument, LightSettings
from cyclorama.lightjob import require_light, strength_of
from cyclorama.media import Notes, read_environment
from cyclorama.settings import KeySettings, Settings


def asked(**values: object) -> Settings:
    light = LightSettings(**values)  # type: ignore[arg-type]
    return Settings(plate=Path("a.mp4"), output=Path("b.mp4"), reference=(), light=light)


@pytest.mark.parametrize(
    ("text", "toward", "warmth", "softness"),
    [
        ("left high warm", (-1, -1, -0.5), 0.35, None),
        ("right", (1, 0, 0), None, None),
        ("behind, low", (0, 0.7, 1), None, None),
        ("Front Cool Soft", (0, 0, -1), -0.35, 0.7),
        ("high", (0, -1, -0.5), None, None),
        ("neutral hard", None, 0.0, 0.2),
        ("level", None, None, None),
    ],
)
def test_keys_in_words(text: str, toward: object, warmth: object, softness: object) -> None:
    key = KeyArgument.parse(text)
    assert (key.toward, key.warmth_stops, key.softness) == (toward, warmth, softness)


@pytest.mark.parametrize("text", ["", "  ", "left right", "north", "left left", "warm cool"])
def test_no_key(text: str) -> None:
    with pytest.raises(InputError, match="a key light is one or more of: left, right; high, level, low"):
        KeyArgument.parse(text)


@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_strength_is_0_to_1(strength: float) -> None:
    with pytest.raises(InputError, match=r"--relight must be 0 \(not at all\) to 1 \(whole\)"):
        require_light(asked(relight=strength))


def test_light_that_would_not_be_used_is_refused() -> None:
    key = KeyArgument.parse("left")
    for off in ({"relight": 0.0}, {"no_relight": True}):
        require_light(asked(**off))
        assert strength_of(asked(**off)) == 0
        require_light(asked(**off, key_light=key))
        with pytest.raises(InputError, match="relighting and shadows are off; leave one of them out"):
            require_light(asked(**off, key_light=key, no_shadow=True))


@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_shadow_is_0_to_1(strength: float) -> None:
    with pytest.raises(InputError, match=r"--shadow must be 0 \(none\) to 1 \(whole\)"):
        require_light(asked(shadow=strength))


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_reflection_is_0_to_1(strength: float) -> None:
    with pytest.raises(InputError, match=r"--reflection must be 0 \(none\) to 1 \(whole\)"):
        require_light(asked(reflection=strength))
    said = [asked(), asked(reflection=0.3), asked(no_reflection=True), asked(reflection=0.0)]
    assert [s.light.reflection_strength for s in said] == [1.0, 0.3, 0.0, 0.0]


def test_a_shadow_is_whole_where_nothing_is_said() -> None:
    said = [asked(), asked(shadow=0.3), asked(no_shadow=True), asked(shadow=0.0)]
    assert [s.light.shadow_strength for s in said] == [1.0, 0.3, 0.0, 0.0]


def test_an_actor_whose_own_light_is_not_known_keeps_it() -> None:
    footage = replace(asked(), key=KeySettings(matte=(Path("matte"),)))
    assert strength_of(asked()) == 1
    assert strength_of(footage) == 0
    assert strength_of(asked(), lit=False) == 0
    assert strength_of(asked(relight=0.7), lit=False) == 0.7
    assert strength_of(replace(footage, light=LightSettings(relight=0.5))) == 0.5
    assert strength_of(replace(footage, light=LightSettings(key_light=KeyArgument.parse("left")))) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"relit": Path("r"), "relight": 0.0}, "--relit tells how the actor is lit, and relighting is off"),
        ({"normals": Path("n"), "no_relight": True}, "--normals tells how the actor is lit, and relighting is off"),
        ({"relit": Path("r"), "normals": Path("n")}, "--relit brings its own light, and --normals tells"),
        ({"normals": Path("n"), "actor_depth": Path("d")}, "tell the same; leave one of them out"),
        ({"relit": Path("r"), "environment": Path("e"), "no_shadow": True}, "shadows are off; leave them out"),
    ],
)
def test_passes_that_would_not_be_used_are_refused(said: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        require_light(asked(**said))


def test_passes_are_inputs_and_ask_for_light() -> None:
    given = asked(relit=Path("r"), key_light=KeyArgument.parse("left"))
    require_light(given)
    assert Path("r") in given.inputs
    footage = replace(asked(normals=Path("n")), key=KeySettings(matte=(Path("matte"),)))
    assert strength_of(footage) == 1
    assert Path("n") in footage.inputs
    with pytest.raises(InputError, match="--normals serves --engine geometry"):
        require_light(replace(footage, drawn=EngineSettings(engine="in-context")))


def write_hdr(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
    return path


def test_a_panorama_is_read(tmp_path: Path) -> None:
    image = np.full((16, 32, 3), 0.25, np.float32)
    image[3, 4] = (64, 32, 8)
    notes = Notes()
    read = read_environment(write_hdr(tmp_path / "a.hdr", image), notes)
    assert np.allclose(read, image, rtol=0.02)
    assert not notes.all


def test_a_panorama_without_hdr_is_told(tmp_path: Path) -> None:
    notes = Notes()
    read_environment(write_hdr(tmp_path / "a.png", np.full((16, 32, 3), 200, np.uint8)), notes)
    assert "nothing brighter than white" in notes.texts()[0]


@pytest.mark.parametrize(
    ("name", "shape", "level", "words"),
    [
        ("a.hdr", (16, 16, 3), 0.5, "twice as wide as high, got 16 x 16"),
        ("a.hdr", (16, 32, 3), 0.0, "the environment is black"),
    ],
)
def test_no_panorama(tmp_path: Path, name: str, shape: tuple[int, int, int], level: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_environment(write_hdr(tmp_path / name, np.full(shape, level, np.float32)), Notes())


def test_a_damaged_panorama(tmp_path: Path) -> None:
    file = tmp_path / "a.hdr"
    file.write_bytes(b"#?RADIANCE\nnothing more")
    with pytest.raises(InputError, match="damaged or cut off"):
        read_environment(file, Notes())
    file.write_bytes(b"no picture at all")
    with pytest.raises(InputError, match="it is not a PNG, JPEG"):
        read_environment(file, Notes())
    with pytest.raises(InputError, match="there is no such file"):
        read_environment(tmp_path / "none.hdr", Notes())


def test_nan_and_infinity_in_an_exr_panorama_are_told(tmp_path: Path) -> None:
    image = np.full((16, 32, 3), 2.0, np.float32)
    image[0, 0], image[1, 1, 0] = np.nan, np.inf
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, {"RGB": image}).write(str(tmp_path / "a.exr"))
    notes = Notes()
    read = read_environment(tmp_path / "a.exr", notes)
    assert np.isfinite(read).all()
    assert any("not numbers" in t for t in notes.texts())
