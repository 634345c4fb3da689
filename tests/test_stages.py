"""Results that are kept: read back bit for bit, and used only for what they were made from."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.ground import GroundPlane
from cyclorama.engine_settings import EngineSettings
from cyclorama.fingerprint import fingerprint
from cyclorama.light_words import LightSettings
from cyclorama.media import Notes
from cyclorama.packing import pack, unpack
from cyclorama.project import place_made_from
from cyclorama.reference_words import ReferenceArgument
from cyclorama.settings import Settings
from cyclorama.stages import Stages


def test_values_come_back_bit_for_bit() -> None:
    random = np.random.default_rng(5)
    cameras = tuple(Camera.from_focal(hw=(9, 16), focal_px=float(f)) for f in random.uniform(10, 20, 3))
    value = (
        CameraPath(cameras),
        [1, 0.1, None, True, "word", Fraction(24000, 1001), float("inf")],
        {"a": random.random((40, 3)).astype(np.float32), "b": np.arange(5) > 2, "c": np.float64(0.3)},
        GroundPlane(np.array([0.0, -1.0, 0.0]), 1 / 3),
    )
    arrays: dict[str, np.ndarray] = {}
    back = unpack(pack(value, arrays), arrays)
    assert [c.px_from_cam.tobytes() for c in back[0].cameras] == [c.px_from_cam.tobytes() for c in cameras]
    assert back[1] == value[1]
    for name, array in value[2].items():
        assert np.array_equal(back[2][name], array)
        assert back[2][name].dtype == array.dtype
    assert (back[3].offset, back[3].normal.tolist()) == (1 / 3, [0, -1, 0])


@pytest.mark.parametrize("name", ["os:system", "cyclorama.folder:shot_folder", "cyclorama.core.camera:np"])
def test_only_records_of_ours_are_made(name: str) -> None:
    with pytest.raises((ValueError, ImportError)):
        unpack({"of": name, "fields": {}}, {})


def test_other_things_are_not_packed() -> None:
    for value in (object(), lambda: 1, np.array([object()]), {1: 2}):
        with pytest.raises(TypeError):
            pack(value, {})


def test_a_result_is_made_once_for_what_it_was_made_from(tmp_path: Path) -> None:
    made = []

    def make() -> np.ndarray:
        made.append(1)
        notes.add("input", "a word")
        return np.full((30, 2), float(len(made)))

    for made_from, wanted in (("x", 1.0), ("x", 1.0), ("y", 2.0), ("x", 3.0)):
        notes = Notes()
        assert Stages(tmp_path / "s", notes)("thing", made_from, make)[0, 0] == wanted
        assert notes.texts() == ("a word",)
    (tmp_path / "s" / "thing.npz").write_bytes(b"cut off")
    assert Stages(tmp_path / "s", Notes())("thing", "x", make)[0, 0] == 4


def test_a_model_that_was_trained_on_is_another_job(tmp_path: Path) -> None:
    def made_from() -> str:
        return fingerprint(settings, settings.inputs, without=("overwrite",))

    (tmp_path / "model.safetensors").write_bytes(b"a")
    drawn = EngineSettings(engine="in-context", model=tmp_path)
    settings = Settings(plate=tmp_path / "a.mp4", output=tmp_path / "b.mp4", reference=(), drawn=drawn)
    before = made_from()
    assert made_from() == before
    (tmp_path / "model.safetensors").write_bytes(b"ab")
    assert made_from() != before


def test_what_lights_or_draws_the_place_does_not_build_it_again(tmp_path: Path) -> None:
    for name in ("model", "sky", "wall"):
        (tmp_path / name).write_bytes(b"a")
    settings = Settings(
        plate=tmp_path / "a.mp4",
        output=tmp_path / "b.mp4",
        reference=(ReferenceArgument(tmp_path / "wall", None),),
        light=LightSettings(environment=tmp_path / "sky"),
        drawn=EngineSettings(engine="in-context", model=tmp_path / "model"),
    )
    whole, place = fingerprint(settings, settings.inputs), place_made_from(settings)
    for name in ("model", "sky"):
        (tmp_path / name).write_bytes(b"ab")
        assert fingerprint(settings, settings.inputs) != whole
        assert place_made_from(settings) == place
    (tmp_path / "wall").write_bytes(b"ab")
    assert place_made_from(settings) != place


def test_only_fields_can_be_left_out_of_what_a_job_was_made_from(tmp_path: Path) -> None:
    settings = Settings(plate=tmp_path / "a.mp4", output=tmp_path / "b.mp4", reference=())
    with pytest.raises(ValueError, match="shadow"):
        fingerprint(settings, (), without=("light", "shadow"))
