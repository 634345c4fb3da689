"""Video files that end before they say they do, of containers whose demuxers take them for shorter ones."""

from pathlib import Path

import av
import numpy as np
import pytest
from media_footage import smooth_frames

from cyclorama.core.errors import InputError
from cyclorama.media import Notes, open_clip
from cyclorama.media.whole import is_cut_off

HELD = {
    "a.mkv": ("libx264", "yuv420p"),
    "a.avi": ("mpeg4", "yuv420p"),
    "a.mxf": ("mpeg2video", "yuv422p"),
    "a.y4m": ("rawvideo", "yuv420p"),
    "b.y4m": ("rawvideo", "yuv422p"),
    "a.gif": ("gif", "rgb8"),
    "a.ogv": ("libvpx", "yuv420p"),
    "a.ts": ("libx264", "yuv420p"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    frames = smooth_frames(30, (48, 64))
    for name, (codec, pix_fmt) in HELD.items():
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt = 48, 64, pix_fmt
            for i, codes in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(codes).reformat(format=pix_fmt)
                frame.pts = i
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return folder


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("kept", [0.34, 0.72, 0.9])
def test_cut_files(files: Path, tmp_path: Path, name: str, kept: float) -> None:
    data = (files / name).read_bytes()
    assert not is_cut_off(files / name)
    path = tmp_path / name
    length = int(len(data) * kept)
    path.write_bytes(data[: length - (1 if name.endswith("ts") and length % 188 == 0 else 0)])
    assert is_cut_off(path)
    with pytest.raises(InputError, match="cut off"):
        open_clip(path, notes=Notes())


def test_the_whole_ones_are_read(files: Path) -> None:
    for name in HELD:
        with open_clip(files / name, notes=Notes()) as clip:
            assert clip.num_frames == 30, name
            assert np.isfinite(clip.frame(29)).all()


def test_bytes_of_no_kind_state_no_length(tmp_path: Path) -> None:
    for number, head in enumerate((b"", b"\0\0\0\x18ftypmp42", b"YUV4MPEG2 W4 H4 Cstrange\nFRAME\n", b"GGGG" * 90)):
        (tmp_path / str(number)).write_bytes(head)
        assert not is_cut_off(tmp_path / str(number))
