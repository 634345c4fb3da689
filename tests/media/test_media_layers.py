"""A finished shot's parts: put together again they are the shot."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from cyclorama.core.backdrop import SetFrame
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Foreground, Layers
from cyclorama.media import Notes, OutputSpec, open_clip, open_layers_writer, open_matte, open_writer
from cyclorama.media.layers import Finished, layered_writer

HW = (24, 40)
SPEC = OutputSpec(HW, Fraction(24), (Fraction(0), Fraction(1, 24)), "01:00:00:00", first_frame=1001)


def finished(num_actors: int = 1) -> Finished:
    rng = np.random.default_rng(0)
    place = SetFrame(*(rng.random(s, np.float32) for s in ((*HW, 3), HW, HW)))
    gain = np.array([1.1, 1.0, 0.8], np.float32)
    actors = []
    for _ in range(num_actors):
        alpha = rng.random(HW, np.float32) / num_actors
        actors.append(Foreground(rng.random((*HW, 3), np.float32) * alpha[..., None], alpha))
    relit = tuple(Foreground(a.color * gain, a.alpha) for a in actors)
    layers = Layers(place, relit)
    joint = layers.joint
    return joint.color + (1 - joint.alpha[..., None]) * place.color, layers


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
    assert {n.rpartition(".")[0] for n in planes} == {"", "place", *names}
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
