"""``camera.json`` there and back, and what is no camera.json."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matchmove_world import HW, path

from cyclorama.core.errors import InputError
from cyclorama.matchmove import camera_json, read_camera

NUM_FRAMES = 5


@pytest.fixture
def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(camera_json(path("orbit", NUM_FRAMES), Fraction(24000, 1001)))
    return found


def test_there_and_back(tmp_path: Path, data: dict[str, Any]) -> None:
    truth = path("orbit", NUM_FRAMES)
    (tmp_path / "camera.json").write_text(json.dumps(data))
    assert (data["width"], data["height"]) == (HW[1], HW[0])
    assert data["fps"] == pytest.approx(23.976, abs=1e-3)
    assert [f["frame"] for f in data["frames"]] == list(range(NUM_FRAMES))
    back = read_camera(tmp_path / "camera.json", hw=HW, num_frames=NUM_FRAMES)
    for ours, real in zip(back.cameras, truth.cameras):
        assert np.abs(ours.world_from_camera - real.world_from_camera).max() < 1e-9
        assert np.abs(ours.px_from_cam - real.px_from_cam).max() < 1e-9


def test_a_camera_of_a_plate_of_another_size(tmp_path: Path, data: dict[str, Any]) -> None:
    """Twice the size: focal and middle in twice as many pixels."""
    (tmp_path / "camera.json").write_text(json.dumps(data))
    large = read_camera(tmp_path / "camera.json", hw=(2 * HW[0], 2 * HW[1]), num_frames=NUM_FRAMES)
    assert large.hw == (2 * HW[0], 2 * HW[1])
    assert np.allclose(large[2].px_from_cam[:2], 2 * path("orbit", NUM_FRAMES)[2].px_from_cam[:2])


def _frame(index: int = 2, **changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data["frames"][index].update(changes)


def _pose(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[dict[str, Any]], object]:
    def apply(data: dict[str, Any]) -> None:
        frame = data["frames"][1]
        frame["camera_to_world"] = change(np.array(frame["camera_to_world"])).tolist()

    return apply


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda d: d["frames"].pop(), id="one frame short"),
        pytest.param(lambda d: d["frames"].clear(), id="no frames"),
        pytest.param(lambda d: d.pop("frames"), id="no list of frames"),
        pytest.param(lambda d: d.pop("width"), id="no width"),
        pytest.param(lambda d: d.update(frames=7), id="frames is a number"),
        pytest.param(lambda d: d.update(frames=[1] * NUM_FRAMES), id="frames are numbers"),
        pytest.param(lambda d: d.update(width=HW[0], height=HW[1]), id="upright"),
        pytest.param(lambda d: d.update(height=0), id="no height"),
        pytest.param(lambda d: d.update(width=-HW[1], height=-HW[0]), id="less than nothing"),
        pytest.param(lambda d: d.update(width=float("inf")), id="endless"),
        pytest.param(_frame(fx=0), id="zero focal"),
        pytest.param(_frame(fy=-200.0), id="negative focal"),
        pytest.param(_frame(fx=float("nan")), id="focal not a number"),
        pytest.param(_frame(cx=None), id="no centre"),
        pytest.param(_frame(cy="middle"), id="centre in words"),
        pytest.param(_frame(camera_to_world=[[1, 0, 0, 0]] * 3), id="three rows"),
        pytest.param(_frame(camera_to_world=[[1, 0], [2]]), id="ragged"),
        pytest.param(_pose(lambda m: m * np.nan), id="pose not a number"),
        pytest.param(_pose(np.zeros_like), id="singular"),
        pytest.param(_pose(lambda m: m @ np.diag([1, 1, -1, 1])), id="mirrored"),
        pytest.param(_pose(lambda m: m @ np.diag([2, 2, 2, 1])), id="scaled"),
        pytest.param(_pose(lambda m: m.T), id="transposed"),
    ],
)
def test_what_is_no_camera_for_this_plate(tmp_path: Path, data: dict[str, Any], spoil: Callable[[Any], object]) -> None:
    spoil(data)
    file = tmp_path / "camera.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InputError) as refusal:
        read_camera(file, hw=HW, num_frames=NUM_FRAMES)
    sentence = str(refusal.value)
    assert sentence.startswith(f"{file}: ")
    assert "\n" not in sentence
    assert len(sentence) < len(str(file)) + 450


@pytest.mark.parametrize("content", [b"", b"not json", b"[1, 2]", b"null", b"\xff\xfe\x00", b'{"width": 1'])
def test_what_is_no_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "camera.json").write_bytes(content)
    with pytest.raises(InputError, match=r"this is no camera\.json"):
        read_camera(tmp_path / "camera.json", hw=HW, num_frames=NUM_FRAMES)


def test_no_file(tmp_path: Path) -> None:
    for file in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_camera(file, hw=HW, num_frames=NUM_FRAMES)
