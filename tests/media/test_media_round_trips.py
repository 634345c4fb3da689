"""What goes in comes out: a clip passes through a shot that changes nothing, in every format."""

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from av.video.reformatter import Colorspace
from media_footage import smooth_frames, textured_frames, write_video

from cyclorama.core.display import code8_from_linear, display_from_linear
from cyclorama.media import EncodeSettings, Notes, OutputSpec, Sound, open_clip, open_writer
from cyclorama.media.curves import COLOURS
from cyclorama.media.open import ClipReader
from cyclorama.media.tags import ShotTags

LOSSLESS = [("o.mkv", None), ("%04d.png", "png8"), ("%04d.png", "png16"), ("%04d.exr", "zip")]
LOSSY = [
    ("o.mp4", "h264"),
    ("o.mov", "h264"),
    ("o.mp4", "h265"),
    ("o.mov", "h265"),
    ("o.mkv", "h264"),
    ("o.mov", "prores"),
    ("o.mov", "prores4444"),
    ("%04d.exr", "dwa"),
]
FFV1 = {"codec": "ffv1", "options": {"level": "3"}}


def passed(
    plate: ClipReader, folder: Path, name: str, settings: EncodeSettings, spec: OutputSpec | None = None
) -> Path:
    """The plate, unchanged, through a writer; the file or the folder that it becomes."""
    (folder / "job").mkdir(parents=True, exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    spec = spec or OutputSpec.of_clip(plate)
    sound = getattr(plate, "sound", None)
    heard: Sound | None = sound(0, None) if sound else None
    writer = open_writer(folder / "out" / name, folder / "job", spec, notes=Notes(), sound=heard, settings=settings)
    for index in range(spec.num_frames):
        writer.write(index, plate.frame(index))
    writer.close()
    writer.publish(overwrite=False)
    return folder / "out" if "%" in name else folder / "out" / name


def differences(before: Path, after: Path) -> np.ndarray:
    """Of every pixel's 8-bit display codes."""
    with open_clip(before, notes=Notes()) as a, open_clip(after, notes=Notes()) as b:
        assert (a.num_frames, a.hw) == (b.num_frames, b.hw)
        codes = [[code8_from_linear(c.frame(i)).astype(int) for i in range(c.num_frames)] for c in (a, b)]
    return np.array(codes[1]) - np.array(codes[0])


@pytest.fixture(scope="module", params=["sRGB", "BT.709"])
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every grey, bright colours and a soft texture, as 8-bit RGB and as 8-bit BT.709 4:2:0."""
    frames = smooth_frames(4, (96, 128))
    frames[:, :16, :] = np.repeat(np.arange(128, dtype=np.uint8) * 2, 3).reshape(1, 1, 128, 3)
    frames[:, 16:32] = np.array([[200, 30, 60], [30, 200, 60], [20, 40, 220], [250, 250, 10]], np.uint8)[
        np.arange(128) // 32
    ]
    path = tmp_path_factory.mktemp("coded") / "plate.mkv"
    if request.param == "sRGB":
        bgr = np.ascontiguousarray(frames[..., ::-1])
        return write_video(path, bgr, pix_fmt="bgr0", source_format="bgr24", matrix=None, **FFV1)
    return write_video(path, frames, pix_fmt="yuv420p", matrix=Colorspace.ITU709, **FFV1)


@pytest.mark.parametrize(("name", "codec"), LOSSLESS)
def test_lossless_formats_keep_code_values(tmp_path: Path, coded: Path, name: str, codec: str | None) -> None:
    with open_clip(coded, notes=Notes()) as plate:
        after = passed(plate, tmp_path, name, EncodeSettings(codec))
    off = np.abs(differences(coded, after))
    assert off.max() <= 1
    assert off.mean() <= 0.3


@pytest.mark.parametrize(("name", "codec"), [*LOSSY, ("o.webm", "vp9")])
def test_other_formats_are_visually_lossless(tmp_path: Path, name: str, codec: str) -> None:
    plate_path = write_video(tmp_path / "plate.mkv", textured_frames(8, (180, 320)), matrix=Colorspace.ITU709, **FFV1)
    with open_clip(plate_path, notes=Notes()) as plate:
        after = passed(plate, tmp_path, name, EncodeSettings(codec))
    error = float(np.mean(differences(plate_path, after).astype(float) ** 2))
    assert 10 * np.log10(255**2 / error) >= 45


def ramp10(path: Path) -> Path:
    """Every 10-bit code of video range as grey, 876 columns, in 4:2:2."""
    codes = np.repeat(np.arange(64, 940, dtype=np.uint16)[None], 32, 0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24, options={"level": "3"})
        stream.height, stream.width, stream.pix_fmt = 32, 876, "yuv422p10le"
        stream.codec_context.colorspace = stream.codec_context.color_range = 1
        frame = av.VideoFrame(876, 32, "yuv422p10le")
        for plane, values in zip(frame.planes, (codes, 512, 512)):
            np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[:, : plane.width] = values
        frame.pts, frame.time_base = 0, Fraction(1, 24)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize(
    ("name", "codec", "off"),
    [
        ("o.mkv", "ffv1", 0.01),
        ("o.mov", "prores", 1),
        ("o.mov", "prores4444", 1),
        ("o.mp4", "h265", 2),
        ("%04d.png", "png16", 0.02),
        ("%04d.exr", "zip", 0.5),
    ],
)
def test_ten_bit_ramps_do_not_band(tmp_path: Path, name: str, codec: str, off: float) -> None:
    """``off``: steps of 10 bits by which a code may be wrong. In 8 bits the ramp would have 220 levels."""
    plate_path = ramp10(tmp_path / "ramp.mkv")
    with open_clip(plate_path, notes=Notes()) as plate:
        before = display_from_linear(plate.frame(0))[16, :, 1].astype(np.float64)
        after = passed(plate, tmp_path, name, EncodeSettings(codec, crf=4))
    with open_clip(after, notes=Notes()) as clip:
        found = display_from_linear(clip.frame(0))[16, :, 1].astype(np.float64)
    assert np.abs(found - before).max() * 876 <= off + 1e-3
    assert len(np.unique(np.round(found * 876))) > 700


def with_everything(path: Path, rate: Fraction, timecode: str) -> Path:
    """A second of picture and sound in mov, with timecode, reel and texts."""
    frames = smooth_frames(12, (48, 64))
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update({"timecode": timecode, "title": "Shot 7 ü緑", "com.apple.quicktime.make": "ARRI"})
        video = container.add_stream("libx264", rate=rate)
        video.height, video.width, video.pix_fmt = 48, 64, "yuv420p"
        video.time_base = video.codec_context.time_base = 1 / rate
        video.metadata["reel_name"] = "A001C002"
        audio = container.add_stream("pcm_s16le", rate=48000)
        audio.layout = "stereo"
        for i, codes in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(codes).reformat(format="yuv420p")
            frame.pts, frame.time_base = i, 1 / rate
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        noise = np.random.default_rng(0).integers(-9999, 9999, (1, 2 * 24000), dtype=np.int16)
        sound = av.AudioFrame.from_ndarray(noise, "s16", "stereo")
        sound.sample_rate, sound.pts, sound.time_base = 48000, 0, Fraction(1, 48000)
        container.mux([*audio.encode(sound), *audio.encode(None)])
    return path


def samples(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], 1)


@pytest.mark.parametrize(
    ("rate", "timecode"),
    [
        (Fraction(24000, 1001), "01:02:03:04"),
        (Fraction(25), "10:00:00:00"),
        (Fraction(30000, 1001), "00:59:59;28"),
        (Fraction(60000, 1001), "01:00:00;02"),
    ],
)
@pytest.mark.parametrize(
    ("name", "codec"), [("o.mov", "h264"), ("o.mov", "prores"), ("o.mp4", "h265"), ("o.mkv", "ffv1")]
)
def test_time_sound_and_tags_come_through(tmp_path: Path, name: str, codec: str, rate: Fraction, timecode: str) -> None:
    before = with_everything(tmp_path / "plate.mov", rate, timecode)
    with open_clip(before, notes=Notes()) as plate:
        assert (plate.rate, plate.timecode, plate.tags.reel) == (rate, timecode, "A001C002")
        times = plate.timestamps_s
        after = passed(plate, tmp_path, name, EncodeSettings(codec))
    with open_clip(after, notes=Notes()) as clip:
        limit = Fraction(1, 2000) if name.endswith("mkv") else 0  # Matroska counts milliseconds
        assert (clip.rate, clip.timecode) == (rate, timecode)
        assert max(abs(a - b) for a, b in zip(clip.timestamps_s, times)) <= limit
        assert dict(clip.tags.texts)["title"] == "Shot 7 ü緑"
        assert name != "o.mov" or clip.tags.reel == "A001C002"
    np.testing.assert_array_equal(samples(after), samples(before))


def test_the_timecode_and_numbers_of_a_part(tmp_path: Path) -> None:
    before = with_everything(tmp_path / "plate.mov", Fraction(30000, 1001), "00:59:59;28")
    with open_clip(before, notes=Notes()) as plate:
        assert OutputSpec.of_clip(plate, 3).timecode == "01:00:00;01"


def test_exr_frames_carry_timecode_rate_and_reel(tmp_path: Path) -> None:
    rate = Fraction(24000, 1001)
    before = with_everything(tmp_path / "plate.mov", rate, "01:00:00:22")
    with open_clip(before, notes=Notes()) as plate:
        folder = passed(plate, tmp_path, "%04d.exr", EncodeSettings("zip"))
    header = OpenEXR.File(str(folder / "0002.exr"), header_only=True).header()
    code = header["timeCode"]
    assert (code.hours, code.minutes, code.seconds, code.frame) == (1, 0, 1, 0)
    assert header["framesPerSecond"] == rate
    assert header["reelName"] == "A001C002"
    assert header["plate/title"] == "Shot 7 ü緑"
    with open_clip(folder, notes=Notes()) as clip:
        assert (clip.rate, clip.timecode, clip.tags.reel) == (rate, "01:00:00:22", "A001C002")


def test_a_sequence_keeps_its_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "plate"
    folder.mkdir()
    for i, codes in enumerate(smooth_frames(3, (48, 64))):
        cv2.imwrite(str(folder / f"shot.{1001 + i}.png"), codes)
    with open_clip(folder, notes=Notes(), rate=Fraction(24)) as plate:
        spec = OutputSpec.of_clip(plate, 1)
        after = passed(plate, tmp_path, "%04d.png", EncodeSettings(), spec)
    assert sorted(p.name for p in after.iterdir()) == ["1002.png", "1003.png"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("o.mp4", "h264"),
        ("o.mov", "prores"),
        ("o.mp4", "h265"),
        ("o.mkv", "ffv1"),
        ("o.webm", "vp9"),
        ("%d.exr", "zip"),
        ("%d.png", "png16"),
    ],
)
def test_the_same_bytes_twice(tmp_path: Path, name: str, codec: str) -> None:
    plate_path = write_video(tmp_path / "plate.mkv", smooth_frames(10, (96, 128)), **FFV1)
    seen = set()
    for run in range(2):
        with open_clip(plate_path, notes=Notes()) as plate:
            after = passed(plate, tmp_path / str(run), name, EncodeSettings(codec))
        files = sorted(after.iterdir()) if after.is_dir() else [after]
        seen.add(hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest())
    assert len(seen) == 1


@pytest.mark.parametrize("word", ["pq", "hlg", "slog3", "logc3", "logc4", "vlog", "clog3", "log3g10"])
@pytest.mark.parametrize("codec", ["ffv1", "prores4444"])
def test_scene_light_survives_in_its_own_coding(tmp_path: Path, word: str, codec: str) -> None:
    """Grey from four stops under to what the coding holds, written and read back."""
    colour = COLOURS[word]
    light = 0.18 * 2.0 ** np.linspace(-4, min(6, np.log2(0.9 * colour.top / 0.18)), 64)
    picture = np.repeat(np.repeat(light.astype(np.float32)[None, :, None], 16, 0), 3, 2)
    name = "o.mkv" if codec == "ffv1" else "o.mov"
    (tmp_path / "job").mkdir()
    spec = OutputSpec((16, 64), Fraction(24), (Fraction(0),), tags=ShotTags())
    writer = open_writer(
        tmp_path / name, tmp_path / "job", spec, notes=Notes(), settings=EncodeSettings(codec, colour=colour)
    )
    writer.write(0, picture)
    writer.close()
    writer.publish(overwrite=False)
    with open_clip(tmp_path / name, notes=Notes(), colour=None if word in ("pq", "hlg") else colour) as clip:
        found = clip.frame(0)[8]
    step = 0.005 if codec == "ffv1" else 0.06
    np.testing.assert_allclose(found, picture[8], rtol=step, atol=1e-3)


@pytest.mark.parametrize(
    ("word", "code", "linear"),
    [  # published 10-bit codes of video range for the grey card and for 90 % white
        ("slog3", 420, 0.18),
        ("slog3", 598, 0.90),
        ("vlog", 433, 0.18),
        ("vlog", 602, 0.90),
        ("clog3", 351, 0.18),
        ("logc3", 64 + 0.391 * 876, 0.18),
        ("logc4", 64 + 0.2784 * 876, 0.18),
        ("log3g10", 64 + 876 / 3, 0.18),
    ],
)
def test_log_curves_meet_their_published_codes(word: str, code: float, linear: float) -> None:
    signal = np.array((code - 64) / 876)
    assert COLOURS[word].linear_curve(full_range=False)(signal) == pytest.approx(linear, rel=0.01)
