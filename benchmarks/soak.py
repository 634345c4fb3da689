"""Many small jobs, some of them bad, several at once; and memory along a long shot.

python benchmarks/soak.py [--jobs 100] [--at-once 2]        no crash, hang or leftover, the same bytes as alone
python benchmarks/soak.py --long 480 4800                   peak memory of shots of 640x360
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.display import linear_from_display
from cyclorama.media import Notes, OutputSpec, open_writer

_BAD = 0.4
_FRAMES, _HW, _LONG_HW = 12, (48, 64), (360, 640)
_HUNG_S = 300.0
_LEAVES = "out"
GOOD = {
    "mov": ("key", "good.mp4", "--matte", "matte", "-o", "{}.mov"),
    "mkv": ("key", "good.mp4", "--matte", "matte", "-o", "{}.mkv"),
    "png": ("key", "good.mp4", "--matte", "matte", "-o", "{}/%04d.png"),
    "webm": ("key", "good.mp4", "--matte", "matte", "-o", "{}.webm"),
}
BAD = {
    "a cut plate": (2, ("key", "cut.mp4", "--matte", "matte", "-o", "{}.mov")),
    "text": (2, ("key", "text.mp4", "--matte", "matte", "-o", "{}.mov")),
    "a short matte": (2, ("key", "good.mp4", "--matte", "short", "-o", "{}.mov")),
    "no plate": (2, ("key", "none.mp4", "--matte", "matte", "-o", "{}.mov")),
    "no such codec": (2, ("key", "good.mp4", "--matte", "matte", "-o", "{}.mov", "--codec", "divx")),
}


def plate(path: Path, num_frames: int, hw: tuple[int, int]) -> None:
    """A grey square that moves before a green screen."""
    spec = OutputSpec(hw, Fraction(24), tuple(Fraction(i, 24) for i in range(num_frames)))
    writer = open_writer(path, path.parent, spec, notes=Notes())
    for index in range(num_frames):
        picture = np.empty((*hw, 3), np.float32)
        picture[:] = linear_from_display(np.array([0.16, 0.7, 0.24]))
        left = hw[1] // 4 + index % (hw[1] // 4)
        picture[hw[0] // 4 : -hw[0] // 4, left : left + hw[1] // 4] = 0.3
        writer.write(index, picture)
    writer.close()
    writer.publish(overwrite=False)


def scene(folder: Path) -> None:
    plate(folder / "good.mp4", _FRAMES, _HW)
    (folder / "cut.mp4").write_bytes((folder / "good.mp4").read_bytes()[:900])
    (folder / "text.mp4").write_text("no film\n" * 100)
    for name, count in (("matte", _FRAMES), ("short", _FRAMES - 5)):
        (folder / name).mkdir()
        for index in range(count):
            cv2.imwrite(str(folder / name / f"{index:04d}.png"), np.full(_HW, 255 * (index % 2), np.uint8))


def started(folder: Path, words: tuple[str, ...], output: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cyclorama", *(w.format(f"{_LEAVES}/{output}") for w in words)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def made(folder: Path, name: str) -> dict[str, bytes]:
    """What lies under an output's name."""
    found = [p for p in (folder / _LEAVES).rglob("*") if p.is_file()]
    own = [p for p in found if p.relative_to(folder / _LEAVES).parts[0].partition(".")[0] == name]
    return {p.name.replace(name, ""): p.read_bytes() for p in own}


def soak(num_jobs: int, at_once: int) -> None:
    folder, chance = Path(tempfile.mkdtemp()), random.Random(3)
    scene(folder)
    (folder / _LEAVES).mkdir()
    alone = {}
    for kind, words in GOOD.items():
        if started(folder, words, f"alone{kind}").wait(_HUNG_S):
            raise SystemExit(f"{kind} fails alone")
        alone[kind] = made(folder, f"alone{kind}")
    num_bad = round(_BAD * num_jobs)
    kinds = [chance.choice(list(BAD)) for _ in range(num_bad)]
    kinds += [chance.choice(list(GOOD)) for _ in range(num_jobs - num_bad)]
    chance.shuffle(kinds)
    waiting, running, wrong = list(enumerate(kinds)), {}, []
    begun = time.monotonic()
    while waiting or running:
        while waiting and len(running) < at_once:
            number, kind = waiting.pop()
            words = GOOD[kind] if kind in GOOD else BAD[kind][1]
            running[started(folder, words, f"job{number}")] = (number, kind, time.monotonic())
        for process in [p for p in running if p.poll() is not None or time.monotonic() - running[p][2] > _HUNG_S]:
            number, kind, _ = running.pop(process)
            if process.poll() is None:
                process.kill()
                wrong.append(f"job {number} ({kind}) hung")
                continue
            wanted = 0 if kind in GOOD else BAD[kind][0]
            files = made(folder, f"job{number}")
            if process.returncode != wanted or files != (alone[kind] if kind in GOOD else {}):
                wrong.append(f"job {number} ({kind}) ended with {process.returncode} and {len(files)} files")
        time.sleep(0.02)
    stray = [str(p) for p in folder.rglob(".*")]
    print(f"{num_jobs} jobs, {num_bad} of them bad, {at_once} at once: {time.monotonic() - begun:.0f} s")
    print(
        "\n".join([*wrong, *stray]) or "every good one is what it is alone, every bad one is refused, nothing is left"
    )
    shutil.rmtree(folder)
    raise SystemExit(bool(wrong or stray))


def long(lengths: list[int]) -> None:
    folder, peaks = Path(tempfile.mkdtemp()), {}
    for length in lengths:
        plate(folder / f"{length}.mp4", length, _LONG_HW)
        words = ("key", f"{length}.mp4", "-o", f"{length}.mkv")
        process = subprocess.Popen(
            [sys.executable, "-m", "cyclorama", *words],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        peaks[length] = used.ru_maxrss / 1024
        seconds = used.ru_utime + used.ru_stime
        code = os.waitstatus_to_exitcode(status)
        print(f"{length} frames: exit {code}, peak {peaks[length]:.0f} MB, {seconds:.0f} s CPU", flush=True)
    print(f"the longest holds x{peaks[max(lengths)] / peaks[min(lengths)]:.3f} of the shortest")
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--long", type=int, nargs="+", metavar="FRAMES")
    asked = parser.parse_args()
    if asked.long:
        long(asked.long)
    else:
        soak(asked.jobs, asked.at_once)


if __name__ == "__main__":
    main()
