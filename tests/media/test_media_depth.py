"""Depth files: every format says the same, and nothing that is no depth gets in."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclorama.core.errors import InputError
from cyclorama.media import read_depth
from cyclorama.media.exr import write_exr_data

DEPTH = np.linspace(1, 200, 30 * 40).reshape(30, 40).astype(np.float32)


def write(path: Path, values: np.ndarray = DEPTH) -> Path:
    match path.suffix:
        case ".npy":
            np.save(path, values)
        case ".npz":
            np.savez_compressed(path, depth=values, other=np.zeros(3))
        case ".exr":
            write_exr_data(path, {"A": np.ones_like(values), "Z": values}, {})
        case ".pfm":
            path.write_bytes(b"Pf\n%d %d\n-1.0\n" % values.shape[::-1] + values[::-1].astype("<f4").tobytes())
        case _:
            cv2.imwrite(str(path), values)
    return path


@pytest.mark.parametrize("name", ["d.npy", "d.npz", "d.exr", "d.pfm", "d.tif"])
def test_floating_point_formats(tmp_path: Path, name: str) -> None:
    values, levels = read_depth(write(tmp_path / name))
    assert values.dtype == np.float32
    assert not levels
    assert np.array_equal(values, DEPTH)


@pytest.mark.parametrize(
    ("name", "kind"), [("d.png", np.uint8), ("d.png", np.uint16), ("d.tif", np.uint16), ("d.npy", np.int32)]
)
def test_whole_numbers(tmp_path: Path, name: str, kind: type) -> None:
    values, levels = read_depth(write(tmp_path / name, DEPTH.astype(kind)))
    assert levels
    assert np.array_equal(values, DEPTH.astype(kind))


@pytest.mark.parametrize("kind", [np.float16, np.float64, ">f4", np.uint16])
def test_any_numbers_in_an_array(tmp_path: Path, kind: str) -> None:
    values, _ = read_depth(write(tmp_path / "d.npy", np.asfortranarray(DEPTH.astype(kind))))
    assert np.allclose(values, DEPTH.astype(kind).astype(np.float32))


def test_a_grey_picture_saved_as_colour_and_a_batch_of_one(tmp_path: Path) -> None:
    grey = np.repeat(DEPTH.astype(np.uint8)[..., None], 3, 2)
    assert np.array_equal(read_depth(write(tmp_path / "d.png", grey))[0], DEPTH.astype(np.uint8))
    assert np.array_equal(read_depth(write(tmp_path / "d.npy", DEPTH[None]))[0], DEPTH)


def test_holes_and_the_sky(tmp_path: Path) -> None:
    holed = DEPTH.copy()
    holed[0, :3] = [np.nan, np.inf, -np.inf]
    values, _ = read_depth(write(tmp_path / "d.npy", holed))
    assert np.array_equal(values[0, :3], [np.nan, np.inf, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("d.npy", np.full((4, 5), np.nan), "no number at all"),
        ("d.npy", np.full((4, 5), 3.0), "is 3 everywhere"),
        ("d.npy", np.zeros((2, 3, 4, 5)), "height x width"),
        ("d.npy", np.zeros(7), "height x width"),
        ("d.npy", np.zeros((0, 5)), "hold numbers"),
        ("d.npy", np.array([["a", "b"]]), "hold numbers"),
        ("d.npy", np.zeros((3, 3), complex), "hold numbers"),
        ("d.png", np.random.default_rng(0).integers(0, 255, (8, 8, 3)), "must be grey"),
    ],
)
def test_what_is_no_depth(tmp_path: Path, name: str, values: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_depth(write(tmp_path / name, values))
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


class Trap:
    def __reduce__(self) -> tuple:  # type: ignore[type-arg]
        return (Path("sprung").touch, ())


@pytest.mark.parametrize("name", ["d.npy", "d.npz", "d.pkl"])
def test_pickles_are_never_opened(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    if name == "d.pkl":
        path.write_bytes(pickle.dumps(Trap()))
    else:
        (np.save if name == "d.npy" else np.savez)(path, np.array([[Trap(), Trap()]], object))
    with pytest.raises(InputError):
        read_depth(path)
    assert not (tmp_path / "sprung").exists()


def test_a_header_that_promises_too_much(tmp_path: Path) -> None:
    """Refused before anything is allocated."""
    path = tmp_path / "d.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    with pytest.raises(InputError, match="at most 100000000"):
        read_depth(path)
    path = tmp_path / "d.pfm"
    path.write_bytes(b"Pf\n1000000 1000000\n-1.0\n")
    with pytest.raises(InputError, match="1000000 x 1000000"):
        read_depth(path)


@pytest.mark.parametrize("name", ["d.npy", "d.npz", "d.exr", "d.pfm", "d.tif", "d.png"])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_cut_off_files(tmp_path: Path, name: str, keep: float) -> None:
    path = write(tmp_path / name, DEPTH.astype(np.uint16) if name == "d.png" else DEPTH)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(InputError) as caught:
        read_depth(path)
    assert "\n" not in str(caught.value)


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_depth(tmp_path / "absent.npy")
    (tmp_path / "words.npy").write_text("far, near, nearer")
    with pytest.raises(InputError, match=r"is no depth picture; give .npy"):
        read_depth(tmp_path / "words.npy")
    np.savez(tmp_path / "two.npz", a=DEPTH, b=DEPTH)
    with pytest.raises(InputError, match="an array called depth"):
        read_depth(tmp_path / "two.npz")
