"""Running the command inside the test's own process, and looking at what it left."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from typer.testing import CliRunner

from cyclorama.cli import app


@dataclass(frozen=True)
class Case:
    """A made-up shot in files: 8 frames of 120 x 214, three references and their TIMEs."""

    folder: Path

    @property
    def plate(self) -> Path:
        return self.folder / "plate.mp4"

    @property
    def references(self) -> list[str]:
        times = {"begin": "0", "middle": "4", "end": "100%"}
        return [f"--reference={self.folder}/refs/{name}.png@{time}" for name, time in times.items()]

    @property
    def fixed(self) -> list[str]:
        """Camera and matte from elsewhere, so that the plate gives the actor alone."""
        return [f"--camera={self.folder}/camera.json", f"--matte={self.folder}/binary"]


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if line.startswith("error[")]


def cyc(*arguments: object) -> Ran:
    """``cyc ...`` in this process."""
    result = CliRunner().invoke(app, list(map(str, arguments)))
    return Ran(result.exit_code, result.stdout, result.stderr)


def replace(*arguments: object) -> Ran:
    return cyc("replace", *arguments)


def refused(folder: Path, *arguments: object, kind: str = "input", code: int = 2, command: str = "replace") -> str:
    """Runs, checks that the run was refused as it must be, and returns the sentence."""
    before = listing(folder)
    ran = cyc(command, *arguments)
    assert ran.exit_code == code, (ran.stdout, ran.stderr)
    assert len(ran.errors) == 1, ran.stderr
    assert ran.stderr.splitlines()[-1] == ran.errors[0]
    assert ran.errors[0].startswith(f"error[{kind}]: ")
    assert "Traceback" not in ran.stderr
    assert "bug" not in ran.errors[0]
    assert listing(folder) == before
    return ran.errors[0].partition(": ")[2]


def listing(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes and every folder, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def pictures(folder: Path) -> np.ndarray:
    return np.stack([cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in sorted(folder.glob("*.png"))])
