"""``cyc check``: what it says, what it writes, and what it refuses."""

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_help import Case, cyc, listing, pictures, refused


@pytest.fixture(scope="module")
def proof(case: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A work folder as ``cyc replace`` leaves it, checked with ``--json``; and the report."""
    work = tmp_path_factory.mktemp("work")
    shutil.copy(case.folder / "camera.json", work)
    shutil.copytree(case.folder / "alpha", work / "matte" / "1")
    shutil.copytree(case.folder / "binary", work / "matte" / "2")
    ran = cyc("check", case.folder / "truth", "--work", work, "--json")
    assert ran.exit_code == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["start", "report"]
    return work, {k: v for k, v in lines[-1].items() if k != "event"}


def test_a_sound_shot(proof: tuple[Path, dict[str, object]]) -> None:
    work, report = proof
    assert json.loads((work / "check.json").read_text()) == report
    assert report["verdict"] in ("locks", "unsure")
    assert report["slip_px"]["median"] < 0.2  # type: ignore[index]
    frames = report["per_frame"]
    assert [f["frame"] for f in frames] == list(range(8))  # type: ignore[attr-defined]
    assert frames[0]["median_px"] is None  # type: ignore[index]
    assert frames[3]["points"] >= 8  # type: ignore[index]
    assert "NaN" not in (work / "check.json").read_text()


def test_the_plot_is_whole_and_its_own(proof: tuple[Path, dict[str, object]]) -> None:
    text = (proof[0] / "check.svg").read_text()
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "href" not in text
    curves = [e.get("d") for e in root.iter("{http://www.w3.org/2000/svg}path") if e.get("fill") == "none"]
    assert len(curves) == 4
    assert all("nan" not in (c or "") for c in curves)
    assert curves[1].count("L") == 6  # type: ignore[union-attr]


def test_a_slipping_shot_in_words(case: Case, tmp_path: Path) -> None:
    """The background goes down by 1.5 px a frame; the matte does not."""
    (tmp_path / "shot").mkdir()
    for index, (truth, alpha) in enumerate(zip(pictures(case.folder / "truth"), pictures(case.folder / "alpha"))):
        to = np.array([[1, 0, 0], [0, 1, 1.5 * (index - 3.5)]])
        slid = cv2.warpAffine(truth, to, truth.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        over = np.where(alpha[..., None] > 0, truth, slid)
        cv2.imwrite(str(tmp_path / "shot" / f"{index:04d}.png"), over)
    words = [
        "--camera",
        case.folder / "camera.json",
        "--matte",
        case.folder / "alpha",
        "-o",
        tmp_path / "new" / "proof",
    ]
    ran = cyc("check", tmp_path / "shot", *words)
    assert ran.exit_code == 0, ran.stderr
    assert "the background slips 1." in ran.stdout
    found = json.loads((tmp_path / "new" / "proof" / "check.json").read_text())
    assert found["verdict"] == "slips"
    assert found["drift_px"]["down"] == pytest.approx(1.5, abs=0.15)
    assert (tmp_path / "new" / "proof" / "check.svg").is_file()


def test_nothing_is_written_where_nothing_was_asked_for(case: Case, tmp_path: Path) -> None:
    before = listing(case.folder)
    ran = cyc("check", case.folder / "truth", "--camera", case.folder / "camera.json")
    assert ran.exit_code == 0, ran.stderr
    assert "no matte was given" in ran.stderr
    assert len(ran.stdout.splitlines()) == 1
    assert listing(case.folder) == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no camera was given"),
        (["--work=HERE/none"], "the camera cannot be read"),
        (["--camera=CASE/meta.json"], "no camera.json"),
        (["--camera=HERE/short.json"], "holds 5 cameras"),
        (["--camera=CASE/camera.json", "--matte=HERE/few"], "8 frames of 214x120, got 3"),
    ],
)
def test_refusals(case: Case, tmp_path: Path, arguments: list[str], words: str) -> None:
    camera = json.loads((case.folder / "camera.json").read_text())
    (tmp_path / "short.json").write_text(json.dumps({**camera, "frames": camera["frames"][:5]}))
    (tmp_path / "few").mkdir()
    for index in range(3):
        shutil.copy(case.folder / "alpha" / f"{index:04d}.png", tmp_path / "few")
    asked = [a.replace("HERE", str(tmp_path)).replace("CASE", str(case.folder)) for a in arguments]
    assert words in refused(tmp_path, case.folder / "truth", *asked, command="check")


def test_help_says_how_it_ends() -> None:
    text = cyc("check", "--help").stdout
    for part in ("cyc check shot.mp4 --work work/", "ends with 0 whatever it finds", "check.svg"):
        assert part in " ".join(text.split()).replace("│ ", "")
