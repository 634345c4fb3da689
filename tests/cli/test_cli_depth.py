"""Depth pictures from the command line: the words, the refusals, one run, and a tiny model."""

from pathlib import Path

import numpy as np
import pytest
from cli_help import Case, replace

from cyclorama.core.errors import InputError, MachineError
from cyclorama.core.reference import Reference
from cyclorama.depth_model import open_depth_model
from cyclorama.depth_words import DepthArgument, DepthSettings
from cyclorama.depths import read_depths, with_guessed_depth


@pytest.mark.parametrize(
    ("text", "file", "sense"),
    [
        ("d.npy", "d.npy", None),
        ("metric:d.npy", "d.npy", "metric"),
        ("depth:a/b.png", "a/b.png", "depth"),
        ("inverse:d.exr", "d.exr", "inverse"),
        ("other:d.exr", "other:d.exr", None),
        ("C:/d.exr", "C:/d.exr", None),
    ],
)
def test_words(text: str, file: str, sense: str | None) -> None:
    found = DepthArgument.parse(text)
    assert (found.file, found.sense) == (Path(file), sense)
    assert DepthArgument.parse(str(found)) == found


def test_a_sense_needs_a_file() -> None:
    with pytest.raises(InputError, match="inverse:FILE"):
        DepthArgument.parse("inverse:")


def test_one_for_each_reference(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.arange(6.0).reshape(2, 3))
    given = DepthSettings(depth=(DepthArgument(tmp_path / "d.npy", None),))
    assert read_depths(DepthSettings(), 3) == ()
    assert [d.name for d in read_depths(given, 1)] == ["d.npy"]
    with pytest.raises(InputError, match="once for each --reference, in the same order, got 1 for 3"):
        read_depths(given, 3)


def test_a_shot_by_given_depth(case: Case, tmp_path: Path) -> None:
    """The report says what the depth was taken as; a missing one is one sentence."""
    depth = tmp_path / "depth.npy"
    np.save(depth, np.tile(np.linspace(20, 2, 50)[:, None], (1, 80)))
    given = (case.plate, case.references[0], *case.fixed, "-o", tmp_path / "shot" / "%d.png")
    ran = replace(*given, "--depth", f"metric:{depth}", "--frames", ":2")
    assert ran.exit_code == 0, ran.stderr
    ran = replace(*given, "--depth", tmp_path / "absent.npy", "--overwrite")
    assert ran.exit_code == 2
    assert "no such file" in ran.stderr


@pytest.mark.parametrize(
    ("model", "device", "words"),
    [
        ("nowhere/at/all", "cpu", "no such folder"),
        ("./nowhere", "cpu", "no such folder"),
        ("any", "tpu", "must be one of cpu, cuda"),
    ],
)
def test_what_is_no_model(model: str, device: str, words: str) -> None:
    if device == "cpu":
        pytest.importorskip("transformers")
        pytest.importorskip("torch")
    with pytest.raises(InputError, match=words):
        open_depth_model(model, device)


def test_a_device_without_a_model() -> None:
    with pytest.raises(InputError, match="--depth-model"):
        with_guessed_depth((), DepthSettings(depth_device="cuda"))


def test_without_the_extra_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MachineError, match=r"transformers; install it: pip install 'cyclorama\[depth\]'"):
        open_depth_model("owner/name")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Depth Anything with random weights, as transformers saves it."""
    pytest.importorskip("torch").manual_seed(0)
    transformers = pytest.importorskip("transformers")
    backbone = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=32, image_size=56, patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, patch_size=14, neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8, head_hidden_size=4, reassemble_factors=[4, 2, 1, 0.5],
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny")
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 56, "width": 56}
    transformers.DPTImageProcessor(size=size, keep_aspect_ratio=True, ensure_multiple_of=14).save_pretrained(folder)
    return folder


def test_a_model_gives_the_depth_of_references_that_come_without(tiny: Path) -> None:
    image = np.random.default_rng(0).random((45, 80, 3), np.float32)
    given = with_guessed_depth((Reference(image, 0, "a.png"),), DepthSettings(depth_model=str(tiny)))
    depth = given[0].depth
    assert depth is not None
    assert (depth.values.shape, depth.sense, depth.levels) == ((45, 80), "inverse", False)
    assert "a.png" in depth.name
    again = with_guessed_depth(given, DepthSettings(depth_model="not/read"))
    assert again == given or again[0].depth is depth


def test_pickled_weights_are_refused(tiny: Path, tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((tiny / name).read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(InputError, match="safetensors"):
        open_depth_model(str(tmp_path))
