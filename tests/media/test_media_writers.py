"""Writing: colours, times, sound, publication."""

import errno
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from media_footage import smooth_frames, textured_frames

from cyclorama.core.clip import ArrayClip, iterate
from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media import (
    EncodeSettings,
    Notes,
    OutputSpec,
    Sound,
    open_clip,
    open_matte,
    open_matte_writer,
    open_writer,
    read_picture,
    sequence_paths,
)
from cyclorama.media.coding import Quality, h264
from cyclorama.media.video_writer import VideoWriter, exact_time_base

PATCHES = np.array(
    [[200, 30, 60], [30, 200, 60], [20, 40, 220], [128, 128, 128], [250, 250, 10], [10, 240, 240]], np.uint8
)


def job(tmp_path: Path) -> Path:
    folder = tmp_path / "out.cyc"
    folder.mkdir(exist_ok=True)
    return folder


def render(output: Path, frames: np.ndarray, *, spec: OutputSpec | None = None, sound: Sound | None = None) -> Notes:
    notes = Notes()
    clip = ArrayClip(linear_from_code8(frames))
    writer = open_writer(output, job(output.parent), spec or OutputSpec.of_clip(clip), notes=notes, sound=sound)
    for i, frame in enumerate(iterate(clip)):
        writer.write(i, frame)
    writer.close()
    writer.publish(overwrite=False)
    return notes


@pytest.mark.parametrize("hw", [(64, 192), (65, 189)])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_colour_patches_survive_and_are_tagged(tmp_path: Path, hw: tuple[int, int], suffix: str) -> None:
    frames = np.full((3, *hw, 3), 128, np.uint8)
    for i, patch in enumerate(PATCHES):
        frames[:, :, 32 * i : 32 * i + 32] = patch
    output = tmp_path / f"out{suffix}"
    render(output, frames)
    with av.open(str(output)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 13, 1, 1)
        assert context.pix_fmt == ("yuv420p" if hw[0] % 2 == 0 else "yuv444p")
        theirs = next(container.decode(video=0)).to_ndarray(format="rgb24")  # what another player sees
    with open_clip(output, notes=Notes()) as clip:
        assert clip.hw == hw
        ours = code8_from_linear(clip.frame(1))
    for codes, limit in ((ours, 2), (theirs, 4)):
        assert np.abs(codes[32, 16:192:32].astype(int) - PATCHES[: len(codes[32, 16:192:32])]).max() <= limit


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def test_pass_through_has_its_length_and_quality(tmp_path: Path) -> None:
    frames = textured_frames(24, (180, 320))
    render(tmp_path / "out.mp4", frames)
    with open_clip(tmp_path / "out.mp4", notes=Notes()) as clip:
        assert (clip.num_frames, clip.rate) == (24, 24)
        worst = min(psnr(code8_from_linear(clip.frame(i)), frames[i]) for i in range(24))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.duration == 1_000_000
    assert worst >= 45


def test_flat_codes_pass_twice_without_drift(tmp_path: Path) -> None:
    frames = np.arange(0, 256, 3, dtype=np.uint8)[:84].reshape(1, 84, 1, 1).repeat(2, 0).repeat(64, 2).repeat(3, 3)
    render(tmp_path / "a.mp4", frames)
    with open_clip(tmp_path / "a.mp4", notes=Notes()) as clip:
        first = code8_from_linear(clip.frame(0)).astype(int)
    assert np.abs(first - frames[0]).mean() < 1.5


@pytest.mark.parametrize("base", [Fraction(1, 90000), Fraction(1, 1000), Fraction(1001, 24000)])
def test_timestamps_survive_exactly(tmp_path: Path, base: Fraction) -> None:
    ticks = [0, 3003, 6006, 12012, 12912, 20000] if base == Fraction(1, 90000) else [0, 42, 83, 125, 167, 208]
    times = tuple(t * base for t in (range(6) if base.numerator > 1 else ticks))
    spec = OutputSpec((48, 64), Fraction(24), times)
    render(tmp_path / "v.mp4", smooth_frames(6, (48, 64)), spec=spec)
    with open_clip(tmp_path / "v.mp4", notes=Notes()) as clip:
        assert clip.timestamps_s == times


def test_the_clock_is_the_coarsest_exact_one() -> None:
    assert exact_time_base((Fraction(0), Fraction(1001, 24000)), Fraction(24000, 1001)) == Fraction(1, 24000)
    assert exact_time_base((Fraction(0),), Fraction(25)) == Fraction(1, 25)


def packets_of(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        return [(p.pts * p.time_base, bytes(p)) for p in container.demux(audio=0) if p.size]


def test_sound_is_copied_packet_by_packet(tmp_path: Path, plate_with_sound: Path) -> None:
    with open_clip(plate_with_sound, notes=Notes()) as clip:
        render(tmp_path / "o.mp4", smooth_frames(48, (64, 64)), sound=clip.sound())
    assert packets_of(tmp_path / "o.mp4") == packets_of(plate_with_sound)


def test_sound_is_trimmed_to_the_frames(tmp_path: Path, plate_with_sound: Path) -> None:
    with open_clip(plate_with_sound, notes=Notes()) as clip:
        spec = OutputSpec.of_clip(clip, 12, 36)
        render(tmp_path / "o.mp4", smooth_frames(24, (64, 64)), spec=spec, sound=clip.sound(12, 36))
    source, trimmed = packets_of(plate_with_sound), packets_of(tmp_path / "o.mp4")
    start = [data for _, data in source].index(trimmed[0][1])
    assert [data for _, data in trimmed] == [data for _, data in source[start : start + len(trimmed)]]
    assert abs(source[start][0] - Fraction(1, 2)) < Fraction(1024, 48000)
    assert all(t - source[start + i][0] == -Fraction(1, 2) for i, (t, _) in enumerate(trimmed))
    assert len(trimmed) * 1024 == pytest.approx(48000, abs=2048)


def test_a_plate_without_sound(tmp_path: Path, plate: Path) -> None:
    with open_clip(plate, notes=Notes()) as clip:
        notes = render(tmp_path / "o.mp4", smooth_frames(3, (48, 64)), sound=clip.sound(0, 3))
    assert any("no sound" in text for text in notes.texts("sound"))


def test_timecode_is_kept(tmp_path: Path) -> None:
    spec = OutputSpec((48, 64), Fraction(24), tuple(Fraction(i, 24) for i in range(3)), "01:02:03:04")
    render(tmp_path / "t.mov", smooth_frames(3, (48, 64)), spec=spec)
    with open_clip(tmp_path / "t.mov", notes=Notes()) as clip:
        assert clip.timecode == "01:02:03:04"


@pytest.mark.parametrize("bits", [8, 16])
def test_png_sequence(tmp_path: Path, bits: int) -> None:
    frames = smooth_frames(3, (21, 33))
    clip = ArrayClip(linear_from_code8(frames))
    pattern = tmp_path / "f.%04d.png"
    writer = open_writer(
        pattern, job(tmp_path), OutputSpec.of_clip(clip), notes=Notes(), settings=EncodeSettings(codec=f"png{bits}")
    )
    for i in (2, 0, 1):
        writer.write(i, clip.frame(i))
    assert not list(tmp_path.glob("*.png"))
    writer.close()
    writer.publish(overwrite=False)
    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["f.0000.png", "f.0001.png", "f.0002.png"]
    assert cv2.imread(str(tmp_path / "f.0001.png"), cv2.IMREAD_UNCHANGED).dtype == (
        np.uint8 if bits == 8 else np.uint16
    )
    assert b"sRGB" in (tmp_path / "f.0001.png").read_bytes()[:60]
    for i in range(3):
        back = code8_from_linear(read_picture(tmp_path / f"f.000{i}.png", notes=Notes()))
        np.testing.assert_array_equal(back, frames[i])
    assert not list(job(tmp_path).iterdir())


def test_exr_and_matte_sequences(tmp_path: Path) -> None:
    spec = OutputSpec((20, 30), Fraction(24), (Fraction(0),))
    picture = np.linspace(-0.1, 8, 1800, dtype=np.float32).reshape(20, 30, 3)
    writer = open_writer(tmp_path / "%d.exr", job(tmp_path), spec, notes=Notes())
    writer.write(0, picture)
    writer.close()
    writer.publish(overwrite=False)
    np.testing.assert_allclose(read_picture(tmp_path / "0.exr", notes=Notes()), picture, rtol=1e-3, atol=1e-4)
    (tmp_path / "matte").mkdir()
    alpha = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    matte = open_matte_writer(tmp_path / "matte" / "%04d.png", job(tmp_path), spec)
    matte.write(0, alpha)
    matte.close()
    matte.publish(overwrite=True)
    np.testing.assert_allclose(open_matte(tmp_path / "matte", notes=Notes()).alpha(0), alpha, atol=0.51 / 65535)


def test_patterns() -> None:
    assert [p.name for p in sequence_paths(Path("a/s.%03d.png"), 2)] == ["s.000.png", "s.001.png"]
    assert [p.name for p in sequence_paths(Path("%d.png"), 2, first=9)] == ["9.png", "10.png"]
    for name in ("a.png", "%d%d.png", "%s.png"):
        with pytest.raises(InputError, match="%04d"):
            sequence_paths(Path(name), 2)


@pytest.mark.parametrize("name", ["out.mp4", "%04d.png"])
def test_abort_leaves_nothing(tmp_path: Path, name: str) -> None:
    spec = OutputSpec((48, 64), Fraction(24), tuple(Fraction(i, 24) for i in range(5)))
    for written in (0, 3):
        writer = open_writer(tmp_path / name, job(tmp_path), spec, notes=Notes())
        for i in range(written):
            writer.write(i, np.full((48, 64, 3), 0.2, np.float32))
        writer.abort()
        writer.abort()
    assert [p.name for p in tmp_path.rglob("*")] == ["out.cyc"]


def test_writer_contracts(tmp_path: Path) -> None:
    spec = OutputSpec((48, 64), Fraction(24), tuple(Fraction(i, 24) for i in range(2)))
    picture = np.zeros((48, 64, 3), np.float32)
    writer = open_writer(tmp_path / "o.mp4", job(tmp_path), spec, notes=Notes())
    with pytest.raises(ValueError, match="in order"):
        writer.write(1, picture)
    with pytest.raises(ValueError, match="48 x 64"):
        writer.write(0, picture[1:])
    writer.write(0, picture)
    with pytest.raises(ValueError, match="all 2 frames"):
        writer.close()
    writer.abort()
    with pytest.raises(ValueError, match="start at 0"):
        OutputSpec((48, 64), Fraction(24), (Fraction(1),))


def test_nan_and_wild_values_do_not_break_the_writer(tmp_path: Path) -> None:
    picture = np.full((48, 64, 3), np.nan, np.float32)
    picture[:24] = [-5.0, np.inf, 1e9]
    writer = open_writer(
        tmp_path / "o.mp4", job(tmp_path), OutputSpec((48, 64), Fraction(24), (Fraction(0),)), notes=Notes()
    )
    writer.write(0, picture)
    writer.close()
    writer.publish(overwrite=False)
    with open_clip(tmp_path / "o.mp4", notes=Notes()) as clip:
        codes = code8_from_linear(clip.frame(0))
    assert np.abs(codes[10, 10].astype(int) - [0, 255, 255]).max() < 12
    assert codes[40, 10].max() < 4


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES])
def test_a_full_disk_is_the_machines_fault(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(Path, "write_bytes", full)
    spec = OutputSpec((4, 4), Fraction(24), (Fraction(0),))
    writer = open_writer(tmp_path / "%d.png", job(tmp_path), spec, notes=Notes())
    with pytest.raises(MachineError, match=r"full|permissions"):
        writer.write(0, np.zeros((4, 4, 3), np.float32))
    writer.abort()


def test_video_on_a_full_disk(tmp_path: Path) -> None:
    """A real ENOSPC of the muxer, which surfaces late."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    spec = OutputSpec((48, 64), Fraction(24), (Fraction(0),))
    coding = h264(spec.hw, Quality(16, "veryfast"), Notes())
    writer = VideoWriter(tmp_path / "o.mp4", job(tmp_path), spec, coding, notes=Notes())
    writer.write(0, np.zeros((48, 64, 3), np.float32))
    (job(tmp_path) / "shot" / "joined.mp4").symlink_to("/dev/full")
    with pytest.raises(MachineError, match="full"):
        writer.close()
    writer.abort()
