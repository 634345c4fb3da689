"""What FFmpeg alone costs, and what a file holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.filter

from speed_setup import HW, RATE, cpu_s

_SETTINGS = {"preset": "veryfast", "crf": "18"}


def floor(plate: Path, place: Path | None = None) -> dict[str, float]:
    """CPU seconds a frame of decode + x264 veryfast; with ``place``, FFmpeg's own key, despill and overlay between."""
    out = plate.with_name("floor.mp4")
    with av.open(str(plate)) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        stream.thread_type = "AUTO"
        to = target.add_stream("libx264", rate=RATE, options=_SETTINGS)
        to.height, to.width, to.pix_fmt = *HW, "yuv420p"
        to.codec_context.time_base = stream.time_base  # without it x264 takes the clip for 0.04 s and saves the bits
        through = _same if place is None else _ffmpeg_chain(place, stream)
        begin = cpu_s()
        for frame in source.decode(stream):
            made = through(frame)
            made.pict_type = 0
            target.mux(to.encode(made))
        target.mux(to.encode(None))
        spent = cpu_s() - begin
    held = measure(out)
    return {"s_per_frame": spent / held["frames"], **held}


def _same(frame: Any) -> Any:
    return frame


def _ffmpeg_chain(place: Path, stream: Any) -> Callable[[Any], Any]:
    missing = {"chromakey", "despill", "overlay", "loop", "movie"} - set(av.filter.filters_available)
    if missing:
        raise SystemExit(f"this FFmpeg has no {', '.join(sorted(missing))}")
    graph = av.filter.Graph()
    source = graph.add_buffer(template=stream)
    key = graph.add("chromakey", "0x34a842:0.12:0.08")
    despill = graph.add("despill", "green")
    still = graph.add("movie", str(place))
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
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        ends = [(f.pts + f.duration) * f.time_base for f in container.decode(stream)]
    seconds = float(max(ends))
    return {"frames": len(ends), "seconds": seconds, "mbit_s": video.stat().st_size * 8 / seconds / 1e6}
