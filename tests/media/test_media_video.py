"""Reading video: codes, matrices, depths, times, turns."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from media_footage import smooth_frames, write_video

from cyclorama.core.display import code8_from_linear, display_from_linear, linear_from_display
from cyclorama.media import Notes, open_clip
from cyclorama.media.curves import linear_from_hlg, linear_from_pq

FFV1 = {"codec": "ffv1", "options": {}}
PATCHES = np.array([[200, 30, 60], [30, 200, 60], [20, 40, 220], [128, 128, 128], [0, 0, 0], [255, 255, 255]], np.uint8)


def patch_frames(hw: tuple[int, int] = (32, 96)) -> np.ndarray:
    return np.repeat(np.repeat(PATCHES[None], hw[0], 0), hw[1] // len(PATCHES), 1)[None].repeat(2, 0)


@pytest.mark.parametrize("matrix", [Colorspace.ITU709, Colorspace.ITU601, Colorspace.BT2020])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p16le"])
def test_colour_patches_through_every_layout(tmp_path: Path, matrix: Colorspace, pix_fmt: str) -> None:
    path = write_video(tmp_path / "p.mkv", patch_frames(), pix_fmt=pix_fmt, matrix=matrix, **FFV1)
    with open_clip(path, notes=Notes()) as clip:
        codes = code8_from_linear(clip.frame(1))[:, 8::16].astype(int)
    assert np.abs(codes - PATCHES).max() <= 1


def test_rgb_codes_survive_exactly(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3), dtype=np.uint8)
    bgr = np.ascontiguousarray(frames[..., ::-1])
    path = write_video(tmp_path / "r.mkv", bgr, pix_fmt="bgr0", source_format="bgr24", matrix=None, **FFV1)
    with open_clip(path, notes=Notes()) as clip:
        np.testing.assert_array_equal(code8_from_linear(clip.frame(0)), frames[0])


def test_chroma_ramp_is_placed_where_the_standard_says(tmp_path: Path) -> None:
    """A horizontal ramp of chroma in 4:2:0 comes back as the ramp, not shifted by part of a pixel."""
    x = np.arange(128, dtype=np.float64)
    luma = np.full((64, 128), 126, np.uint8)
    chroma = np.repeat((90 + 0.5 * x[::2])[None], 32, 0).round().astype(np.uint8)  # left-sited: at even columns
    frame = av.VideoFrame(128, 64, "yuv420p")
    for plane, codes in zip(frame.planes, (luma, np.full_like(chroma, 128), chroma)):
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : codes.shape[1]] = codes
    path = tmp_path / "c.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 128, "yuv420p"
        stream.codec_context.colorspace = stream.codec_context.color_range = 1
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with open_clip(path, notes=Notes()) as clip:
        red = display_from_linear(clip.frame(0))[30, :, 0]
    expected = (126 - 16) / 219 + 1.5748 * (90 + 0.5 * x - 128) / 224
    assert np.abs(red - expected)[:126].max() < 0.75 * 1.5748 / 224


@pytest.mark.parametrize(("hw", "matrix"), [((720, 1280), Colorspace.ITU709), ((480, 640), Colorspace.ITU601)])
def test_untagged_matrix_goes_by_size(tmp_path: Path, hw: tuple[int, int], matrix: Colorspace) -> None:
    frames = np.full((1, *hw, 3), PATCHES[0])

    def untag(stream: av.VideoStream) -> None:
        stream.codec_context.colorspace = 2

    path = write_video(tmp_path / "u.mkv", frames, matrix=matrix, setup=untag, **FFV1)
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        assert np.abs(code8_from_linear(clip.frame(0))[0, 0].astype(int) - PATCHES[0]).max() <= 1
    assert any("no colour matrix tag" in text for text in notes.texts("colour"))


def test_ten_bit_ramp_keeps_its_steps(tmp_path: Path) -> None:
    codes10 = np.repeat(np.arange(64, 940, dtype=np.uint16)[None], 8, 0)
    frame = av.VideoFrame(codes10.shape[1], 8, "gray10le")
    plane = frame.planes[0]
    np.frombuffer(plane, np.uint16).reshape(8, plane.line_size // 2)[:, : codes10.shape[1]] = codes10
    path = tmp_path / "ten.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = 8, codes10.shape[1], "gray10le"
        stream.codec_context.color_range = 1
        frame.color_range, frame.pts, frame.time_base = 1, 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with open_clip(path, notes=Notes()) as clip:
        got = clip.frame(0)[0, :, 1]
    expected = linear_from_display((codes10[0].astype(np.float64) - 64) / 876)
    np.testing.assert_allclose(got, expected, atol=2e-6)
    assert (np.diff(got) > 0).all()


def test_variable_frame_rate_is_exact(tmp_path: Path) -> None:
    pts = [0, 3003, 6006, 12012, 12912, 20000]
    path = write_video(tmp_path / "v.mp4", smooth_frames(6, (48, 64)), pts=pts, time_base=Fraction(1, 90000))
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        assert clip.timestamps_s == tuple(Fraction(p, 90000) for p in pts)
    assert any("variable frame rate" in text for text in notes.texts("time"))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_first_timestamp_is_zero_and_the_rate_is_standard(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"r{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24000, 1001))
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for i, codes in enumerate(smooth_frames(12, (48, 64))):
            frame = av.VideoFrame.from_ndarray(codes).reformat(format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1001, 24000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_clip(path, notes=Notes()) as clip:
        assert (clip.num_frames, clip.rate, clip.timestamps_s[0]) == (12, Fraction(24000, 1001), 0)
        assert abs(clip.timestamps_s[11] - Fraction(11 * 1001, 24000)) < Fraction(1, 1000)


@pytest.mark.parametrize("degrees", [90, 180, -90])
@pytest.mark.parametrize("flip", [False, True])
def test_display_matrix_turns_the_picture(tmp_path: Path, degrees: int, flip: bool) -> None:
    frames = smooth_frames(2, (48, 64))

    def turn(stream: av.VideoStream) -> None:
        stream.set_display_rotation(degrees, hflip=flip)

    path = write_video(tmp_path / "t.mp4", frames, pix_fmt="yuv444p", setup=turn, options={"crf": "4"})
    upright = np.rot90(frames[0], degrees // 90)
    upright = upright[:, ::-1] if flip else upright
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        got = code8_from_linear(clip.frame(0))
        assert clip.hw == upright.shape[:2] == got.shape[:2]
        assert np.abs(got.astype(int) - upright).mean() < 3
        assert clip.proxy(32).frame(1).shape[:2] == clip.proxy(32).hw
    assert any("turned upright" in text for text in notes.texts("geometry"))


def test_pixel_aspect_and_alpha_are_noted(tmp_path: Path) -> None:
    def squeeze(stream: av.VideoStream) -> None:
        stream.sample_aspect_ratio = Fraction(2, 1)

    notes = Notes()
    open_clip(write_video(tmp_path / "a.mkv", smooth_frames(1, (48, 64)), setup=squeeze), notes=notes).close()
    assert any("aspect 2" in text for text in notes.texts("geometry"))


def test_hdr_curves_have_their_anchor_points() -> None:
    assert linear_from_pq(np.array(0.58068888)) == pytest.approx(1.0, rel=2e-3)  # 203 cd/m2
    assert linear_from_pq(np.array([0.0, 1.0])) == pytest.approx([0.0, 10000 / 203], rel=1e-6)
    assert linear_from_hlg(np.array([0.0, 0.75])) == pytest.approx([0.0, 1.0])


def test_pq_video_decodes_and_says_so(tmp_path: Path) -> None:
    def tag(stream: av.VideoStream) -> None:
        stream.codec_context.color_trc, stream.codec_context.color_primaries = 16, 9

    grey = np.full((1, 32, 32, 3), 148, np.uint8)  # 0.5804: 203 cd/m2
    path = write_video(tmp_path / "h.mkv", grey, pix_fmt="yuv420p10le", matrix=Colorspace.BT2020, setup=tag, **FFV1)
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        assert clip.frame(0)[16, 16] == pytest.approx([1.0, 1.0, 1.0], rel=0.02)
    assert any("PQ" in text for text in notes.texts("colour"))


def test_proxy_of_an_edge_is_an_average(tmp_path: Path) -> None:
    frames = smooth_frames(1, (180, 320))
    with open_clip(write_video(tmp_path / "e.mkv", frames, **FFV1), notes=Notes()) as clip:
        small = code8_from_linear(clip.proxy(100).frame(0)).astype(float)
    expected = cv2.resize(frames[0], (100, 56), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(small - expected).mean() < 2.0
    assert np.abs((small - expected).mean((0, 1))).max() < 0.2


def test_files_without_timestamps_are_counted(tmp_path: Path) -> None:
    """AVI does not hold the times of reordered frames."""
    frames = smooth_frames(12, (48, 64))
    path = write_video(tmp_path / "b.avi", frames, options={"crf": "8", "bf": "3", "g": "6"})
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        assert clip.timestamps_s == tuple(Fraction(i, 24) for i in range(12))
        in_order = [clip.frame(i) for i in range(12)]
        for i in (7, 2, 11, 0):
            np.testing.assert_array_equal(clip.frame(i), in_order[i])
    assert all(np.abs(code8_from_linear(f).astype(int) - c).mean() < 6 for f, c in zip(in_order, frames))
    assert any("no usable timestamps" in text for text in notes.texts("time"))


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        ("open-gop.mp4", "libx264", "yuv420p", {"x264-params": "open-gop=1:keyint=6:bframes=3"}),
        ("intra-refresh.mp4", "libx264", "yuv420p", {"x264-params": "intra-refresh=1:keyint=6"}),
        ("hevc.mp4", "libx265", "yuv420p10le", {"x265-params": "log-level=0:open-gop=1:keyint=6"}),
        ("mpeg2.ts", "mpeg2video", "yuv420p", {"bf": "2", "g": "6"}),
        ("hidden.webm", "libvpx", "yuv420p", {"auto-alt-ref": "1", "lag-in-frames": "16"}),
        ("prores.mov", "prores_ks", "yuv422p10le", {}),
    ],
)
def test_random_access_in_difficult_streams(
    tmp_path: Path, name: str, codec: str, pix_fmt: str, options: dict[str, str]
) -> None:
    path = write_video(tmp_path / name, smooth_frames(20, (96, 128)), codec=codec, pix_fmt=pix_fmt, options=options)
    with open_clip(path, notes=Notes()) as clip:
        assert clip.num_frames == 20
        in_order = [clip.frame(i) for i in range(20)]
    with open_clip(path, notes=Notes()) as clip:
        for i in np.random.default_rng(0).permutation(20):
            np.testing.assert_array_equal(clip.frame(int(i)), in_order[i])
