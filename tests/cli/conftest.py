"""One made-up shot in files, and one whole run over it, for the tests of this folder."""

import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from cli_help import Case, Ran, pictures, replace

from cyclorama.media import Notes, OutputSpec, open_writer
from cyclorama.synthetic import ShotSpec, make_shot, write_case


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("shot")
    shot = make_shot(ShotSpec(seed=3, num_frames=8, hw=(120, 214), amount=0.6))
    write_case(shot, folder)
    (folder / "binary").mkdir()
    for index, alpha in enumerate(pictures(folder / "alpha")):
        cv2.imwrite(str(folder / "binary" / f"{index:04d}.png"), (alpha > 127).astype("uint8") * 255)
    writer = open_writer(folder / "plate.mp4", folder, OutputSpec.of_clip(shot.plate), notes=Notes())
    for index in range(shot.plate.num_frames):
        writer.write(index, shot.plate.frame(index))
    writer.close()
    writer.publish(overwrite=False)
    return Case(folder)


@pytest.fixture(scope="session")
def whole(case: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder of one run with everything on: ``shot/%04d.png``, ``work/``; and what it printed."""
    folder = tmp_path_factory.mktemp("whole")
    ran = replace(case.plate, *case.references, "-o", folder / "shot" / "%04d.png", "--work", folder / "work", "--json")
    assert ran.exit_code == 0, ran.stderr
    return folder, ran


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """The command sets the handler of SIGTERM; tests run it in their own process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
