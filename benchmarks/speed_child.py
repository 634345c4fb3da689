"""The measured processes: ``speed_child.py WHAT PATH ...``. Every one but ``cyc`` prints one line of JSON.

Each job imports what it needs itself, because what a process imports is part of its time and of its peak memory.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from speed_setup import cpu_s


def passthrough(plate: Path) -> dict[str, float]:
    """The plate through our reader and writer, untouched: PSNR of the luma of its RGB, CPU, and what the file holds."""
    from cyclorama.media import Notes, OutputSpec, open_clip, open_writer
    from speed_ffmpeg import measure

    out, notes = plate.with_name("through.mp4"), Notes()
    out.unlink(missing_ok=True)
    with open_clip(plate, notes=notes) as clip:
        clip.frame(0)
        writer = open_writer(out, plate.parent, OutputSpec.of_clip(clip), notes=notes)
        begin = cpu_s()
        for index in range(clip.num_frames):
            writer.write(index, clip.frame(index))
        writer.close()
        spent = cpu_s() - begin
        writer.publish(overwrite=True)
    held = measure(out)
    return {"psnr_db": _psnr_db(plate, out), "s_per_frame": spent / held["frames"], **held}


def _psnr_db(one: Path, two: Path) -> float:
    import av
    import numpy as np
    from av.video.reformatter import ColorRange, Colorspace

    def lumas(path: Path) -> Iterator[Any]:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                rgb = frame.to_ndarray(
                    format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG
                )
                yield rgb.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)

    squared = [float(np.square(a - b).mean()) for a, b in zip(lumas(one), lumas(two), strict=True)]
    return float(10 * np.log10(255**2 / np.mean(squared)))


def key(plate: Path) -> dict[str, float]:
    """The screen's key without an encoder: CPU seconds of ``analyse_screen``, and a frame of decoding alone and of
    decoding with ``ScreenKey.foreground``. The kernels are compiled and loaded first, on the same plate."""
    from cyclorama.core.clip import iterate
    from cyclorama.matting import ScreenKey, analyse_screen
    from cyclorama.media import Notes, open_clip

    with open_clip(plate, notes=Notes()) as clip:
        ScreenKey(analyse_screen(clip)).foreground(0, clip.frame(0))
    begin = cpu_s()
    with open_clip(plate, notes=Notes()) as clip:
        screen = ScreenKey(analyse_screen(clip))
    analysed = cpu_s()
    with open_clip(plate, notes=Notes()) as clip:
        for _ in iterate(clip):
            pass
    decoded = cpu_s()
    with open_clip(plate, notes=Notes()) as clip:
        for index, frame in enumerate(iterate(clip)):
            screen.foreground(index, frame)
        spent = cpu_s() - decoded
        frames = clip.num_frames
    return {
        "frames": frames,
        "analyse_s": analysed - begin,
        "decode_s": (decoded - analysed) / frames,
        "s_per_frame": spent / frames,
    }


def cyc(record: Path, command: str, *words: str) -> None:
    """``cyc`` as a user runs it, with a CPU clock on every stage of the report's stopwatch."""
    import_module("cyclorama.keyjob" if command == "key" else "cyclorama.project")  # counted apart
    from cyclorama import cli, job
    from cyclorama.report import Stopwatch

    stages: dict[str, float] = {}

    class CpuWatch(Stopwatch):
        @contextmanager
        def __call__(self, stage: str) -> Iterator[None]:
            begin = cpu_s()
            with super().__call__(stage):
                yield
            stages[stage] = stages.get(stage, 0.0) + cpu_s() - begin

    job.Stopwatch = CpuWatch  # type: ignore[misc]
    started = cpu_s()
    sys.argv = ["cyc", command, *words]
    try:
        cli.main()
    finally:
        record.write_text(json.dumps({"stages": stages, "imports": started, "all": cpu_s()}))


def versions() -> dict[str, Any]:
    import platform

    import av
    import cv2
    import numba
    import numpy as np

    import cyclorama

    return {
        "cyclorama": cyclorama.__version__, "python": platform.python_version(), "numpy": np.__version__,
        "opencv": cv2.__version__, "av": av.__version__, "numba": numba.__version__,
    }  # fmt: skip


def _imports() -> dict[str, float]:
    for name in ("cyclorama.project", "cyclorama.engines.geometry"):
        import_module(name)
    return {}


def _make(folder: Path) -> dict[str, float]:
    from speed_plates import make_plates

    make_plates(folder)
    return {}


def _floor(plate: Path, *place: str) -> dict[str, float]:
    from speed_ffmpeg import floor

    return floor(plate, *map(Path, place))


def _measure(video: Path) -> dict[str, float]:
    from speed_ffmpeg import measure

    return measure(video)


_JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    "make": _make,
    "floor": _floor,
    "measure": _measure,
    "passthrough": passthrough,
    "key": key,
    "imports": _imports,
    "versions": versions,
}


def main() -> None:
    # As the command sets it, before the linear algebra is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    what, *rest = sys.argv[1:]
    if what == "cyc":
        cyc(Path(rest[0]), *rest[1:])
        return
    print(json.dumps(_JOBS[what](*map(Path, rest[:1]), *rest[1:])))


if __name__ == "__main__":
    main()
