"""Kinds of plates that cameras and phones make: what they show is what is read."""

from fractions import Fraction
from pathlib import Path

import av
import av.filter
import cv2
import numpy as np
import OpenEXR
import pytest
from av.video.reformatter import Colorspace
from media_footage import EXACT, smooth_frames, textured_frames, write_video

from cyclorama.core.display import code8_from_linear, display_from_linear
from cyclorama.core.errors import InputError
from cyclorama.media import EncodeSettings, Notes, OutputSpec, open_clip, open_matte, open_writer, read_picture
from cyclorama.media.aspect import square_hw
from cyclorama.media.curves import COLOURS

FFV1 = {"codec": "ffv1", "options": {"level": "3"}}


@pytest.mark.parametrize(
    ("hw", "aspect", "square"),
    [
        ((576, 720), Fraction(64, 45), (576, 1024)),
        ((576, 720), Fraction(16, 15), (576, 768)),
        ((480, 720), Fraction(8, 9), (540, 720)),
        ((1080, 1440), Fraction(4, 3), (1080, 1920)),
        ((1080, 2048), Fraction(2), (1080, 4096)),
        ((1080, 1920), Fraction(1), (1080, 1920)),
        ((1080, 1920), None, (1080, 1920)),
        ((1080, 1920), Fraction(1, 1000), (1080, 1920)),  # a wrong tag
        ((48, 63), Fraction(2), (48, 126)),
    ],
)
def test_square_sizes(hw: tuple[int, int], aspect: Fraction | None, square: tuple[int, int]) -> None:
    assert square_hw(hw, aspect) == square


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p10le"])
@pytest.mark.parametrize("turned", [False, True])
def test_wide_pixels_become_square(tmp_path: Path, pix_fmt: str, turned: bool) -> None:
    """A picture squeezed to half its width and tagged so comes back as it was, and its matte fits it."""
    whole = textured_frames(2, (96, 256))
    squeezed = np.stack([cv2.resize(f, (128, 96), interpolation=cv2.INTER_AREA) for f in whole])

    def tag(stream: av.VideoStream) -> None:
        stream.sample_aspect_ratio = stream.codec_context.sample_aspect_ratio = Fraction(2)
        if turned:
            stream.set_display_rotation(90)

    deep = pix_fmt != "yuv420p"
    options = {"codec": "prores_ks", "options": {"profile": "4"}} if deep else {"options": {"crf": "4"}}
    suffix = ".mov" if deep else ".mp4"
    path = write_video(tmp_path / f"w{suffix}", squeezed, pix_fmt=pix_fmt, setup=tag, **options)
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        upright = np.rot90(whole[0]) if turned else whole[0]
        assert clip.hw == upright.shape[:2]
        off = np.abs(code8_from_linear(clip.frame(0)).astype(int) - upright)[8:-8, 8:-8]
        assert off.mean() < 2.5
        assert clip.proxy(64).frame(0).shape[:2] == clip.proxy(64).hw
    assert any("square pixels" in text for text in notes.texts("geometry"))
    assert open_matte(path, notes=Notes()).hw == upright.shape[:2]


def interlaced_video(path: Path, fields: np.ndarray, *, top_first: bool = True) -> Path:
    """Two fields of motion a frame: t h w 3 pictures at twice the rate."""
    frames = fields[::2].copy()
    frames[:, 1::2] = fields[1::2, 1::2]
    if not top_first:
        frames = fields[1::2].copy()
        frames[:, 1::2] = fields[::2, 1::2]
    params = "tff=1:bframes=2:keyint=6" if top_first else "bff=1:bframes=2:keyint=6"
    graph = av.filter.Graph()  # only a filter can flag a frame's first field
    nodes = graph.add_buffer(width=192, height=96, format="yuv420p", time_base=Fraction(1, 24))
    graph.link_nodes(nodes, graph.add("setfield", "tff" if top_first else "bff"), graph.add("buffersink")).configure()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "4", "x264-params": params})
        stream.height, stream.width, stream.pix_fmt = 96, 192, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        for i, codes in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(codes).reformat(format="yuv420p", interpolation=EXACT)
            frame.pts, frame.time_base = i, Fraction(1, 24)
            graph.push(frame)
            container.mux(stream.encode(graph.vpull()))
        container.mux(stream.encode(None))
    return path


def moving(num: int, hw: tuple[int, int]) -> np.ndarray:
    """A bright soft bar that moves four pixels a picture."""
    x = np.arange(hw[1])
    rows = [60 + 150 * np.clip(1.5 - np.abs(x - 20 - 4 * i) / 8, 0, 1) for i in range(num)]
    return np.array(rows).round().astype(np.uint8)[:, None, :, None].repeat(hw[0], 1).repeat(3, 3)


@pytest.mark.parametrize("top_first", [True, False])
def test_interlaced_frames_are_made_whole(tmp_path: Path, top_first: bool) -> None:
    fields = moving(24, (96, 192))
    path = interlaced_video(tmp_path / "i.mp4", fields, top_first=top_first)
    notes = Notes()
    with open_clip(path, notes=notes) as clip:
        assert clip.num_frames == 12
        found = [code8_from_linear(clip.frame(i)).astype(int) for i in range(12)]
        for i in (7, 2, 11, 0, 1):
            np.testing.assert_array_equal(code8_from_linear(clip.frame(i)), found[i])
        small = clip.proxy(96).frame(5)
    assert small.shape[:2] == (48, 96)
    for i in range(1, 11):
        assert np.abs(np.diff(found[i][8:-8], axis=0)).max() <= 12  # combs are of 75 codes here
        assert np.abs(found[i] - fields[2 * i]).mean() < 3
    assert any("deinterlaced" in text for text in notes.texts("input"))


def test_one_of_several_videos(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = []
        for hw in ((48, 64), (96, 128)):
            stream = container.add_stream("ffv1", rate=24)
            stream.height, stream.width, stream.pix_fmt = *hw, "yuv420p"
            streams.append(stream)
        for i in range(4):
            for k, stream in enumerate(streams):
                frame = av.VideoFrame(stream.width, stream.height, "yuv420p")
                for plane in frame.planes:
                    np.frombuffer(plane, np.uint8)[:] = 80 + 80 * k
                frame.pts, frame.time_base = i, Fraction(1, 24)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    notes = Notes()
    with open_clip(path, notes=notes) as first, open_clip(path, notes=Notes(), stream=1) as second:
        assert (first.hw, second.hw, second.num_frames) == ((48, 64), (96, 128), 4)
        assert second.frame(3).mean() > first.frame(3).mean()
    assert any("2 video streams" in text and "--stream" in text for text in notes.texts("input"))
    with pytest.raises(InputError, match="--stream must be 0 to 1, got 2"):
        open_clip(path, notes=Notes(), stream=2)


@pytest.mark.parametrize(("tag", "word"), [(16, "pq"), (18, "hlg")])
@pytest.mark.parametrize(
    ("name", "codec", "off"), [("o.mp4", "h265", 3), ("o.mov", "prores4444", 2), ("o.mkv", "ffv1", 0)]
)
def test_hdr_goes_out_as_it_came(tmp_path: Path, tag: int, word: str, name: str, codec: str, off: int) -> None:
    """10-bit codes and tags of an HDR plate through scene-linear light and back."""
    x = np.arange(256)
    codes = np.stack([np.tile(64 + 3 * x, (64, 1)), np.full((64, 256), 512), np.full((64, 256), 512)]).astype(np.uint16)
    codes[1, 32:, :] += (x // 4).astype(np.uint16)
    path = tmp_path / "hdr.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24, options={"level": "3"})
        stream.height, stream.width, stream.pix_fmt = 64, 256, "yuv444p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, tag, 9, 1
        frame = av.VideoFrame(256, 64, "yuv444p10le")
        for plane, values in zip(frame.planes, codes):
            np.frombuffer(plane, np.uint16).reshape(64, -1)[:, :256] = values
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    (tmp_path / "job").mkdir()
    with open_clip(path, notes=Notes()) as plate:
        assert plate.hdr is COLOURS[word]
        settings = EncodeSettings(codec, crf=1, colour=plate.hdr)
        writer = open_writer(
            tmp_path / name, tmp_path / "job", OutputSpec.of_clip(plate), notes=Notes(), settings=settings
        )
        writer.write(0, plate.frame(0))
        writer.close()
        writer.publish(overwrite=False)
    with av.open(str(tmp_path / name)) as container:
        context = container.streams.video[0].codec_context
        frame = next(container.decode(video=0))
        assert (frame.color_primaries, frame.color_trc, int(frame.colorspace)) == (9, tag, 9)
        bits = frame.format.components[0].bits
        luma = np.frombuffer(frame.planes[0], np.uint16).reshape(64, -1)[:, :256].astype(float) / (1 << (bits - 10))
    assert np.abs(luma - codes[0])[4:28].max() <= off + 0.5


def test_eight_bit_outputs_of_hdr_say_so(tmp_path: Path) -> None:
    notes = Notes()
    spec = OutputSpec((48, 64), Fraction(24), (Fraction(0),))
    settings = EncodeSettings(colour=COLOURS["pq"])
    open_writer(tmp_path / "o.mp4", tmp_path, spec, notes=notes, settings=settings).abort()
    assert any("too few bits for HDR" in text for text in notes.texts("colour"))


def test_log_codes_are_read_by_name(tmp_path: Path) -> None:
    """A grey card at S-Log3's code 420."""
    grey = np.full((1, 32, 32, 3), (420 - 64) / 876 * 65535, np.uint16)
    path = write_video(tmp_path / "l.mkv", grey, pix_fmt="yuv422p10le", source_format="rgb48le", **FFV1)
    notes = Notes()
    with open_clip(path, notes=notes, colour=COLOURS["slog3"]) as clip:
        assert clip.frame(0)[16, 16] == pytest.approx([0.18] * 3, rel=0.02)
    assert any("S-Log3" in text for text in notes.texts("colour"))
    folder = tmp_path / "frames"
    folder.mkdir()
    cv2.imwrite(str(folder / "0.png"), np.full((8, 8, 3), 420 / 1023 * 65535, np.uint16))
    with open_clip(folder, notes=Notes(), rate=Fraction(24), colour=COLOURS["slog3"]) as clip:
        assert clip.frame(0)[4, 4] == pytest.approx([0.18] * 3, rel=0.01)


def test_saturated_colours_of_a_log_gamut_stay_apart(tmp_path: Path) -> None:
    """White stays white, and a colour outside Rec.709 is negative in a channel, not clipped."""
    matrix = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    signal = COLOURS["logc4"].signal(matrix * 0.5)
    codes = (np.clip(signal, 0, 1) * 65535).round().astype(np.uint16)
    cv2.imwrite(str(tmp_path / "0.png"), codes[None, :, ::-1])
    with open_clip(tmp_path, notes=Notes(), rate=Fraction(24), colour=COLOURS["logc4"]) as clip:
        white, green = clip.frame(0)[0]
    np.testing.assert_allclose(white, 0.5, rtol=0.01)
    assert green[0] < 0 < green[1]


@pytest.mark.parametrize(
    "name", ["a b.mp4", "bläu 緑.mp4", "-plate.mp4", "100%d.mp4", "a'b\"c.mp4", "x;y&z.mp4", "%.mp4"]
)
def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / name, smooth_frames(2, (48, 64)))
    with open_clip(Path(name), notes=Notes()) as clip:
        assert clip.num_frames == 2
        spec = OutputSpec.of_clip(clip)
        (tmp_path / "job").mkdir()
        writer = open_writer(Path("out " + name), tmp_path / "job", spec, notes=Notes(), sound=clip.sound())
        for i in range(2):
            writer.write(i, clip.frame(i))
        writer.close()
        writer.publish(overwrite=False)
    assert (tmp_path / ("out " + name)).is_file()


@pytest.mark.parametrize("hw", [(1, 1), (2, 2), (47, 63), (16, 3)])
def test_odd_and_tiny_one_frame_clips(tmp_path: Path, hw: tuple[int, int]) -> None:
    frames = np.full((1, *hw, 3), (200, 30, 60), np.uint8)
    bgr = np.ascontiguousarray(frames[..., ::-1])
    path = write_video(tmp_path / "s.mkv", bgr, pix_fmt="bgr0", source_format="bgr24", matrix=None, **FFV1)
    with open_clip(path, notes=Notes()) as clip:
        assert (clip.num_frames, clip.hw, clip.timestamps_s) == (1, hw, (0,))
        (tmp_path / "job").mkdir()
        for name in ("o.mkv", "%d.png", "o.mp4"):
            writer = open_writer(tmp_path / name, tmp_path / "job", OutputSpec.of_clip(clip), notes=Notes())
            writer.write(0, clip.frame(0))
            writer.close()
            writer.publish(overwrite=False)
    with open_clip(tmp_path / "o.mkv", notes=Notes()) as clip:
        assert np.abs(code8_from_linear(clip.frame(0)).astype(int) - frames[0]).max() <= 1
        assert np.isfinite(display_from_linear(clip.frame(0))).all()


def test_a_matrix_that_is_not_the_tag_shows(tmp_path: Path) -> None:
    """PyAV converts with BT.601 unless told; its red under a BT.709 tag is another, so we fill the planes ourselves."""
    red = np.full((1, 64, 64, 3), (200, 30, 60), np.uint8)
    wrong = write_video(tmp_path / "wrong.mkv", red, pix_fmt="yuv444p", matrix=Colorspace.ITU601, setup=_tag709, **FFV1)
    with open_clip(wrong, notes=Notes()) as clip:
        off = code8_from_linear(clip.frame(0))[32, 32].astype(int) - red[0, 0, 0]
        assert np.abs(off).max() > 5
    (tmp_path / "job").mkdir()
    with open_clip(write_video(tmp_path / "right.mkv", red, pix_fmt="yuv444p", **FFV1), notes=Notes()) as clip:
        writer = open_writer(tmp_path / "o.mp4", tmp_path / "job", OutputSpec.of_clip(clip), notes=Notes())
        writer.write(0, clip.frame(0))
        writer.close()
        writer.publish(overwrite=False)
    with av.open(str(tmp_path / "o.mp4")) as container:
        frame = next(container.decode(video=0))
        codes = [int(np.frombuffer(p, np.uint8)[0]) for p in frame.planes]
    kr, kg, kb = 0.2126, 0.7152, 0.0722
    luma = (kr * 200 + kg * 30 + kb * 60) / 255
    wanted = [16 + 219 * luma, 128 + 224 * (60 / 255 - luma) / 1.8556, 128 + 224 * (200 / 255 - luma) / 1.5748]
    np.testing.assert_allclose(codes, wanted, atol=1.5)


def _tag709(stream: av.VideoStream) -> None:
    stream.codec_context.colorspace = 1


@pytest.mark.parametrize("how", ["header", "word"])
def test_exr_in_aces_primaries(tmp_path: Path, how: str) -> None:
    """Its white is our white, and ACEScg of Rec.709 red is red again."""
    ap1_of_red = (0.61309732, 0.07020, 0.02061)  # the Academy's ACEScg of linear Rec.709 (1, 0, 0)
    picture = np.zeros((8, 8, 3), np.float32)
    picture[:4], picture[4:] = 1.0, ap1_of_red
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    if how == "header":
        header["chromaticities"] = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
    OpenEXR.File(header, {"RGB": picture}).write(str(tmp_path / "0.exr"))
    colour = COLOURS["acescg"] if how == "word" else None
    with open_clip(tmp_path, notes=Notes(), rate=Fraction(24), colour=colour) as clip:
        found = clip.frame(0)
    np.testing.assert_allclose(found[0, 0], 1.0, atol=2e-3)
    np.testing.assert_allclose(found[7, 0], (1.0, 0.0, 0.0), atol=5e-3)


@pytest.mark.parametrize("first", ["Z", "A", "RGB"])
def test_exr_of_several_parts(tmp_path: Path, first: str) -> None:
    """The one that holds a picture is read, wherever it stands."""
    kind = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    other = OpenEXR.Part(dict(kind), {name: np.ones((4, 6), np.float32) for name in first}, name="other")
    planes = {name: np.full((4, 6), value, np.float32) for name, value in zip("RGBA", (0.1, 0.2, 0.3, 0.5))}
    parts = [other, OpenEXR.Part(dict(kind), planes, name="rgba")]
    OpenEXR.File(parts).write(str(tmp_path / "0.exr"))
    picture = read_picture(tmp_path / "0.exr", notes=Notes())
    np.testing.assert_allclose(picture[0, 0], 1.0 if first == "RGB" else (0.1, 0.2, 0.3), atol=1e-6)


@pytest.mark.parametrize("name", ["late.mkv", "late.flv", "late.mp4"])
def test_pictures_that_begin_late(tmp_path: Path, name: str) -> None:
    """Matroska and FLV count their length from time 0, whenever the first picture is."""
    pts = [48 + i for i in range(6)]
    path = write_video(tmp_path / name, smooth_frames(6, (48, 64)), pts=pts, options={"crf": "10", "bf": "2"})
    with open_clip(path, notes=Notes()) as clip:
        assert (clip.num_frames, clip.rate) == (6, 24)
        assert float(clip.timestamps_s[-1]) == pytest.approx(5 / 24, abs=0.0011)


def test_the_rate_of_a_bare_stream_is_its_own(tmp_path: Path) -> None:
    """FFmpeg takes 25 frames a second where no container states a rate; the stream itself does."""
    path = write_video(tmp_path / "a.h264", smooth_frames(6, (48, 64)))
    with open_clip(path, notes=Notes()) as clip:
        assert (clip.num_frames, clip.rate) == (6, 24)


def test_raw_dv(tmp_path: Path) -> None:
    """Its demuxer states 60,000 frames a second."""
    frames = smooth_frames(3, (576, 720))
    path = tmp_path / "a.dv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("dvvideo", rate=25)
        stream.height, stream.width, stream.pix_fmt = 576, 720, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=48000)
        sound.layout = "stereo"
        for i, codes in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(codes).reformat(format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            container.mux(stream.encode(frame))
            wave = av.AudioFrame.from_ndarray(np.zeros((1, 3840), np.int16), "s16", "stereo")
            wave.sample_rate, wave.pts, wave.time_base = 48000, 1920 * i, Fraction(1, 48000)
            container.mux(sound.encode(wave))
        container.mux([*stream.encode(None), *sound.encode(None)])
    with open_clip(path, notes=Notes()) as clip:
        assert (clip.num_frames, clip.rate, clip.hw) == (3, 25, (576, 768))


def test_an_animation_as_a_picture(tmp_path: Path) -> None:
    frames = smooth_frames(3, (16, 24))
    write_video(tmp_path / "a.apng", frames, codec="apng", pix_fmt="rgb24", matrix=None, options={})
    (tmp_path / "a.apng").rename(tmp_path / "a.png")
    notes = Notes()
    np.testing.assert_array_equal(code8_from_linear(read_picture(tmp_path / "a.png", notes=notes)), frames[0])
    assert any("animation" in text for text in notes.texts("input"))


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [("f.mov", "exr", "gbrpf32le"), ("f.nut", "rawvideo", "gbrpf32le")],
)
def test_floats_of_a_video_are_not_clipped(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    light = np.linspace(-0.5, 9, 24 * 32 * 3, dtype=np.float32).reshape(24, 32, 3)
    planes = [light[..., i] for i in (1, 2, 0)]
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.height, stream.width, stream.pix_fmt = 24, 32, pix_fmt
        frame = av.VideoFrame(32, 24, pix_fmt)
        for plane, values in zip(frame.planes, planes):
            np.frombuffer(plane, np.float32).reshape(24, -1)[:, :32] = values
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    notes = Notes()
    with open_clip(tmp_path / name, notes=notes) as clip:
        np.testing.assert_allclose(clip.frame(0), light, atol=1e-6)
        assert clip.proxy(16).frame(0).max() > 8
    assert any("scene-linear" in text for text in notes.texts("colour"))


@pytest.mark.parametrize("codec", ["libopus", "flac"])
def test_sound_that_quicktime_does_not_hold_is_left_out(tmp_path: Path, codec: str) -> None:
    """As a WebM's, which FFmpeg would refuse at the end of the work."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("ffv1", rate=24), container.add_stream(codec, rate=48000)
        video.height, video.width, video.pix_fmt, sound.layout = 48, 64, "yuv420p", "stereo"
        picture = av.VideoFrame(64, 48, "yuv420p")
        picture.pts, picture.time_base = 0, Fraction(1, 24)
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 3840), np.int16), "s16", "stereo")
        wave.sample_rate = 48000
        container.mux([*video.encode(picture), *video.encode(None), *sound.encode(wave), *sound.encode(None)])
    (tmp_path / "job").mkdir()
    notes, written = Notes(), tmp_path / "o.mov"
    with open_clip(path, notes=notes) as clip:
        spec = OutputSpec.of_clip(clip)
        writer = open_writer(written, tmp_path / "job", spec, notes=notes, sound=clip.sound())
        writer.write(0, clip.frame(0))
        writer.close()
        writer.publish(overwrite=False)
    with av.open(str(written)) as container:
        assert not container.streams.audio
    assert any("does not fit the output" in text for text in notes.texts("sound"))
