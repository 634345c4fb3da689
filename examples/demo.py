"""A whole job on a made-up shot: ``python examples/demo.py [FOLDER]`` (``make demo``).

A camera trucks along a street, past things that stand near it. The same shot is taken on a green stage (the plate) and
in the street (the truth). ``cyc replace`` gets the plate and three pictures of the empty street. Beside it stands a
flat paste, which is

    ffmpeg -i plate.mp4 -loop 1 -i middle.png \\
        -filter_complex "[0]chromakey=COLOUR:0.08:0.05,despill=green[a];[1][a]overlay=shortest=1" flat-paste.mp4
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.media import Notes, OutputSpec, open_clip, open_writer
from cyclorama.synthetic import ShotSpec, SyntheticShot, make_shot, reference_frames, write_case

SPEC = ShotSpec(seed=0, num_frames=36, hw=(270, 480), place="street", actor="walks", move="truck", amount=0.6)
SIMILARITY, BLEND = 0.08, 0.05  # of chromakey: the markers just go and the trousers just stay
PANELS = ("plate", "flat paste", "Cyclorama", "truth")
SHEET_ROWS = 4


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/demo")
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    say("making the sample shot (the first run compiles, on two cores) ...")
    warming = subprocess.Popen([sys.executable, str(Path(__file__).with_name("warm.py"))])
    shot = make_shot(SPEC)
    write_case(shot, folder / "sample")
    plate = folder / "plate.mp4"
    write_video(shot.plate.frames, plate)
    say(f"sample shot: {time.perf_counter() - begin:.0f} s; replacing its background ...")
    begin = time.perf_counter()
    finished = replace_background(folder, plate)  # comes to what is being compiled last
    warming.wait()
    say(f"background replaced: {time.perf_counter() - begin:.0f} s, imports and compilation included")
    pasted = folder / "flat-paste.mp4"
    still = code8_from_linear(shot.place.frame(reference_frames(SPEC.num_frames)["middle"]))
    write_video([linear_from_code8(f) for f in flat_paste(plate, still, screen_colour(shot))], pasted)
    panels = [read_video(plate), read_video(pasted), read_video(finished), code8_from_linear(shot.truth.frames)]
    compare(panels, folder)


def say(text: str) -> None:
    print(text, flush=True)


def replace_background(folder: Path, plate: Path) -> Path:
    """What a user would type."""
    finished = folder / "shot.mp4"
    words = ["replace", str(plate)]
    for name, frame in reference_frames(SPEC.num_frames).items():
        words += ["--reference", f"{folder / 'sample' / 'refs' / name}.png@{frame}"]
    words += ["--work", str(folder / "work"), "--overwrite", "-o", str(finished)]
    say("  cyc " + " ".join(words))
    subprocess.run([sys.executable, "-m", "cyclorama", *words], check=True)
    return finished


def screen_colour(shot: SyntheticShot) -> tuple[int, int, int]:
    """What a colour picker would give: the screen's median code values in the first frame."""
    bare = shot.alpha[0] == 0
    red, green, blue = np.median(code8_from_linear(shot.plate.frame(0))[bare], axis=0).astype(int).tolist()
    return red, green, blue


def flat_paste(plate: Path, still: Array, key_rgb: tuple[int, int, int]) -> Iterator[Array]:
    """FFmpeg's chromakey, despill and overlay: every frame of ``plate`` over the picture ``still``, h w 3 uint8."""
    with av.open(str(plate)) as container:
        stream = container.streams.video[0]
        graph = Graph()
        height, width = still.shape[:2]
        actor = graph.add_buffer(template=stream)
        rgb24 = av.VideoFormat("rgb24", width, height)
        street = graph.add_buffer(width=width, height=height, format=rgb24, time_base=stream.time_base)
        key = graph.add("chromakey", f"0x{bytes(key_rgb).hex()}:{SIMILARITY}:{BLEND}")
        despill = graph.add("despill", "type=green")
        flat = graph.add("scale", "out_color_matrix=bt709:out_range=tv")
        four = graph.add("format", "yuv444p")
        over = graph.add("overlay", "format=yuv444")
        rgb = graph.add("scale", "in_color_matrix=bt709:in_range=tv:flags=bicubic")
        last = graph.add("format", "rgb24")
        sink = graph.add("buffersink")
        for chain in ((actor, key, despill), (street, flat, four), (over, rgb, last, sink)):
            for one, other in pairwise(chain):
                one.link_to(other)
        four.link_to(over, 0, 0)
        despill.link_to(over, 0, 1)
        graph.configure()
        for frame in container.decode(stream):
            picture = VideoFrame.from_ndarray(np.ascontiguousarray(still), format="rgb24")
            picture.pts, picture.time_base = frame.pts, frame.time_base
            street.push(picture)
            actor.push(frame)
            pasted = sink.pull()
            assert isinstance(pasted, VideoFrame)
            yield pasted.to_ndarray()


def read_video(file: Path) -> Array:
    """All frames: t h w 3 uint8 sRGB."""
    with open_clip(file, notes=Notes()) as clip:
        return np.stack([code8_from_linear(clip.frame(i)) for i in range(clip.num_frames)])


def write_video(frames: Sequence[Array] | Array, file: Path) -> None:
    """Scene-linear frames as H.264, by the package's own writer."""
    times = tuple(i / SPEC.rate for i in range(len(frames)))
    writer = open_writer(file, file.parent, OutputSpec(frames[0].shape[:2], SPEC.rate, times), notes=Notes())
    try:
        for index, frame in enumerate(frames):
            writer.write(index, frame)
        writer.close()
        writer.publish(overwrite=True)
    finally:
        writer.abort()


def compare(panels: Sequence[Array], folder: Path) -> None:
    """Writes the side-by-side and the sheet, and says where everything is and how far each is from the truth."""
    side_by_side, sheet, report = folder / "side-by-side.mp4", folder / "preview.png", folder / "work" / "report.html"
    marked = [np.stack([labelled(f, name) for f in panel]) for panel, name in zip(panels, PANELS)]
    top, bottom = (np.concatenate(marked[k : k + 2], axis=2) for k in (0, 2))
    write_video([linear_from_code8(f) for f in np.concatenate([top, bottom], axis=1)], side_by_side)
    rows = np.linspace(0, len(panels[0]) - 1, SHEET_ROWS).round().astype(int)
    lines = [np.concatenate([panel[i] for panel in marked], axis=1) for i in rows]
    cv2.imwrite(str(sheet), np.ascontiguousarray(np.concatenate(lines)[..., ::-1]))
    pasted, ours = (mean_square_error(panels[k], panels[3]) for k in (1, 2))
    (folder / "measured.json").write_text(json.dumps({"mse": {"flat paste": pasted, "cyclorama": ours}}))
    say(f"mean square error against the truth (sRGB, 0..1): flat paste {pasted:.4f}, Cyclorama {ours:.4f}")
    for name, file in (("side by side", side_by_side), ("preview sheet", sheet), ("report", report)):
        say(f"{name}: {file}")


def mean_square_error(shot: Array, truth: Array) -> float:
    return float(np.mean((shot.astype(np.float32) - truth.astype(np.float32)) ** 2) / 255**2)


def labelled(frame: Array, text: str) -> Array:
    out = np.ascontiguousarray(frame).copy()
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(out, text, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, thickness, cv2.LINE_AA)
    return out


if __name__ == "__main__":
    main()
