"""Speed and memory of ``cyc replace`` at 1280x720: ``speed.py [--quick] [--json] [--folder DIR]``.

Every figure is CPU time (user + system, all threads), never wall time, and is also given in F: the CPU time a frame of
decode + x264 veryfast of the same plate in the same run, the least that any tool must spend. What is run sits in
processes of their own, so that each has its own CPU clock and its own peak memory; this one imports nothing heavy,
because a child's peak starts at its parent's size.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

NUM_FRAMES, LONG_FRAMES, RATE = 120, 480, 24
PREFIX = 24  # frames of the short run that the difference is taken against
HW = (720, 1280)
CRF = 16.25  # of the made plates: about 15 Mb/s
RECIPE = 5  # of the made plates; raised when they change
SETTINGS_F = {"preset": "veryfast", "crf": "18"}
ANALYSIS_STAGES = ("references", "key", "camera", "place", "light")
RENDER_STAGES = ("render", "check")

Array = Any


# --- The plate and the pictures of the place ------------------------------------------------------------------------


def make_plates(folder: Path) -> None:
    """A noisy marked stage, short and long, and three pictures of a place through the same camera."""
    import cv2

    mark = folder / "recipe.json"
    recipe = json.dumps([RECIPE, HW, NUM_FRAMES, LONG_FRAMES, CRF])
    if mark.exists() and mark.read_text() == recipe:
        return
    folder.mkdir(parents=True, exist_ok=True)
    stage = _Stage()
    for name, count in (("plate.mp4", NUM_FRAMES), ("long.mp4", LONG_FRAMES)):
        _encode(folder / name, (stage.frame(i) for i in range(count)), CRF)
    place = _Place()
    for frame in (0, NUM_FRAMES // 2, NUM_FRAMES - 1):
        cv2.imwrite(str(folder / f"place{frame}.png"), place.picture(frame)[..., ::-1])
    mark.write_text(recipe)


def _encode(path: Path, pictures: Iterator[Array], crf: float) -> None:
    import av
    from av.video.reformatter import ColorRange, Colorspace

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": str(crf)})
        stream.height, stream.width, stream.pix_fmt = *HW, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, RATE)
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _camera(frame: int) -> tuple[Array, Array, Array]:
    """K, rotation cam_from_world and centre (metres, y down): a truck with a pan and a rise, there in 120 frames, then
    back, and so on."""
    import numpy as np

    phase = np.pi * frame / (NUM_FRAMES - 1)
    way = -np.cos(phase)
    pan, tilt = 0.10 * way, -0.10 + 0.01 * np.sin(2 * phase)
    k = np.array([[1150.0, 0, HW[1] / 2], [0, 1150.0, HW[0] / 2], [0, 0, 1]])
    about_y = np.array([[np.cos(pan), 0, np.sin(pan)], [0, 1, 0], [-np.sin(pan), 0, np.cos(pan)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
    return k, about_x @ about_y, np.array([0.55 * way, 0.05 * np.sin(phase), 0.12 * np.sin(phase)])


def _project(points: Array, frame: int) -> Array:
    """World (n, 3) to pixels (n, 2)."""
    k, rotation, center = _camera(frame)
    seen = (points - center) @ rotation.T @ k.T
    return seen[:, :2] / seen[:, 2:]


def _noise_texture(hw: tuple[int, int], seed: int) -> Array:
    """Grey, h w float32 about 0, energy at every scale."""
    import cv2
    import numpy as np

    random = np.random.default_rng(seed)
    out = np.zeros(hw, np.float32)
    side = 4
    while side <= max(hw) // 2:
        grain = random.normal(size=(max(2, side * hw[0] // max(hw)), side)).astype(np.float32)
        out += cv2.resize(grain, hw[::-1], interpolation=cv2.INTER_CUBIC) * np.float32(side**-0.35)
        side *= 2
    return out / out.std()


class _Stage:
    """A green wall and floor with crosses, unevenly lit, and an actor with hair, through a noisy camera."""

    WALL_Z, FLOOR_Y = 6.0, 1.5

    def __init__(self) -> None:
        import numpy as np

        random = np.random.default_rng(2)
        self._noise = random.normal(0, 3.0, (HW[0] + 96, HW[1] + 96, 3)).astype(np.float32)
        self._texture = _noise_texture((512, 512), 3)
        self._strands = random.uniform(-1, 1, (160, 5))
        wall = [(x, y, self.WALL_Z) for x in np.arange(-5, 5.1, 0.6) for y in np.arange(-3.0, 1.4, 0.6)]
        floor = [(x, self.FLOOR_Y, z) for x in np.arange(-5, 5.1, 0.6) for z in np.arange(3.2, 5.9, 0.6)]
        self._crosses = [self._cross(np.array(c), 1) for c in wall] + [self._cross(np.array(c), 2) for c in floor]

    def _cross(self, center: Array, axis: int, size: float = 0.08, thick: float = 0.013) -> list[Array]:
        """Two bars in the plane of x and ``axis``, as world quads."""
        import numpy as np

        def bar(across: float, along: float) -> Array:
            quad = np.repeat(center[None], 4, 0)
            quad[:, 0] += np.array([-1, 1, 1, -1]) * across
            quad[:, axis] += np.array([-1, -1, 1, 1]) * along
            return quad

        return [bar(size, thick), bar(thick, size)]

    def frame(self, index: int) -> Array:
        import cv2
        import numpy as np

        picture = self._screen(index)
        picture += self._marks(index)[..., None] * (np.array([28.0, 70.0, 36.0], np.float32) - picture)
        alpha, color = self._actor(index)
        picture += alpha[..., None] * (color - picture)
        random = np.random.default_rng(1000 + index)
        y, x = random.integers(0, 96, 2)
        picture += self._noise[y : y + HW[0], x : x + HW[1]][:: random.choice([-1, 1]), :: random.choice([-1, 1])]
        return cv2.convertScaleAbs(np.maximum(picture, 0))

    def _screen(self, index: int) -> Array:
        """Lit by a lamp to the left; the floor darker towards the camera."""
        import cv2
        import numpy as np

        k, rotation, center = _camera(index)
        v, u = np.mgrid[4 : HW[0] : 8, 4 : HW[1] : 8].astype(np.float64)
        rays = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(k).T @ rotation
        wall = (self.WALL_Z - center[2]) / rays[..., 2]
        floor = np.where(rays[..., 1] > 1e-6, (self.FLOOR_Y - center[1]) / np.maximum(rays[..., 1], 1e-6), 1e9)
        hit = center + rays * np.minimum(wall, floor)[..., None]
        light = 1.12 - 0.045 * (hit[..., 0] + 2) ** 2 / 4 - 0.05 * (hit[..., 1] + 0.5) ** 2
        light *= 1 - 0.08 * (self.WALL_Z - hit[..., 2])
        small = (np.maximum(light, 0.55)[..., None] * np.array([52.0, 168.0, 66.0])).astype(np.float32)
        return cv2.resize(small, HW[::-1], interpolation=cv2.INTER_LINEAR)

    def _marks(self, index: int) -> Array:
        import cv2
        import numpy as np

        mask = np.zeros(HW, np.uint8)
        for quads in self._crosses:
            for quad in quads:
                # A pixel's centre is at .5 here and at an integer in OpenCV.
                corners = np.round((_project(quad, index) - 0.5) * 16).astype(np.int32)
                cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def _actor(self, index: int) -> tuple[Array, Array]:
        import cv2
        import numpy as np

        _, _, center = _camera(index)
        foot = np.array([[0.7 * center[0] + 0.15 * np.sin(index / 17), 0.1, 3.6]])
        x, y = _project(foot, index)[0]
        sway = 6 * np.sin(index / 9)
        shape = np.zeros(HW, np.uint8)

        def at(points: list[tuple[float, float]]) -> Array:
            return np.round((np.array(points) - 0.5) * 16).astype(np.int32)

        head = (x + sway, y - 170)
        cv2.fillPoly(
            shape, [at([(x - 60, y - 95), (x + 60, y - 95), (x + 95, 740), (x - 95, 740)])], 255, cv2.LINE_AA, 4
        )
        for (cx, cy), axes in ((head, (52, 68)), ((x - 62, y + 30), (30, 130)), ((x + 62, y + 40), (30, 130))):
            (center_px,) = at([(cx, cy)])
            cv2.ellipse(shape, center_px.tolist(), (axes[0] * 16, axes[1] * 16), 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
        hair = np.zeros(HW, np.uint8)
        for a, length, bend, shade, wave in self._strands:
            angle = -np.pi / 2 + 1.9 * a
            t = np.linspace(0.7, 1.45 + 0.35 * length, 9)
            turn = angle + 0.5 * bend * (t - 0.7) + 0.15 * np.sin(index / 7 + 4 * wave) * (t - 0.7)
            line = np.stack([head[0] + 55 * t * np.cos(turn), head[1] + 70 * t * np.sin(turn)], 1)
            level = int(190 + 60 * shade)
            cv2.polylines(hair, [np.round((line - 0.5) * 16).astype(np.int32)], False, level, 1, cv2.LINE_AA, 4)
        alpha = np.maximum(shape, hair).astype(np.float32) / 255
        shift = np.array([[1, 0, x - 256], [0, 1, y - 200]], np.float32)
        texture = cv2.warpAffine(self._texture, shift, HW[::-1], borderMode=cv2.BORDER_WRAP)
        color = np.array([150.0, 100.0, 88.0], np.float32) + texture[..., None] * np.array([22, 18, 16], np.float32)
        color[hair > shape] = (70, 48, 38)
        return alpha, color


class _Place:
    """A street of textured planes: far wall, ground, boxes at several depths."""

    def __init__(self) -> None:
        import numpy as np

        self._planes: list[
            tuple[Array, Array]
        ] = []  # texture h w 3, world quad (left-top, right-top, right-low, left-low)
        add = self._add
        add([(-14, -8, 16), (14, -8, 16), (14, 1.5, 16), (-14, 1.5, 16)], (150, 160, 175), 11)
        add([(-14, 1.5, 16), (14, 1.5, 16), (14, 1.5, 1.4), (-14, 1.5, 1.4)], (120, 110, 95), 12)
        boxes = ((-4.6, 2.2, -2.5, 10.0), (3.4, 2.6, -1.2, 8.0), (-2.9, 1.2, 0.0, 6.0), (1.6, 0.9, 0.5, 5.0))
        for n, (left, width, top, z) in enumerate(boxes):
            right, back = left + width, z + 1.5
            side = left if left > 0 else right
            add([(side, top, back), (side, top, z), (side, 1.5, z), (side, 1.5, back)], (95, 80, 75), 20 + n)
            add(
                [(left, top, z), (right, top, z), (right, 1.5, z), (left, 1.5, z)],
                (165 - 20 * n, 120, 90 + 15 * n),
                30 + n,
            )
        self._order = np.arange(len(self._planes))

    def _add(self, quad: list[tuple[float, float, float]], rgb: tuple[float, float, float], seed: int) -> None:
        import numpy as np

        corners = np.array(quad, float)
        size = [float(np.linalg.norm(corners[b] - corners[a])) for a, b in ((0, 3), (0, 1))]
        hw = (max(32, min(2048, int(size[0] * 160))), max(32, min(2048, int(size[1] * 160))))
        noise = np.stack([_noise_texture(hw, 10 * seed + c) for c in range(2)], -1)
        texture = np.array(rgb, np.float32) + noise[..., :1] * 26 + noise[..., 1:] * np.array([12, -4, -10], np.float32)
        self._planes.append((np.clip(texture, 4, 250).astype(np.float32), corners))

    def picture(self, frame: int) -> Array:
        """h w 3 uint8, far planes first, at twice the size and then averaged."""
        import cv2
        import numpy as np

        size = (2 * HW[1], 2 * HW[0])
        out = np.zeros((*size[::-1], 3), np.float32)
        for texture, corners in self._planes:
            h, w = texture.shape[:2]
            at = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32) - 0.5
            seen = (2 * _project(corners, frame) - 0.5).astype(np.float32)
            cv2.warpPerspective(
                texture, cv2.getPerspectiveTransform(at, seen), size, out, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
            )
        return np.clip(cv2.resize(out, HW[::-1], interpolation=cv2.INTER_AREA), 0, 255).astype(np.uint8)


# --- What runs in processes of its own ------------------------------------------------------------------------------


def _cpu_s() -> float:
    return sum(
        r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def floor(folder: Path, chroma: bool) -> dict[str, float]:
    """CPU seconds a frame of decode + x264 veryfast; with ``chroma``, FFmpeg's own key, despill and overlay between."""
    import av
    import av.filter

    out = folder / "floor.mp4"
    with av.open(str(folder / "plate.mp4")) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        stream.thread_type = "AUTO"
        to = target.add_stream("libx264", rate=RATE, options=SETTINGS_F)
        to.height, to.width, to.pix_fmt = *HW, "yuv420p"
        to.codec_context.time_base = stream.time_base  # without it x264 takes the clip for 0.04 s and saves the bits
        through = _ffmpeg_chain(folder, stream) if chroma else _same
        begin = _cpu_s()
        for frame in source.decode(stream):
            made = through(frame)
            made.pict_type = 0
            target.mux(to.encode(made))
        target.mux(to.encode(None))
        spent = _cpu_s() - begin
    return {"s_per_frame": spent / NUM_FRAMES, **measure(out)}


def _same(frame: Any) -> Any:
    return frame


def _ffmpeg_chain(folder: Path, stream: Any) -> Callable[[Any], Any]:
    import av.filter

    missing = {"chromakey", "despill", "overlay", "loop", "movie"} - set(av.filter.filters_available)
    if missing:
        raise SystemExit(f"this FFmpeg has no {', '.join(sorted(missing))}")
    graph = av.filter.Graph()
    source = graph.add_buffer(template=stream)
    key = graph.add("chromakey", "0x34a842:0.12:0.08")
    despill = graph.add("despill", "green")
    still = graph.add("movie", str(folder / "place60.png"))
    loop = graph.add("loop", "loop=-1:size=1")
    over = graph.add("overlay", "shortest=1")
    shape = graph.add("format", "yuv420p")
    sink = graph.add("buffersink")
    for one, two in ((source, key), (key, despill), (still, loop), (over, shape), (shape, sink)):
        one.link_to(two)
    loop.link_to(over, 0, 0)
    despill.link_to(over, 0, 1)
    graph.configure()

    def through(frame: Any) -> Any:
        graph.push(frame)
        made = graph.pull()
        made.pts, made.time_base = frame.pts, frame.time_base
        return made

    return through


def measure(video: Path) -> dict[str, float]:
    """What a file really holds: decoded frames, seconds to the end of the last one, and Mb/s."""
    import av

    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        ends = [(f.pts + f.duration) * f.time_base for f in container.decode(stream)]
    seconds = float(max(ends))
    return {"frames": len(ends), "seconds": seconds, "mbit_s": video.stat().st_size * 8 / seconds / 1e6}


def passthrough(folder: Path) -> dict[str, float]:
    """The plate through our reader and writer, untouched: PSNR of the luma of its RGB, CPU, and what the file holds."""
    from cyclorama.media import Notes, OutputSpec, open_clip, open_writer

    out, notes = folder / "through.mp4", Notes()
    out.unlink(missing_ok=True)
    with open_clip(folder / "plate.mp4", notes=notes) as clip:
        clip.frame(0)
        writer = open_writer(out, folder, OutputSpec.of_clip(clip), notes=notes)
        begin = _cpu_s()
        for index in range(clip.num_frames):
            writer.write(index, clip.frame(index))
        writer.close()
        spent = _cpu_s() - begin
        writer.publish(overwrite=True)
    return {"psnr_db": _psnr_db(folder / "plate.mp4", out), "s_per_frame": spent / NUM_FRAMES, **measure(out)}


def _psnr_db(one: Path, two: Path) -> float:
    import av
    import numpy as np
    from av.video.reformatter import ColorRange, Colorspace

    def lumas(path: Path) -> Iterator[Array]:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                rgb = frame.to_ndarray(
                    format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG
                )
                yield rgb.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)

    squared = [float(np.square(a - b).mean()) for a, b in zip(lumas(one), lumas(two), strict=True)]
    return float(10 * np.log10(255**2 / np.mean(squared)))


def replace(words: list[str], record: Path) -> None:
    """``cyc replace`` as a user runs it, with a CPU clock on every stage of the report's stopwatch."""
    import cyclorama.project  # noqa: F401  its imports are counted apart
    from cyclorama import cli, job
    from cyclorama.report import Stopwatch

    stages: dict[str, float] = {}

    class CpuWatch(Stopwatch):
        @contextmanager
        def __call__(self, stage: str) -> Iterator[None]:
            begin = _cpu_s()
            with super().__call__(stage):
                yield
            stages[stage] = stages.get(stage, 0.0) + _cpu_s() - begin

    job.Stopwatch = CpuWatch  # type: ignore[misc]
    started = _cpu_s()
    sys.argv = ["cyc", "replace", *words]
    try:
        cli.main()
    finally:
        record.write_text(json.dumps({"stages": stages, "imports": started, "all": _cpu_s()}))


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


# --- The measurements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One ``cyc replace``: CPU seconds in all and by stage, peak memory, what the report and the file say."""

    cpu_s: float
    peak_mb: float
    stages: dict[str, float]
    facts: dict[str, Any]
    held: dict[str, float]
    floor_s: float
    """F around this run: other work on the machine makes every CPU second dearer, and both alike."""

    @property
    def analysis_s(self) -> float:
        return sum(self.stages.get(s, 0.0) for s in ANALYSIS_STAGES)

    @property
    def render_s(self) -> float:
        return sum(self.stages.get(s, 0.0) for s in RENDER_STAGES)

    @property
    def frame_s(self) -> float:
        """CPU seconds a frame of everything after the analysis: draw, encode, finish, check."""
        return self.render_s / self.held["frames"]


@dataclass
class Row:
    """A figure: ``value`` in ``unit``, in F if it is a cost a frame, and its bound in the same unit (or in F)."""

    name: str
    value: float
    unit: str
    in_floors: float | None = None
    bound: str = ""
    ok: bool | None = None


@dataclass
class Bench:
    folder: Path
    rows: list[Row] = field(default_factory=list)
    floors: list[dict[str, float]] = field(default_factory=list)

    def child(self, *words: str) -> tuple[str, float, float]:
        """Runs this file in a process: what it printed, its CPU seconds and its peak memory (MB), children included."""
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen([sys.executable, __file__, *words], stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read()
        if process.returncode:
            raise SystemExit(f"{' '.join(words)}: ended with {process.returncode}\n{text[-2000:]}")
        return text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def ask(self, *words: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.child(*words)[0].splitlines()[-1])
        return answer

    def floor(self) -> float:
        self.floors.append(self.ask("--child", "floor", str(self.folder)))
        return self.floors[-1]["s_per_frame"]

    def replace(self, plate: str, references: int, frames: str | None = None, extra: tuple[str, ...] = ()) -> Run:
        begin = time.perf_counter()
        before = self.floors[-1]["s_per_frame"] if self.floors else self.floor()
        out, record = self.folder / "shot.mp4", self.folder / "record.json"
        middle, last = NUM_FRAMES // 2, NUM_FRAMES - 1
        words = [str(self.folder / plate), "-o", str(out), "--overwrite", "--json", *extra]
        for frame in (0, middle, last) if references == 3 else (middle,):
            words += ["--reference", f"{self.folder / f'place{frame}.png'}@{frame}"]
        words += [] if frames is None else ["--frames", frames]
        text, cpu_s, peak_mb = self.child("--child", "replace", str(record), *words)
        facts = next(e for e in map(json.loads, text.splitlines()) if e.get("event") == "report")
        held, floor_s = self.ask("--child", "measure", str(out)), (before + self.floor()) / 2
        run = Run(cpu_s, peak_mb, json.loads(record.read_text())["stages"], facts, held, floor_s)
        name = f"{plate} {frames or 'whole'}, references: {references}"
        say(f"{name}: {cpu_s:.1f} CPU-s, F {1000 * floor_s:.1f} ms ({time.perf_counter() - begin:.0f} s)")
        return run

    def cost(self, name: str, seconds: float, floor_s: float, bound_f: float | None = None) -> None:
        """A row of a cost a frame."""
        floors = seconds / floor_s
        bound = "" if bound_f is None else f"<= {bound_f} F"
        self.rows.append(
            Row(name, 1000 * seconds, "ms/frame", floors, bound, None if bound_f is None else floors <= bound_f)
        )

    def figure(self, name: str, value: float, unit: str, bound: str = "", ok: bool | None = None) -> None:
        self.rows.append(Row(name, value, unit, None, bound, ok))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def bench(folder: Path, quick: bool) -> dict[str, Any]:
    b = Bench(folder)
    b.child("--child", "make", str(folder))
    plate = b.ask("--child", "measure", str(folder / "plate.mp4"))
    say(f"plate: {plate['frames']} frames, {plate['mbit_s']:.1f} Mb/s; warming up")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        b.replace("plate.mp4", 3, "0:2", ("--work", work))
        b.replace("plate.mp4", 1, "0:2", ("--camera", str(Path(work) / "camera.json")))
    runs = {(n, "all"): b.replace("plate.mp4", n) for n in (1, 3)}
    if not quick:
        runs |= {(n, "prefix"): b.replace("plate.mp4", n, f"0:{PREFIX}") for n in (1, 3)}
        runs[3, "long"] = b.replace("long.mp4", 3)
    _, import_s, import_mb = b.child("--child", "imports")
    _table(b, runs, import_s, import_mb)
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    about = {
        "date": when,
        "cpus": os.cpu_count(),
        "cpu": _cpu_name(),
        "load": os.getloadavg(),
        **b.ask("--child", "versions"),
    }
    shots = {f"{n} {what}": asdict(run) for (n, what), run in runs.items()}
    return {"about": about, "plate": plate, "rows": [asdict(r) for r in b.rows], "shots": shots}


def _table(b: Bench, runs: dict[tuple[int, str], Run], import_s: float, import_mb: float) -> None:
    before = b.floor()
    chain = b.ask("--child", "chain", str(b.folder))
    through = b.ask("--child", "passthrough", str(b.folder))
    near = (before + b.floor()) / 2
    least, *_, most = sorted(f["s_per_frame"] for f in b.floors)
    b.cost(f"F: decode + x264 veryfast crf 18, least of {len(b.floors)}", least, least)
    b.cost("F, greatest: every run below is held against F just before and after it", most, least)
    b.cost("FFmpeg chromakey + despill + overlay + veryfast", chain["s_per_frame"], near)
    b.cost("our reader and writer alone (crf 16)", through["s_per_frame"], near)
    for n, bound in ((1, 2.5), (3, 4.5)):
        run = runs[n, "all"]
        words = f"{n} reference" + "s" * (n > 1)
        b.cost(f"{words}: a frame, render stage / frames", run.frame_s, run.floor_s, bound)
        if (n, "prefix") in runs:
            short = runs[n, "prefix"]
            near, more = (run.floor_s + short.floor_s) / 2, NUM_FRAMES - PREFIX
            b.cost(
                f"{words}: a frame, 0:{NUM_FRAMES} less 0:{PREFIX}, render",
                (run.render_s - short.render_s) / more,
                near,
            )
            b.cost(f"{words}: a frame, 0:{NUM_FRAMES} less 0:{PREFIX}, all", (run.cpu_s - short.cpu_s) / more, near)
        if (n, "long") in runs:
            long = runs[n, "long"]
            b.cost(
                f"{words}: a frame of the {LONG_FRAMES}-frame plate, render stage / frames", long.frame_s, long.floor_s
            )
            b.cost(
                f"{words}: a frame more, analysis included ({LONG_FRAMES} less {NUM_FRAMES} frames)",
                (long.cpu_s - run.cpu_s) / (LONG_FRAMES - NUM_FRAMES),
                (long.floor_s + run.floor_s) / 2,
            )
    for n in (1, 3):
        run, bound = runs[n, "all"], 120 if n == 3 else None
        words = f"{n} reference" + "s" * (n > 1)
        by_stage = run.analysis_s
        rest = run.cpu_s - NUM_FRAMES * run.frame_s - import_s
        ok = None if bound is None else max(by_stage, rest) <= bound
        limit = "" if bound is None else f"<= {bound}"
        b.figure(f"{words}: analysis, all that is neither frames nor imports", rest, "CPU-s", limit, ok)
        stages = ", ".join(f"{s} {run.stages.get(s, 0):.1f}" for s in ANALYSIS_STAGES)
        b.figure(f"{words}: analysis by stage ({stages})", by_stage, "CPU-s")
        b.figure(f"{words}: peak memory, {NUM_FRAMES} frames", run.peak_mb, "MB", "<= 800", run.peak_mb <= 800)
        if (n, "long") in runs:
            more = runs[n, "long"].peak_mb / run.peak_mb - 1
            b.figure(f"{words}: peak memory, {LONG_FRAMES} frames", runs[n, "long"].peak_mb, "MB")
            b.figure(f"{words}: the same, more than at {NUM_FRAMES}", 100 * more, "%", "within 10", abs(more) <= 0.1)
    b.figure("imports alone", import_s, "CPU-s")
    b.figure("imports alone: peak memory", import_mb, "MB")
    psnr = through["psnr_db"]
    b.figure("pass-through, luma PSNR", psnr, "dB", ">= 45", psnr >= 45)
    wanted = {"all": NUM_FRAMES, "prefix": PREFIX, "long": LONG_FRAMES}
    held = [(r.held, wanted[what]) for (_, what), r in runs.items()]
    held += [(x, NUM_FRAMES) for x in (*b.floors, chain, through)]
    wrong = sum(h["frames"] != n or abs(h["seconds"] - n / RATE) > 0.5 / RATE for h, n in held)
    b.figure(f"files of wrong length (frames, seconds) among {len(held)}", wrong, "", "0", wrong == 0)
    three = runs[3, "all"].facts
    full = three["camera"].get("model") == "full" and three["place"]["kind"] == "layers"
    b.figure("three references: camera solved as full motion, place in layers", float(full), "", "1", full)


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def as_text(result: dict[str, Any]) -> str:
    about = result["about"]
    tools = ", ".join(f"{k} {about[k]}" for k in ("cyclorama", "python", "numpy", "opencv", "av", "numba"))
    load = " ".join(f"{x:.1f}" for x in about["load"])
    plate = result["plate"]
    lines = [
        f"{about['date']}, {about['cpus']} CPUs ({about['cpu']}), load {load}",
        tools,
        f"plate {HW[1]}x{HW[0]}, {plate['frames']} frames, {plate['mbit_s']:.1f} Mb/s",
        "",
        "| figure | value | in F | bound | |",
        "|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        floors = "" if row["in_floors"] is None else f"{row['in_floors']:.2f}"
        verdict = {None: "", True: "ok", False: "NOT"}[row["ok"]]
        lines.append(f"| {row['name']} | {row['value']:.1f} {row['unit']} | {floors} | {row['bound']} | {verdict} |")
    return "\n".join(lines)


def child(words: list[str]) -> None:
    """One of the processes."""
    what, *rest = words
    if what == "replace":
        replace(rest[1:], Path(rest[0]))
        return
    if what == "imports":
        __import__("cyclorama.project")
        __import__("cyclorama.engines.geometry")
        return
    if what == "make":
        make_plates(Path(rest[0]))
        return
    jobs: dict[str, Callable[[Path], dict[str, Any]]] = {
        "floor": lambda folder: floor(folder, chroma=False),
        "chain": lambda folder: floor(folder, chroma=True),
        "passthrough": passthrough,
        "measure": measure,
        "versions": lambda _: versions(),
    }
    print(json.dumps(jobs[what](Path(rest[0] if rest else "."))))


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("out/bench"), help="where plates are made and kept")
    parser.add_argument("--quick", action="store_true", help=f"leave out the {PREFIX}- and {LONG_FRAMES}-frame runs")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    words = parser.parse_args()
    result = bench(words.folder.resolve(), words.quick)
    print(json.dumps(result, indent=1) if words.json else as_text(result))


if __name__ == "__main__":
    main()
