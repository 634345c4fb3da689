"""An artist's hand and several actors, through the command."""

import json
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from cli_help import Case, Ran, cyc, listing, pictures, replace

from cyclorama.core.errors import InputError
from cyclorama.extremes import Extremes
from cyclorama.matting import edge
from cyclorama.retouch import read_polygons
from cyclorama.settings import KeyedPolygon, MaskArgument

HW = (120, 214)


@pytest.fixture(scope="module")
def drawn(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mattes made by hand, right and wrong."""
    folder = tmp_path_factory.mktemp("drawn")
    for name, (hw, count, level) in {
        "white": (HW, 8, 255),
        "black": (HW, 8, 0),
        "short": (HW, 5, 0),
        "small": ((60, 107), 8, 0),
        "late": (HW, 8, None),
        "left": (HW, 8, None),
        "right": (HW, 8, None),
    }.items():
        (folder / name).mkdir()
        for index in range(count):
            plane = np.full(hw, level or 0, np.uint8)
            if name == "late" and index >= 3:
                plane[20:100, 90:120] = 255
            if name in ("left", "right"):
                actor = cv2.imread(str(case.folder / "binary" / f"{index:04d}.png"), cv2.IMREAD_GRAYSCALE)
                side = np.arange(HW[1]) < np.median(np.nonzero(actor)[1])
                plane = np.where(side == (name == "left"), actor, 0).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{index:04d}.png"), plane)
    half = np.zeros(HW, np.uint8)
    half[:, :107] = 255
    cv2.imwrite(str(folder / "half.png"), half)
    cv2.imwrite(str(folder / "tiny.png"), half[::2, ::2])
    (folder / "box.toml").write_text("[[polygon]]\npoints = [[0, 0], [107, 0], [107, 120], [0, 120]]\n")
    (folder / "bad.toml").write_text("[[polygon]]\npoints = [[0, 0], [107, 0]]\n")
    (folder / "broken.toml").write_text("[[polygon")
    (folder / "other.json").write_text('{"frames": 3}')
    return folder


def run(case: Case, tmp_path: Path, *arguments: object) -> tuple[Ran, np.ndarray, dict[str, object]]:
    """Frames 2 to 5 with the case's camera: what was said, the mattes and the report."""
    work = tmp_path / "work"
    given = ("--frames", "2:5", "--camera", case.folder / "camera.json", "--work", work)
    ran = replace(case.plate, case.references[1], "-o", tmp_path / "shot" / "%d.png", *given, *arguments)
    assert ran.exit_code == 0, ran.stderr
    return ran, pictures(work / "matte"), json.loads((work / "report.json").read_text())


WRONG = [
    (["--grow=x"], "--grow: must be VALUE, or FRAME:VALUE"),
    (["--soften=1.5:2"], "--soften: must be VALUE, or FRAME:VALUE"),
    (["--garbage=polygon:1,2 3,4"], "--garbage: a polygon must be X,Y X,Y X,Y"),
    (["--holdout=polygon:1,2 3,4 5,6@x"], "--holdout: a polygon must be X,Y X,Y X,Y"),
]
REFUSED = [
    (["--grow=21"], "--grow must lie in -20 to 20, got 21"),
    (["--grow=1", "--grow=4:2"], "--grow: give one VALUE, or FRAME:VALUE for every key"),
    (["--grow=4:1", "--grow=4:2"], "--grow: frame 4 has two values"),
    (["--soften=-1"], "--soften must lie in 0 to 100, got -1"),
    (["--clip-black=0.5", "--clip-white=0.5"], "0 <= black < white <= 1"),
    (["--clip-white=1.2"], "--clip-white must lie in 0 to 1"),
    (["--despill=0.5", "--matte=HERE/black"], "--despill needs a screen's key"),
    (["--matte=HERE/left", "--matte=HERE/short"], "short: the matte must have the plate's 8 frames of 214x120, got 5"),
    (["--matte=HERE/small"], "got 8 of 107x60; export it for the whole plate"),
    (["--matte=HERE/left", "--matte=HERE/right", "--split=HERE/left"], "--split divides one key"),
    (["--split=HERE/short"], "a rough matte must have the plate's 8 frames"),
    (["--garbage=HERE/short"], "a garbage matte must have the plate's 8 frames"),
    (["--holdout=HERE/small"], "a holdout matte must have the plate's 8 frames of 214x120, got 8 of 107x60"),
    (["--garbage=HERE/tiny.png"], "a garbage matte must have the plate's size 214x120, got 107x60; draw it over"),
    (["--garbage=HERE/none.png"], "there is no such file"),
    (["--garbage=HERE/none.toml"], "none.toml: cannot be read"),
    (["--holdout=HERE/bad.toml"], 'bad.toml: must hold "polygon", a list of'),
    (["--holdout=HERE/broken.toml"], "broken.toml: is no TOML file"),
    (["--holdout=HERE/other.json"], 'other.json: must hold "polygon", a list of'),
    (["--garbage=polygon:0,0 9,0 9,9@1; 0,0 9,0 9,9 0,9@2"], "the same number of corners, got 3, 4"),
    (["--garbage=polygon:0,0 9,0 9,9@1; 0,0 9,0 9,8"], "every key of a polygon needs a FRAME of its own"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_what_cannot_be_asked_for(case: Case, drawn: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    arguments = [a.replace("HERE", str(drawn)) for a in arguments]
    ran = replace(case.plate, *case.references, "-o", tmp_path / "shot.mp4", "--work", tmp_path / "work", *arguments)
    assert ran.exit_code == 2, (ran.stdout, ran.stderr)
    assert len(ran.errors) == 1
    assert words in ran.errors[0]
    assert not listing(tmp_path)


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_words_that_cannot_be_read_name_their_option(
    case: Case, tmp_path: Path, arguments: list[str], words: str
) -> None:
    ran = replace(case.plate, *case.references, "-o", tmp_path / "shot.mp4", *arguments)
    assert ran.exit_code == 2
    assert words in " ".join(ran.stderr.replace("│", "").split())
    assert not listing(tmp_path)


def test_masks_as_words() -> None:
    assert MaskArgument.parse("roto/garbage.mp4") == MaskArgument(Path("roto/garbage.mp4"))
    keys = MaskArgument.parse("polygon:0,0 10.5,0 10,-8@0;1,1 11,1 11,9@24").polygons
    assert [k.frame for k in keys] == [0, 24]
    assert keys[0].corners == ((0, 0), (10.5, 0), (10, -8))
    assert MaskArgument.parse("polygon:0,0 1,0 1,1").polygons[0].frame is None


def test_files_of_polygons(tmp_path: Path) -> None:
    square = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))
    points = [list(p) for p in square]
    data = {"polygon": [{"points": points}, {"keys": [{"frame": 3, "points": points}, {"frame": 9, "points": points}]}]}
    (tmp_path / "a.json").write_text(json.dumps(data))
    text = "\n".join(
        f"[[polygon]]\n{k} = {json.dumps(v).replace(':', ' =')}" for p in data["polygon"] for k, v in p.items()
    )
    (tmp_path / "a.toml").write_text(text.replace('"frame"', "frame").replace('"points"', "points"))
    wanted = ((KeyedPolygon(None, square),), (KeyedPolygon(3, square), KeyedPolygon(9, square)))
    assert read_polygons(tmp_path / "a.json") == wanted
    assert read_polygons(tmp_path / "a.toml") == wanted
    for wrong in (
        '{"polygon": []}',
        '{"polygon": [3]}',
        '{"polygon": [{"points": [[0, 0], [1, 1], [NaN, 0]]}]}',
        "[1]",
    ):
        (tmp_path / "b.json").write_text(wrong)
        with pytest.raises(InputError, match="must hold"):
            read_polygons(tmp_path / "b.json")


@pytest.mark.slow
def test_the_key_is_adjusted_at_its_frames(case: Case, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    matte = f"--matte={case.folder}/alpha"
    _, before, _ = run(case, tmp_path / "a", matte)
    (tmp_path / "b").mkdir()
    _, after, report = run(case, tmp_path / "b", matte, "--grow", "2:0", "--grow", "4:-1")
    assert np.array_equal(before[0], after[0])
    for index, pixels in ((1, -0.5), (2, -1.0)):
        wanted = edge.grow(before[index].astype(np.float32) / 65535, pixels)
        assert np.abs(after[index] / 65535 - wanted).max() < 1e-4
    settings = report["settings"]
    assert isinstance(settings, dict)
    assert settings["key"]["grow"] == [{"frame": 2, "value": 0.0}, {"frame": 4, "value": -1.0}]


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["half.png", "box.toml", "polygon:0,0 107,0 107,120 0,120"])
def test_garbage_in_every_form(case: Case, drawn: Path, tmp_path: Path, mask: str) -> None:
    garbage = mask if mask.startswith("polygon") else drawn / mask
    _, found, _ = run(case, tmp_path, f"--matte={case.folder}/binary", "--garbage", garbage)
    wanted = pictures(case.folder / "binary")[2:5]
    assert wanted[:, :, :107].any()
    assert not found[:, :, :107].any()
    assert np.array_equal(found[:, :, 107:] > 0, wanted[:, :, 107:] > 0)


@pytest.mark.slow
def test_layers_stay_apart_and_make_the_picture_of_one_matte(case: Case, drawn: Path, tmp_path: Path) -> None:
    for name, mattes in {"one": [case.folder / "binary"], "two": [drawn / "left", drawn / "right"]}.items():
        (tmp_path / name).mkdir()
        arguments = [f"--matte={m}" for m in mattes]
        work = ("--work", tmp_path / name / "work", "--frames", "2:5", "--camera", case.folder / "camera.json")
        ran = replace(case.plate, case.references[1], "-o", tmp_path / name / "shot" / "%d.png", *work, *arguments)
        assert ran.exit_code == 0, ran.stderr
    assert np.array_equal(pictures(tmp_path / "one" / "shot"), pictures(tmp_path / "two" / "shot"))
    work = tmp_path / "two" / "work"
    for number, name in ((1, "left"), (2, "right")):
        assert np.array_equal(pictures(work / "matte" / str(number)) / 257, pictures(drawn / name)[2:5])
    assert not list((work / "matte").glob("*.png"))
    assert "layer" not in " ".join(json.loads((work / "report.json").read_text())["warnings"])


@pytest.mark.slow
def test_a_screen_key_is_split_by_a_rough_matte(case: Case, drawn: Path, tmp_path: Path) -> None:
    given = ("--frames", "2:4", "--camera", case.folder / "camera.json", "--work", tmp_path / "work")
    arguments = (*given, f"--split={drawn}/left")
    ran = replace(case.plate, case.references[1], "-o", tmp_path / "shot" / "%d.png", *arguments)
    assert ran.exit_code == 0, ran.stderr
    rest, left = (pictures(tmp_path / "work" / "matte" / n) / 65535 for n in ("1", "2"))
    truth = pictures(case.folder / "alpha")[2:4] / 255
    assert np.abs(rest + left - truth).mean() < 0.01
    rough = pictures(drawn / "left")[2:4] > 0
    assert not left[~rough].any()
    assert not rest[rough].any()
    assert left.max() == rest.max() == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("black", "the matte is all black in every frame"),
        ("white", "the matte is all white in every frame"),
        ("late", "the matte is all black at frame 2: its actor is nowhere there"),
    ],
)
def test_a_matte_that_says_nothing_is_warned_of(case: Case, drawn: Path, tmp_path: Path, name: str, words: str) -> None:
    ran, mattes, report = run(case, tmp_path, f"--matte={drawn / name}")
    warnings = report["warnings"]
    assert isinstance(warnings, list)
    assert any(words in w for w in warnings), warnings
    assert words in ran.stderr
    assert np.array_equal(mattes / 257, pictures(drawn / name)[2:5])


def test_where_mattes_are_empty_in_words() -> None:
    black, white = np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)
    half = np.eye(2, dtype=np.float32)
    seen = Extremes()
    for frame in range(20):
        first = black if frame in (3, 4, 5, 9) else half
        seen.add(frame, [white if frame == 11 else first, black])
    assert [w.partition(":")[0] for w in seen.warnings(given=True)] == [
        "the matte of layer 1 is all black at frames 3-5, 9",
        "the matte of layer 2 is all black in every frame",
        "the matte is all white at frame 11",
    ]
    assert [w.split(" is")[0] for w in seen.warnings(given=False)] == ["the matte of layer 2", "the matte"]
    fine = Extremes()
    fine.add(0, [half])
    assert not fine.warnings(given=True)
    often = Extremes()
    for frame in range(30):
        often.add(frame, [black if frame % 2 else half])
    assert "1, 3, 5, 7, 9 and 10 more runs" in often.warnings(given=True)[0]


@pytest.mark.slow
def test_cyc_key_takes_the_same_hand(case: Case, drawn: Path, tmp_path: Path) -> None:
    """Controls, masks and layers around a screen's key; the report still tells the screen."""
    garbage = "--garbage=polygon:0,0 214,0 214,40 0,40"
    more = (garbage, f"--split={drawn}/left", "--grow=-0.5", "--work", tmp_path / "work", "--frames", "2:4")
    ran = cyc("key", case.plate, "-o", tmp_path / "%04d.exr", "--sheet", tmp_path / "sheets", *more)
    assert ran.exit_code == 0, ran.stderr
    rest, left = (pictures(tmp_path / "work" / "matte" / n) / 65535 for n in ("1", "2"))
    assert not (rest + left)[:, :40].any()
    assert min(rest.max(), left.max()) == 1
    for index in range(2):
        assert np.allclose(read_alpha(tmp_path / f"{index:04d}.exr"), (rest + left)[index], atol=2e-3)
    report = json.loads((tmp_path / "work" / "report.json").read_text())
    assert report["screen"]["colour"] == "green"
    assert not report["warnings"]


def read_alpha(path: Path) -> np.ndarray:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return np.array(file.channels()["A"].pixels, np.float32)
