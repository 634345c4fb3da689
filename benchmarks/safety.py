"""What safe output costs: CPU, bytes and PSNR of the program's writer against encoding straight to the output.

    python benchmarks/safety.py [--plate PLATE] [--frames 500]

Both are given the same pictures and the same settings of the encoder; the writer seals every few frames, as jobs do,
and joins its segments. Every run is a process of its own, the two take turns, and the least CPU of each counts.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.job import SAFE_EVERY
from cyclorama.media import Notes, OutputSpec, open_clip, open_writer
from cyclorama.media.coding import Quality
from cyclorama.media.formats import VideoForm, coding_of

_ROUNDS = 2
_HELD = 24  # different pictures, shown to and fro
_CODECS = {"h264": ".mp4", "h265": ".mp4", "prores": ".mov", "ffv1": ".mkv"}


def pictures(plate: Path | None) -> list[Array]:
    """Scene-linear; of a plate, or a noisy figure that moves before a still."""
    if plate is not None:
        with open_clip(plate, notes=Notes()) as clip:
            return [clip.frame(i) for i in range(min(_HELD, clip.num_frames))]
    noise = np.random.default_rng(1)
    y, x = np.mgrid[:720, :1280]
    place = np.stack([x * 255 / 1280, y * 255 / 720, 128 + 100 * np.sin(x / 9) * np.sin(y / 7)], -1)
    out = []
    for i in range(_HELD):
        frame = place.copy()
        frame[200:700, 400 + 8 * i : 640 + 8 * i] = 120 + noise.normal(0, 6, (500, 240, 3))
        out.append(linear_from_code8(np.clip(frame, 0, 255).astype(np.uint8)))
    return out


def shown(held: list[Array], index: int) -> Array:
    turn, place = divmod(index, len(held))
    return held[-1 - place] if turn % 2 else held[place]


def codes_of(plane: av.video.plane.VideoPlane, deep: bool) -> Array:
    codes = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return codes.view(np.uint16) if deep else codes


def straight(held: list[Array], spec: OutputSpec, codec: str, output: Path) -> None:
    """One encoder, one file."""
    coding = coding_of(codec, VideoForm(spec.hw, Quality(16, "veryfast")), Notes())
    fill, deep = coding.filler(), coding.pix_fmt.endswith("le")
    with av.open(str(output), "w") as container:
        stream = container.add_stream(coding.codec, rate=spec.rate, options=dict(coding.options))
        stream.height, stream.width = spec.hw
        stream.pix_fmt = coding.pix_fmt
        stream.time_base = stream.codec_context.time_base = 1 / spec.rate
        for index in range(spec.num_frames):
            frame = av.VideoFrame(spec.hw[1], spec.hw[0], coding.pix_fmt)
            fill(np.ascontiguousarray(shown(held, index)), [codes_of(plane, deep) for plane in frame.planes[:3]])
            frame.pts, frame.time_base = index, 1 / spec.rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def safe(held: list[Array], spec: OutputSpec, codec: str, output: Path) -> None:
    from cyclorama.media import EncodeSettings

    writer = open_writer(output, output.parent, spec, notes=Notes(), settings=EncodeSettings(codec))
    for index in range(spec.num_frames):
        writer.write(index, shown(held, index))
        if (index + 1) % SAFE_EVERY == 0:
            writer.seal()
    writer.seal()
    writer.close()
    writer.publish(overwrite=True)


def child(way: str, codec: str, num_frames: int, plate: Path | None, output: Path) -> None:
    held = pictures(plate)
    spec = OutputSpec(held[0].shape[:2], Fraction(24), tuple(Fraction(i, 24) for i in range(num_frames)))
    warm = OutputSpec(spec.hw, spec.rate, spec.timestamps_s[:2])
    (straight if way == "straight" else safe)(held, warm, codec, output)
    before = resource.getrusage(resource.RUSAGE_SELF)
    (straight if way == "straight" else safe)(held, spec, codec, output)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    with open_clip(output, notes=Notes()) as clip:
        looked = range(0, clip.num_frames, 7)
        errors = [code8_from_linear(clip.frame(i)).astype(float) - code8_from_linear(shown(held, i)) for i in looked]
    psnr = 10 * np.log10(255**2 / np.mean([(e**2).mean() for e in errors]))
    print(json.dumps({"seconds": seconds, "bytes": output.stat().st_size, "psnr": float(psnr)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plate", type=Path)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--codecs", nargs="+", default=list(_CODECS))
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child, asked.frames, asked.plate, asked.output)
        return
    print(f"{asked.frames} frames: safe output over encoding straight to it")
    for codec in asked.codecs:
        folder = Path(tempfile.mkdtemp())
        best: dict[str, dict[str, float]] = {}
        for _ in range(_ROUNDS):
            for way in ("straight", "safe"):
                words = [sys.executable, __file__, "--child", way, codec, "--frames", str(asked.frames)]
                words += ["--output", str(folder / f"{way}{_CODECS[codec]}")]
                words += [] if asked.plate is None else ["--plate", str(asked.plate)]
                facts = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
                best[way] = min(best.get(way, facts), facts, key=lambda f: f["seconds"])
        shutil.rmtree(folder)
        ours, theirs = best["safe"], best["straight"]
        spent = (
            f"CPU x{ours['seconds'] / theirs['seconds']:.3f} ({1000 * theirs['seconds'] / asked.frames:.1f} ms a frame)"
        )
        held = f"bytes x{ours['bytes'] / theirs['bytes']:.4f}, PSNR {ours['psnr']:.2f} for {theirs['psnr']:.2f} dB"
        print(f"{codec:>7}: {spent}, {held}", flush=True)


if __name__ == "__main__":
    main()
