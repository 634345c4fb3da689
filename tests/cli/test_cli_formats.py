"""What a user can ask of the output's format, through whole runs."""

from pathlib import Path

import av
import numpy as np
import OpenEXR
from cli_help import Case, cyc, refused, replace

from cyclorama.media import Notes, open_clip


def test_a_shot_and_its_layers(case: Case, tmp_path: Path) -> None:
    begin = f"--reference={case.folder}/refs/begin.png@0"
    layers = tmp_path / "layers" / "%04d.exr"
    more = ["--codec", "prores", "--layers", layers, "--first-frame", "1001", "--wrap", "0.1"]
    ran = replace(case.plate, begin, *case.fixed, "-o", tmp_path / "shot.mov", *more)
    assert ran.exit_code == 0, ran.stderr
    with av.open(str(tmp_path / "shot.mov")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.codec_tag, container.streams.video[0].frames) == ("prores", "apch", 8)
    assert sorted(p.name for p in layers.parent.iterdir()) == [
        *(f"{1001 + i}.exr" for i in range(8)),
        "layers.nk",
        "layers.py",
    ]
    with OpenEXR.File(str(layers.parent / "1004.exr"), separate_channels=True) as file:
        planes = {name: channel.pixels.astype(np.float32) for name, channel in file.channels().items()}
    for channel in "RGB":
        behind = planes[f"place.{channel}"] * planes.get(f"shadow.{channel}", 1)
        behind = behind + planes.get(f"reflection.{channel}", 0)
        over = planes[f"actor.{channel}"] + (1 - planes["actor.A"]) * behind
        np.testing.assert_allclose(over + planes[f"wrap.{channel}"], planes[channel], atol=5e-3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["layers", "shot.mov"]


def test_a_keyed_actor_in_webm(case: Case, tmp_path: Path) -> None:
    ran = cyc("key", case.plate, f"--matte={case.folder}/binary", "-o", tmp_path / "a.webm")
    assert ran.exit_code == 0, ran.stderr
    with open_clip(tmp_path / "a.webm", notes=Notes()) as clip:
        assert clip.num_frames == 8


def test_what_does_not_fit_is_refused_first(case: Case, tmp_path: Path) -> None:
    begin = f"--reference={case.folder}/refs/begin.png@0"
    for more, words in (
        (["-o", tmp_path / "a.mp4", "--codec", "prores"], "name it *.mov"),
        (["-o", tmp_path / "a.mp4", "--layers", tmp_path / "b.mp4"], "alpha"),
        (["-o", tmp_path / "a.mov", "--layers", tmp_path / "a.mov"], "give its layers"),
    ):
        assert words in refused(tmp_path, case.plate, begin, *more)
