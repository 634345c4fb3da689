"""Every camera format: there and back, at its rates, angles and sizes."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from camera_cases import (
    BENDS,
    HW,
    NAMES,
    RATE,
    SAYS_RATE,
    any_path,
    needs,
    require_same,
    written,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.matchmove import FORMATS, read_camera, read_shot, write_camera
from cyclorama.matchmove.camera_axes import angles_of, rotation_about, rotation_from_angles

every_format = pytest.mark.parametrize("name", NAMES)


def test_every_format_is_tried() -> None:
    assert set(NAMES) == set(FORMATS)


@every_format
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), num_frames=st.integers(1, 5), first=st.sampled_from([None, 0, 1, 1001]))
def test_there_and_back(tmp_path: Path, name: str, seed: int, num_frames: int, first: int | None) -> None:
    needs(name)
    truth = any_path(name, seed, num_frames)
    found = read_shot(written(tmp_path, name, truth, first_frame=first, film_back_mm=24.89))
    require_same(found.path, truth)
    assert found.first_frame == (FORMATS[name].first_frame if first is None else first)
    assert found.rate == (RATE if name in SAYS_RATE else None)


@pytest.mark.parametrize("name", sorted(BENDS))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), num_frames=st.integers(1, 4), still=st.booleans())
def test_there_and_back_with_a_lens(tmp_path: Path, name: str, seed: int, num_frames: int, still: bool) -> None:
    """What the camera that came back sees is where it was, to a millionth of a pixel."""
    truth = any_path(name, seed, num_frames, still, bent=True)
    found = read_shot(written(tmp_path, name, truth)).path
    require_same(found, truth)
    rng = np.random.default_rng(seed)
    px, depth = rng.uniform([0, 0], [HW[1], HW[0]], (20, 2)), rng.uniform(2, 20, 20)
    for ours, real in zip(found.cameras, truth.cameras):
        assert np.abs(ours.project(real.unproject(px, depth))[0] - px).max() < 1e-6


@every_format
def test_a_lens_that_a_format_lacks_is_no_reason_to_refuse(tmp_path: Path, name: str) -> None:
    needs(name)
    truth = any_path(name, bent=True)
    found = read_shot(written(tmp_path, name, truth)).path
    assert (FORMATS[name].lens != "none") == (name in BENDS)
    require_same(found, truth if name in BENDS else CameraPath(tuple(c.pinhole for c in truth.cameras)))


@every_format
def test_a_camera_that_stands_still(tmp_path: Path, name: str) -> None:
    needs(name)
    truth = any_path(name, 7, 6, still=True)
    assert truth.is_locked_off
    require_same(read_shot(written(tmp_path, name, truth)).path, truth)


@every_format
def test_a_camera_for_a_plate(tmp_path: Path, name: str) -> None:
    needs(name)
    truth = any_path(name)
    file = written(tmp_path, name, truth)
    require_same(read_camera(file, hw=HW, num_frames=4), truth)
    half = read_camera(file, hw=(540, 960), num_frames=4)
    require_same(half, truth.resized((540, 960)))
    with pytest.raises(InputError, match="holds 4 cameras and the plate has 5 frames"):
        read_camera(file, hw=HW, num_frames=5)
    with pytest.raises(InputError, match="shapes must agree"):
        read_camera(file, hw=(1920, 1080), num_frames=4)


angle = st.one_of(st.floats(-400, 400), st.sampled_from([0.0, 90.0, -90.0, 180.0, 89.9999999, 90.0000001, 270.0]))


@given(st.tuples(angle, angle, angle), st.sampled_from(["XYZ", "YXZ", "ZXY", "XZY", "YZX", "ZYX"]))
@example((90.0, 30.0, 40.0), "YXZ")
def test_angles_are_exact_also_where_axes_fall_together(degrees: tuple[float, float, float], product: str) -> None:
    turn = rotation_from_angles(degrees, product)
    assert np.abs(rotation_from_angles(angles_of([turn], product)[0], product) - turn).max() < 1e-12


def test_angles_do_not_jump_by_a_turn() -> None:
    found = angles_of([rotation_about("Y", a) for a in range(0, 720, 20)], "YXZ")
    assert np.allclose(np.diff(found[:, 1]), 20)


def test_rates_that_no_decimal_holds(tmp_path: Path) -> None:
    for rate in (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(25, 2), Fraction(48)):
        for name in SAYS_RATE - {"usd"}:
            write_camera(tmp_path / NAMES[name], any_path(name), rate, format_name=name)
            assert read_shot(tmp_path / NAMES[name]).rate == rate


def test_a_convention_may_name_units_beside_its_axes(tmp_path: Path) -> None:
    file = tmp_path / "camera.json"
    pose = np.eye(4).tolist()
    frame = {"frame": 0, "fx": 400.0, "fy": 400.0, "cx": 200.0, "cy": 100.0, "camera_to_world": pose}
    data = {"convention": "opencv camera_to_world, metres, pixels", "width": 400, "height": 200, "frames": [frame]}
    file.write_text(json.dumps(data))
    assert len(read_camera(file, hw=(200, 400), num_frames=1)) == 1
