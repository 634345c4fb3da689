"""What must be refused, in one sentence."""

import os
import socket
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import BlockingIOError as AgainError
from media_footage import smooth_frames, write_video

from cyclorama.core.errors import InputError, MachineError
from cyclorama.media import Notes, open_clip
from cyclorama.media.gate import reading
from cyclorama.media.index import read_index


def read_all(path: Path) -> None:
    clip = open_clip(path, notes=Notes())
    for i in range(clip.num_frames):
        clip.frame(i)


def refused(path: Path, words: str = "") -> str:
    with pytest.raises(InputError, match=words) as caught:
        read_all(path)
    text = str(caught.value)
    assert path.name in text
    assert "\n" not in text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return text


def test_not_a_file(tmp_path: Path) -> None:
    refused(tmp_path / "absent.mp4", "no such file")
    (tmp_path / "empty.mp4").touch()
    refused(tmp_path / "empty.mp4", "empty")
    os.mkfifo(tmp_path / "pipe.mp4")
    refused(tmp_path / "pipe.mp4", "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.mp4"))
        refused(tmp_path / "s.mp4", "socket")
    with pytest.raises(InputError, match="device"):
        open_clip(Path("/dev/zero"), notes=Notes())


def test_text_and_playlists(tmp_path: Path, plate: Path) -> None:
    (tmp_path / "words.mp4").write_text("hello, this is not a film\n" * 50)
    refused(tmp_path / "words.mp4", "not a video")
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\n{plate}\n#EXT-X-ENDLIST\n")
    refused(tmp_path / "list.m3u8", "not a video")
    (tmp_path / "concat.mp4").write_text(f"ffconcat version 1.0\nfile '{plate}'\n")
    refused(tmp_path / "concat.mp4", "not a video")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".mov"])
@pytest.mark.parametrize("faststart", [False, True])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_cut_off_files(tmp_path: Path, suffix: str, faststart: bool, keep: float) -> None:
    options = {"movflags": "+faststart"} if faststart and suffix in (".mp4", ".mov") else {}
    whole = write_video(tmp_path / f"whole{suffix}", smooth_frames(24, (48, 64)), container_options=options)
    assert open_clip(whole, notes=Notes()).num_frames == 24
    data = whole.read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: int(len(data) * keep)])
    refused(cut, "cut off")


def test_sound_longer_than_the_picture_is_fine(plate_with_sound: Path) -> None:
    assert open_clip(plate_with_sound, notes=Notes()).num_frames == 48


def test_damaged_frames_are_refused_when_they_are_reached(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "w.mkv", smooth_frames(6, (96, 128)), options={"crf": "5", "bf": "0"})
    data = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        position = [p.pos for p in container.demux(video=0) if p.size][4]
    for i in range(60, 90):
        data[position + i] ^= 0x5A
    (tmp_path / "d.mkv").write_bytes(data)
    refused(tmp_path / "d.mkv", "frame [1-4] cannot be decoded")


def test_size_change_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "two.ts"
    parts = []
    for i, hw in enumerate([(48, 64), (64, 96)]):
        part = tmp_path / f"{i}.ts"
        pts = [(8 * i + k) * 3750 for k in range(8)]
        write_video(part, smooth_frames(8, hw), pts=pts, time_base=Fraction(1, 90000), options={"bf": "0"})
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))
    refused(path, "every frame must be|damaged")


def test_too_many_pixels_are_refused_before_decoding(plate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyclorama.media.index.MAX_VIDEO_PIXELS", 96 * 128 - 1)
    with pytest.raises(InputError, match="128 x 96"):
        read_index(plate, Notes())


def test_a_file_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "s.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        stream.layout = "mono"
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 48000
        container.mux([*stream.encode(sound), *stream.encode(None)])
    refused(path, "video stream")


@pytest.mark.parametrize("error", [AgainError(11, "again"), MemoryError(), OSError(12, "memory")])
def test_no_memory_is_the_machines_fault(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(MachineError, match="memory"), reading(tmp_path, "damaged"):
        raise error


def test_names_that_look_like_protocols(plate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http:x.mp4", "concat:a|b.mp4"):
        Path(name).write_bytes(plate.read_bytes())
        assert open_clip(Path(name), notes=Notes()).num_frames == 30
