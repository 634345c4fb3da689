"""A finished shot's parts: put together again they are the shot."""

import ast
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from cyclorama.comp import flatten
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Foreground, Layers
from cyclorama.media import Notes, OutputSpec, open_clip, open_layers_writer, open_matte, open_writer
from cyclorama.media.layer_scripts import LayerNames, blender_script, nuke_script, script_paths
from cyclorama.media.layers import Finished, layered_writer

HW = (24, 40)
SPEC = OutputSpec(HW, Fraction(24), (Fraction(0), Fraction(1, 24)), "01:00:00:00", first_frame=1001)


def finished(num_actors: int = 1, *, shadow: bool = False) -> Finished:
    rng = np.random.default_rng(0)
    place = SetFrame(*(rng.random(s, np.float32) for s in ((*HW, 3), HW, HW)))
    gain = np.array([1.1, 1.0, 0.8], np.float32)
    actors = []
    for _ in range(num_actors):
        alpha = rng.random(HW, np.float32) / num_actors
        actors.append(Foreground(rng.random((*HW, 3), np.float32) * alpha[..., None], alpha))
    relit = tuple(Foreground(a.color * gain, a.alpha) for a in actors)
    layers = Layers(place, relit)
    if shadow:
        field, laid = rng.random((6, 10, 9), np.float32), np.broadcast_to(gain, (*HW, 3)).copy()
        layers = replace(layers, shadow=field[..., :3].copy(), reflection=field[..., 3:].copy(), laid_gain=laid)
    return flatten(layers), layers


def written(tmp_path: Path, name: str, item: Finished) -> Path:
    (tmp_path / "job").mkdir()
    writer = open_layers_writer(tmp_path / name, tmp_path / "job", SPEC, notes=Notes())
    for index in range(2):
        writer.write(index, item)
    writer.close()
    writer.publish(overwrite=False)
    assert not list((tmp_path / "job").iterdir())
    return tmp_path / (name % 1001 if "%" in name else name)


@pytest.mark.parametrize("num_actors", [1, 2])
def test_layers_of_an_exr_add_up(tmp_path: Path, num_actors: int) -> None:
    item = finished(num_actors)
    path = written(tmp_path, "%04d.exr", item)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        planes = {name: channel.pixels.astype(np.float32) for name, channel in file.channels().items()}
        assert file.header()["timeCode"].hours == 1
        assert file.header()["framesPerSecond"] == 24
    names = ["actor"] if num_actors == 1 else ["actor1", "actor2"]
    assert {n.rpartition(".")[0] for n in planes} == {"", "place", "inverse_depth", *names}
    rest = 1 - sum(planes[f"{n}.A"] for n in names)
    for channel in "RGB":
        total = sum(planes[f"{n}.{channel}"] for n in names) + rest * planes[f"place.{channel}"]
        np.testing.assert_allclose(total, planes[channel], atol=3e-3)
    np.testing.assert_allclose(planes["R"], item[0][..., 0], rtol=1e-3, atol=1e-3)


def test_our_own_reader_takes_the_picture_of_them(tmp_path: Path) -> None:
    item = finished()
    folder = tmp_path / "s"
    folder.mkdir()
    written(folder, "%04d.exr", item).rename(tmp_path / "1001.exr")
    (tmp_path / "one").mkdir()
    (tmp_path / "1001.exr").rename(tmp_path / "one" / "1001.exr")
    with open_clip(tmp_path / "one", notes=Notes()) as clip:
        np.testing.assert_allclose(clip.frame(0), item[0], rtol=1e-3, atol=1e-3)
        assert (clip.timecode, clip.rate, clip.first_frame) == ("01:00:00:00", 24, 1001)


@pytest.mark.parametrize("name", ["a.mov", "a.mkv", "a.webm", "%04d.png"])
def test_the_actor_alone(tmp_path: Path, name: str) -> None:
    item = finished()
    path = written(tmp_path, name, item)
    if path.suffix == ".png":
        (tmp_path / "job").rmdir()
    matte = open_matte(path.parent if path.suffix == ".png" else path, notes=Notes())
    off = np.abs(matte.alpha(0) - item[1].joint.alpha)
    assert off.mean() < (0.05 if name == "a.webm" else 0.01)  # noise is hard for a lossy codec
    matte.close()


def test_a_name_that_holds_no_alpha(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="alpha"):
        open_layers_writer(tmp_path / "a.mp4", tmp_path, SPEC, notes=Notes())


def test_a_shot_and_its_layers_go_together(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "layers").mkdir()
    shot = open_writer(tmp_path / "o.mkv", tmp_path / "job", SPEC, notes=Notes())
    both = layered_writer(
        shot, open_layers_writer(tmp_path / "layers" / "%d.exr", tmp_path / "job", SPEC, notes=Notes())
    )
    both.write(0, finished())
    both.abort()
    assert not list((tmp_path / "job").iterdir())
    assert not list((tmp_path / "layers").iterdir())


def composite_of(script: Path, planes: dict[str, np.ndarray]) -> np.ndarray:
    """What a Nuke script makes of one frame's channels: a stack of pictures h w 4."""
    text = script.read_text()
    assert text.count("{") == text.count("}")
    stack: list[np.ndarray | None] = []
    for kind, body in re.findall(r"^(\w+)((?: \{.*?^\})| .*?)$", text, re.MULTILINE | re.DOTALL):
        knobs = dict(re.findall(r"^ (\w+) (.+)$", body, re.MULTILINE))
        if kind in ("Root", "set", "Dot"):
            continue
        if kind in ("Read", "push"):
            stack.append(None)  # every channel of the file
        elif kind == "Shuffle":
            assert stack.pop() is None
            found = [planes.get(f"{knobs['in']}.{c}", np.zeros(HW, np.float32)) for c in "RGBA"]
            stack.append(np.stack(found, -1))
        else:
            assert (kind, knobs["inputs"]) == ("Merge2", "2")
            b, a = stack.pop(), stack.pop()
            done = {"plus": a + b, "multiply": a * b, "over": a + b * (1 - a[..., 3:])}
            stack.append(done[knobs["operation"]])
    assert len(stack) == 1
    return stack[0][..., :3]


@pytest.mark.parametrize(("num_actors", "shadow"), [(1, False), (1, True), (3, True)])
def test_the_nuke_script_puts_the_picture_together_again(tmp_path: Path, num_actors: int, shadow: bool) -> None:
    item = finished(num_actors, shadow=shadow)
    path = written(tmp_path, "a.%04d.exr", item)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        planes = {name: channel.pixels.astype(np.float32) for name, channel in file.channels().items()}
    assert {n in planes for n in ("shadow.R", "relight.G", "reflection.B")} == {shadow}
    again = composite_of(tmp_path / "a.nk", planes)
    np.testing.assert_allclose(again, np.stack([planes[c] for c in "RGB"], -1), atol=3e-3)
    text = (tmp_path / "a.nk").read_text()
    for words in ("first_frame 1001", "last_frame 1002", "/a.%04d.exr"):
        assert words in text
    if shadow:
        without = composite_of(tmp_path / "a.nk", planes | {f"shadow.{c}": np.ones(HW, np.float32) for c in "RGB"})
        assert np.abs(without - again).max() > 0.1
        behind = (1 - item[1].joint.alpha) * planes["reflection.G"]
        bare = composite_of(tmp_path / "a.nk", planes | {f"reflection.{c}": np.zeros(HW, np.float32) for c in "RGB"})
        np.testing.assert_allclose((again - bare)[..., 1], behind, atol=3e-3)


def test_the_blender_script_names_the_same_layers(tmp_path: Path) -> None:
    written(tmp_path, "%04d.exr", finished(2, shadow=True))
    script = (tmp_path / "layers.py").read_text()
    told = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(script).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    names = ("FILE", "ACTORS", "TIMES_PLACE", "ADDED_TO_PLACE", "ADDED")
    assert tuple(told[n] for n in names) == (
        "1001.exr",
        ("actor1", "actor2"),
        ("shadow",),
        ("reflection",),
        (),
    )


def test_what_is_added_at_the_end_needs_no_more_than_its_name(tmp_path: Path) -> None:
    names = LayerNames.of_channels(["R", "actor.R", "actor.A", "place.R", "inverse_depth.V", "grain.R", "wrap.R"])
    script = nuke_script(tmp_path / "%04d.exr", SPEC, names)
    assert script.index("operation over") < script.index("in wrap") < script.index("in grain")
    assert "('wrap', 'grain')" in blender_script(tmp_path / "%04d.exr", SPEC, names)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("%04d.exr", "layers"), ("shot.%04d.exr", "shot"), ("b%d.exr", "b"), ("a_%04d_v2.exr", "a_v2")],
)
def test_where_the_scripts_lie(pattern: str, name: str) -> None:
    assert script_paths(Path("x") / pattern) == (Path("x") / f"{name}.nk", Path("x") / f"{name}.py")
