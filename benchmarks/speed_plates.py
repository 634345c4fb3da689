"""Makes and keeps the plates and the pictures of the place."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
from av.video.reformatter import ColorRange, Colorspace

from cyclorama.core.arrays import Array
from speed_hair import Hair
from speed_setup import FRAMES_OF, HAIR, HW, LONG, NUM_FRAMES, PLATE, RATE
from speed_stage import Place, Stage

_CRF = 16.25  # about 15 Mb/s
_RECIPE = 6  # raised when the plates change


def make_plates(folder: Path) -> None:
    """A noisy marked stage, short and long, a head of hair, and three pictures of a place through the stage's camera;
    nothing where they are there already."""
    mark = folder / "recipe.json"
    recipe = json.dumps([_RECIPE, HW, FRAMES_OF, _CRF])
    if mark.exists() and mark.read_text() == recipe:
        return
    folder.mkdir(parents=True, exist_ok=True)
    stage, hair, place = Stage(), Hair(), Place()
    for name, source in ((PLATE, stage), (LONG, stage), (HAIR, hair)):
        _encode(folder / name, (source.frame(i) for i in range(FRAMES_OF[name])))
    for frame in (0, NUM_FRAMES // 2, NUM_FRAMES - 1):
        cv2.imwrite(str(folder / f"place{frame}.png"), place.picture(frame)[..., ::-1])
    mark.write_text(recipe)


def _encode(path: Path, pictures: Iterator[Array]) -> None:

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": str(_CRF)})
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
