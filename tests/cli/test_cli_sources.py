"""Where a matte can come from: a clean plate, painted masks, a learned model, a given matte that is refined."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_help import Case, cyc, pictures, refused
from learned_standins import save_rvm

from cyclorama.media import Notes, open_clip


@pytest.fixture(scope="module")
def footage(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of the finished truth, as ordinary footage."""
    folder = tmp_path_factory.mktemp("footage")
    shutil.copytree(case.folder / "truth", folder / "plate")
    return folder


def first_mask(case: Case) -> Path:
    return case.folder / "binary" / "0000.png"


def error_of(folder: Path, case: Case) -> float:
    return float(np.abs(pictures(folder) / 65535 - pictures(case.folder / "alpha") / 255).mean())


def test_a_painted_mask_is_carried(case: Case, footage: Path, tmp_path: Path) -> None:
    ran = cyc(
        "key", footage / "plate", "-o", tmp_path / "m" / "%04d.png", "--only-matte", "--mask", f"0:{first_mask(case)}"
    )
    assert ran.exit_code == 0, ran.stderr
    truth = pictures(case.folder / "alpha") > 127
    for got, wanted in zip(pictures(tmp_path / "m") > 32767, truth):
        assert (got & wanted).sum() / (got | wanted).sum() > 0.5


def test_a_hard_matte_is_refined_on_request_alone(case: Case, footage: Path, tmp_path: Path) -> None:
    words = ["key", footage / "plate", f"--matte={case.folder}/binary", "--only-matte"]
    for name, more in (("kept", []), ("refined", ["--refine"])):
        ran = cyc(*words, "-o", tmp_path / name / "%04d.png", *more)
        assert ran.exit_code == 0, ran.stderr
    binary = pictures(case.folder / "binary")
    np.testing.assert_array_equal(pictures(tmp_path / "kept") // 257, binary)
    refined = pictures(tmp_path / "refined")
    assert ((refined > 0) & (refined < 65535)).any()
    assert error_of(tmp_path / "refined", case) < 1.2 * error_of(tmp_path / "kept", case)


def test_a_learned_matte_runs_and_tells_its_licence(footage: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    weights = save_rvm(tmp_path / "model.onnx")
    words = ["key", footage / "plate", "--matting", "rvm", "--weights", weights, "--only-matte"]
    ran = cyc(*words, "-o", tmp_path / "m" / "%04d.png", "--work", tmp_path / "work")
    assert ran.exit_code == 0, ran.stderr
    assert "GPL-3.0" in ran.stderr
    assert len(pictures(tmp_path / "m")) == 8
    assert (tmp_path / "work" / "learned").is_dir()


def test_a_clean_plate_is_taken(case: Case, tmp_path: Path) -> None:
    frame = cv2.imread(str(case.folder / "plate" / "0000.png"))
    clean = np.full_like(frame, np.median(frame.reshape(-1, 3), axis=0).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "clean.png"), clean)
    words = ["key", case.folder / "plate", "--only-matte", f"--clean-plate={tmp_path}/clean.png"]
    ran = cyc(*words, "-o", tmp_path / "m" / "%04d.png")
    assert ran.exit_code == 0, ran.stderr
    assert error_of(tmp_path / "m", case) < 0.02


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--mask=0:HERE/none.png"], "there is no such file"),
        (["--mask=0:MASK", "--mask=0:MASK"], "two masks are of frame 0"),
        (["--mask=99:MASK"], "0..7"),
        (["--mask=0:HERE/small.png"], "214x120"),
        (["--mask=0:HERE/black.png"], "paint the actor white"),
        (["--mask=0:HERE/white.png"], "white all over"),
        (["--mask=0:MASK", "--matte=CASE/binary"], "--matte and --mask"),
        (["--screen=green", "--matte=CASE/binary"], "--matte and --screen"),
        (["--mask=0:MASK", "--clean-plate=MASK"], "--mask and --clean-plate"),
        (["--refine"], "--matte"),
        (["--mask=0:MASK", "--despill=0.5"], "--despill"),
        (["--matting=rvm"], "--weights"),
        (["--weights=HERE/none.onnx"], "--matting"),
        (["--matting=dream", "--weights=HERE/none.onnx"], "choose one of"),
        (["--matting=matanyone2", "--weights=HERE/none.pth", "--commercial-only"], "non-commercial"),
        (["--clean-plate=HERE/black214.png"], "shows no green screen"),
        (["--screen=#0000ff"], "no screen of the colour #0000ff"),
        (["--device=cuda"], "--matting"),
        (["--commercial-only"], "--matting"),
        (["--matte=MASK"], "this is one picture"),
        (["--split=MASK"], "this is one picture"),
        (["--garbage=HERE/deep.json"], "JSON"),
        (["--clean-plate=HERE/small.png"], "8 frames, of 214x120"),
        (["--clean-plate=HERE/none.png"], "there is no such file"),
    ],
)
def test_what_cannot_be_a_source(case: Case, tmp_path: Path, words: list[str], sentence: str) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((10, 10), np.uint8))
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((120, 214), np.uint8))
    cv2.imwrite(str(tmp_path / "white.png"), np.full((120, 214), 255, np.uint8))
    cv2.imwrite(str(tmp_path / "black214.png"), np.zeros((120, 214, 3), np.uint8))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    given = [
        w.replace("HERE", str(tmp_path)).replace("CASE", str(case.folder)).replace("MASK", str(first_mask(case)))
        for w in words
    ]
    assert sentence in refused(tmp_path, case.plate, "-o", tmp_path / "a.mov", *given, command="key")


def test_kept_mattes_are_never_written_over_what_is_read(case: Case, tmp_path: Path) -> None:
    work = tmp_path / "work"
    ran = cyc("key", case.plate, "-o", tmp_path / "a.mov", "--work", work)
    assert ran.exit_code == 0, ran.stderr
    words = [case.plate, "--work", work]
    for more in (
        ["-o", tmp_path / "b.mov", "--matte", work / "matte"],
        ["-o", tmp_path / "b.mov", "--matte", work / ".." / "work" / "matte"],
        ["-o", tmp_path / "b.mov", "--sheet", work / "matte"],
        ["-o", work / "matte" / "1" / "%04d.png"],
        ["-o", work / ".." / "work" / "matte" / "%05d.png"],
    ):
        assert "--work" in refused(tmp_path, *words, *more, command="key")


def test_mattes_of_an_older_run_are_told(case: Case, tmp_path: Path) -> None:
    words = ["key", case.plate, "--work", tmp_path / "work", "-o", tmp_path / "a.mov"]
    assert cyc(*words).exit_code == 0
    ran = cyc(*words, "--overwrite", "--frames", "0:5")
    assert ran.exit_code == 0, ran.stderr
    assert "3 older mattes" in ran.stderr


def test_prores_of_an_odd_width(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    frame = np.full((54, 97, 3), (40, 180, 30), np.uint8)
    frame[20:40, 40:60] = 90
    cv2.imwrite(str(tmp_path / "odd" / "0000.png"), frame)
    ran = cyc("key", tmp_path / "odd", "-o", tmp_path / "a.mov")
    assert ran.exit_code == 0, ran.stderr
    with open_clip(tmp_path / "a.mov", notes=Notes()) as clip:
        assert clip.hw == (54, 97)
