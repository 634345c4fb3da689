"""What other programs give of the actor, through the command."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_help import Case, cyc, pictures, refused

from cyclorama.comp.relight_normals import inflated, inflated_normals

pytestmark = pytest.mark.slow
_SHOWN = 1.3  # by how much the graded clip's codes are larger


def run(case: Case, folder: Path, name: str, *words: str) -> np.ndarray:
    place = f"--reference=footage:{case.folder}/place"
    common = [case.plate, place, *case.fixed, "--frames=0:2", "--no-film", "--no-shadow", "--no-reflection"]
    ran = cyc("replace", *common, *words, "-o", folder / name / "%04d.png", "--work", folder / f"{name}.work")
    assert ran.exit_code == 0, ran.stderr
    return pictures(folder / name).astype(int)


def notes_of(folder: Path, name: str) -> str:
    return (folder / f"{name}.work" / "report.json").read_text()


def test_a_relit_clip(case: Case, tmp_path: Path) -> None:
    """The plate itself changes no byte; a brighter one lights the actor and nothing else, by --relight."""
    (tmp_path / "graded").mkdir()
    plate = [cv2.imread(str(p)) for p in sorted((case.folder / "plate").glob("*.png"))]
    for index, codes in enumerate(plate):
        shown = np.clip(cv2.resize(codes, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) * _SHOWN, 0, 255)
        cv2.imwrite(str(tmp_path / "graded" / f"{index:04d}.png"), shown.astype(np.uint8))
    off = run(case, tmp_path, "off", "--no-relight")
    assert (run(case, tmp_path, "same", f"--relit={case.plate}") == off).all()
    whole = run(case, tmp_path, "whole", f"--relit={tmp_path}/graded")
    alpha = pictures(case.folder / "binary")[:2]
    core = np.stack([cv2.erode(a, np.ones((9, 9))) for a in alpha]) > 0
    assert (whole[alpha == 0] == off[alpha == 0]).all()
    assert np.median(whole[core] / np.maximum(off[core], 1)) == pytest.approx(_SHOWN, abs=0.07)
    assert "the actor's light is that of graded." in notes_of(tmp_path, "whole")
    light = json.loads(notes_of(tmp_path, "whole"))["light"]
    assert light == {"strength": 1.0, "from": "a relit clip"}


def test_normals(case: Case, tmp_path: Path) -> None:
    (tmp_path / "normals").mkdir()
    (tmp_path / "depth").mkdir()
    for path in sorted((case.folder / "binary").glob("*.png")):
        alpha = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        normals = inflated_normals(alpha)
        codes = np.round((0.5 + 0.5 * normals) * 65535).astype(np.uint16)  # y runs down
        cv2.imwrite(str(tmp_path / "normals" / path.name), codes[..., ::-1])
        cv2.imwrite(str(tmp_path / "depth" / path.name), (60000 - 500 * np.sqrt(inflated(alpha))).astype(np.uint16))
    words = ["--key=left", "--relight=1"]
    own = run(case, tmp_path, "own", *words)
    given = run(case, tmp_path, "given", *words, f"--normals={tmp_path}/normals")
    assert "y ran down (as DirectX has it)" in notes_of(tmp_path, "given")
    deep = run(case, tmp_path, "deep", *words, f"--actor-depth={tmp_path}/depth")
    inside = pictures(case.folder / "binary")[:2] > 0
    for told in (given, deep):
        assert 0 < np.abs(told - own)[inside].mean() < 2  # the same surface, told by a finer outline


def test_what_does_not_fit_is_refused(case: Case, tmp_path: Path) -> None:
    words = [case.plate, case.references[1], *case.fixed, "-o", tmp_path / "a.mp4"]
    begin = case.folder / "refs" / "begin.png"
    assert "this is one picture" in refused(tmp_path, *words, f"--relit={begin}")
    (tmp_path / "short").mkdir()
    cv2.imwrite(str(tmp_path / "short" / "0.png"), np.zeros((120, 214, 3)))
    assert "8 frames of 214x120" in refused(tmp_path, *words, f"--normals={tmp_path}/short")
    (tmp_path / "black").mkdir()
    for index in range(8):
        cv2.imwrite(str(tmp_path / "black" / f"{index}.png"), np.zeros((60, 107, 3)))
    assert "it shows nothing where the actor is" in refused(tmp_path, *words, f"--relit={tmp_path}/black")
    assert "holds no depth where the actor is" in refused(tmp_path, *words, f"--actor-depth={tmp_path}/black")
    assert "in camera space" in refused(tmp_path, *words, f"--normals={case.folder}/place")
