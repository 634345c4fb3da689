"""One case of the shared stage through the command, scored by the shared bench."""

import importlib.util
from pathlib import Path

import pytest
from cli_help import replace

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CASE = SHARED / "stage" / "street_truck"
SCORE = SHARED / "bench" / "score.py"


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.shared
@pytest.mark.skipif(not (SCORE.exists() and CASE.is_dir()), reason="the shared stage is not beside the checkout")
def test_a_truck_down_a_street(tmp_path: Path) -> None:
    times = {"begin": "0", "middle": "50%", "end": "100%"}
    pictures = {name: next((CASE / "refs").glob(f"{name}.*")) for name in times}
    work = tmp_path / "work"
    references = [f"--reference={picture}@{times[name]}" for name, picture in pictures.items()]
    ran = replace(CASE / "plate.mp4", *references, "-o", tmp_path / "shot" / "%04d.png", "--work", work)
    assert ran.exit_code == 0, ran.stderr
    loading = importlib.util.spec_from_file_location("bench_score_of_cli", SCORE)
    assert loading is not None
    assert loading.loader is not None
    bench = importlib.util.module_from_spec(loading)
    loading.loader.exec_module(bench)
    found = bench.score(CASE, tmp_path / "shot", camera=work / "camera.json", matte=work / "matte")
    assert found["mse"] <= 0.003, found
    assert found["motion"] >= 0.85, found
    assert found["rot_deg"] <= 0.5, found
