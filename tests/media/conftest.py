"""Footage made once for the tests of this folder."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_footage import smooth_frames, write_video


@pytest.fixture(scope="session")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 frames of 96 x 128 h264 with B-frames and several keyframes, tagged BT.709."""
    path = tmp_path_factory.mktemp("media") / "plate.mp4"
    return write_video(path, smooth_frames(30, (96, 128)), options={"crf": "10", "g": "8", "bf": "2"})


@pytest.fixture(scope="session")
def plate_with_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 frames (2 s) of 64 x 64 with an AAC sine."""
    path = tmp_path_factory.mktemp("media") / "sound.mp4"
    frames = smooth_frames(48, (64, 64))
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=24)
        video.height = video.width = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=48000)
        audio.layout = "mono"
        for i, codes in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(codes).reformat(format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, 24)
            container.mux(video.encode(frame))
        wave = np.sin(np.arange(96000) * 2 * np.pi * 440 / 48000).astype(np.float32)[None] * 0.5
        for start in range(0, 96000, 1024):
            sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, start : start + 1024]), "fltp", "mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, start, Fraction(1, 48000)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
        container.mux(video.encode(None))
    return path
