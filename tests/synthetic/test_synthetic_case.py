"""The folder a shot is written to."""

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclorama.core.display import code8_from_linear
from cyclorama.synthetic import ShotSpec, make_shot, write_case

SPEC = ShotSpec(seed=9, num_frames=4, hw=(96, 160), place="yard", move="dolly")
SCORE = Path(__file__).parents[3] / "shared" / "bench" / "score.py"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case") / "yard_dolly"
    write_case(make_shot(SPEC), folder)
    return folder


def test_the_layout(case: Path) -> None:
    for name in ("plate", "truth", "place", "alpha", "actor"):
        assert sorted(p.name for p in (case / name).iterdir()) == [f"{i:04d}.png" for i in range(4)]
    assert sorted(p.name for p in (case / "refs").iterdir()) == ["begin.png", "end.png", "middle.png"]
    assert cv2.imread(str(case / "alpha" / "0000.png"), cv2.IMREAD_UNCHANGED).shape == (96, 160)
    assert cv2.imread(str(case / "actor" / "0000.png"), cv2.IMREAD_UNCHANGED).shape == (96, 160, 4)
    assert np.load(case / "depth" / "middle.npy").shape == (96, 160)
    meta = json.loads((case / "meta.json").read_text())
    assert meta["references"] == {"begin": 0, "middle": 2, "end": 3}
    assert (meta["width"], meta["height"], meta["frames"], meta["screen"]) == (160, 96, 4, "green")


def test_pictures_and_cameras_are_the_shots(case: Path) -> None:
    shot = make_shot(SPEC)
    written = cv2.imread(str(case / "truth" / "0001.png"))[..., ::-1]
    assert np.array_equal(written, code8_from_linear(shot.truth.frames[1]))
    assert np.array_equal(cv2.imread(str(case / "refs" / "end.png")), cv2.imread(str(case / "place" / "0003.png")))
    record = json.loads((case / "camera.json").read_text())
    assert len(record["frames"]) == 4
    assert np.allclose(record["frames"][2]["camera_to_world"], shot.path[2].world_from_camera)
    assert record["frames"][2]["fx"] == shot.path[2].px_from_cam[0, 0]


def test_a_spec_streams_to_the_same_folder(case: Path, tmp_path: Path) -> None:
    write_case(SPEC, tmp_path)
    for path in sorted(p for p in case.rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / path.relative_to(case)).read_bytes()


@pytest.mark.shared
@pytest.mark.skipif(not SCORE.exists(), reason="shared/bench is not beside the checkout")
def test_the_bench_scores_it(case: Path) -> None:
    loading = importlib.util.spec_from_file_location("bench_score", SCORE)
    assert loading is not None
    assert loading.loader is not None
    bench = importlib.util.module_from_spec(loading)
    loading.loader.exec_module(bench)
    perfect = bench.score(case, case / "truth", camera=case / "camera.json", matte=case / "alpha")
    assert perfect["mse"] == 0
    assert perfect["matte_mse"] == 0
    assert perfect["rot_deg"] < 1e-4
    plate = bench.score(case, case / "plate")
    assert plate["psnr_set"] < 20
