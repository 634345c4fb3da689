"""Keyed actors in files: what comes back is what was keyed, straight or premultiplied, as the note says."""

import errno
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import OpenEXR
import pytest

from cyclorama.core.display import display_from_linear, linear_from_display
from cyclorama.core.errors import InputError, MachineError
from cyclorama.core.layers import Foreground
from cyclorama.media import (
    ForegroundFormat,
    ForegroundSettings,
    Notes,
    OutputSpec,
    Sound,
    open_clip,
    open_foreground_writer,
    open_matte,
)
from cyclorama.media.foreground import straight_rgba
from cyclorama.media.video_writer import _verify_alpha

HW = (48, 70)
SPEC = OutputSpec(HW, Fraction(25), tuple(Fraction(i, 25) for i in range(3)))
NAMES = ["actor.mov", "actor.mkv", "actor.webm", "%04d.exr", "%04d.png"]
VIDEOS = (".mov", ".mkv", ".webm")
ALPHA_OFF = {".mov": 0.002, ".mkv": 0.0005, ".webm": 0.02}
COLOUR_OFF = {".mov": 0.02, ".mkv": 0.004, ".webm": 0.06}
SKIN = np.array([0.5, 0.2, 0.05], np.float32)


def disc(center: float = 35.0) -> np.ndarray:
    """Alpha of a disc with a ramp of 10 pixels as its edge."""
    y, x = np.mgrid[: HW[0], : HW[1]] + 0.5
    return np.clip((18 - np.hypot(x - center, y - 24)) / 10 + 0.5, 0, 1).astype(np.float32)


def actor(index: int = 0) -> Foreground:
    alpha = disc(33.0 + index)
    return Foreground(alpha[..., None] * SKIN, alpha)


def job(tmp_path: Path) -> Path:
    folder = tmp_path / "out.cyc"
    folder.mkdir(exist_ok=True)
    return folder


def written(
    tmp_path: Path, name: str, straight: bool | None = None, sound: Sound | None = None, spec: OutputSpec = SPEC
) -> tuple[Path, Notes]:
    notes = Notes()
    options = {"notes": notes, "sound": sound, "settings": ForegroundSettings(straight=straight)}
    writer = open_foreground_writer(tmp_path / name, job(tmp_path), spec, **options)
    for index in range(spec.num_frames):
        writer.write(index, actor(index))
    writer.close()
    assert [p.name for p in tmp_path.iterdir()] == ["out.cyc"]
    writer.publish(overwrite=False)
    assert not list(job(tmp_path).iterdir())
    return (tmp_path / name if name.endswith(VIDEOS) else tmp_path), notes


def rgba_of(path: Path, name: str, index: int) -> np.ndarray:
    """Frame ``index`` as other programs see it: display values (linear of EXR), h w 4."""
    if name.endswith(VIDEOS):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            decoder = av.CodecContext.create("libvpx-vp9", "r") if name.endswith(".webm") else None
            frames = (
                container.decode(stream)
                if decoder is None
                else (f for p in container.demux(stream) for f in decoder.decode(p))
            )
            frame = list(frames)[index]
            return frame.reformat(format="rgba64le").to_ndarray() / 65535
    file = path / (name % index)
    if name.endswith(".exr"):
        return OpenEXR.File(str(file)).channels()["RGBA"].pixels.astype(np.float32)
    codes = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert codes.dtype == np.uint16
    return codes[..., [2, 1, 0, 3]] / 65535


@pytest.mark.parametrize("straight", [True, False, None])
@pytest.mark.parametrize("name", NAMES)
def test_colour_and_alpha_survive(tmp_path: Path, name: str, straight: bool | None) -> None:
    path, notes = written(tmp_path, name, straight)
    usual = not name.endswith(".exr")
    is_straight = usual if straight is None else straight
    assert [("straight" in t, "premultiplied" in t) for t in notes.texts("output")] == [(is_straight, not is_straight)]
    found = rgba_of(path, name, 1)
    alpha = disc(34.0)
    suffix = Path(name).suffix
    assert np.abs(found[..., 3] - alpha).max() < ALPHA_OFF.get(suffix, 0.0005)
    skin = SKIN if name.endswith(".exr") else display_from_linear(SKIN)
    wanted = np.broadcast_to(skin, (*HW, 3)) if is_straight else alpha[..., None] * skin
    seen = alpha > 0.02 if is_straight else alpha >= 0
    limit = COLOUR_OFF.get(suffix, 0.001)
    assert np.abs(found[..., :3] - wanted)[seen].max() < limit


@pytest.mark.parametrize("name", NAMES)
def test_our_own_readers_take_them(tmp_path: Path, name: str) -> None:
    path, _ = written(tmp_path, name)
    matte = open_matte(path, notes=Notes())
    if not name.endswith(VIDEOS):
        (tmp_path / "out.cyc").rmdir()
    assert (matte.num_frames, matte.hw) == (3, HW)
    for index in range(3):
        assert np.abs(matte.alpha(index) - disc(33.0 + index)).max() < max(0.002, ALPHA_OFF.get(Path(name).suffix, 0))
    matte.close()
    with open_clip(path, notes=Notes()) as clip:
        inside = disc(35.0) == 1
        np.testing.assert_allclose(clip.frame(2)[inside], np.broadcast_to(SKIN, (inside.sum(), 3)), atol=0.05)


def test_the_edge_colour_goes_on_outside() -> None:
    """Shrunk by another program with its colour and alpha apart, the edge shows no black and the far field is black."""
    wide = Foreground(*(np.pad(a, [(60, 60), (60, 60)] + [(0, 0)] * (a.ndim - 2)) for a in (actor().color, disc(33.0))))
    rgba = straight_rgba(wide)
    near = (cv2.dilate((wide.alpha > 0).astype(np.uint8), np.ones((9, 9))) > 0) & (wide.alpha == 0)
    np.testing.assert_allclose(rgba[near][:, :3], np.broadcast_to(SKIN, (near.sum(), 3)), rtol=0.03)
    assert not rgba[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    small = cv2.resize(rgba, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    edge = (small[..., 3] > 0.01) & (small[..., 3] < 0.99)
    assert edge.sum() > 10
    np.testing.assert_allclose(small[edge][:, :3], np.broadcast_to(SKIN, (edge.sum(), 3)), rtol=0.1)


def test_an_empty_frame_is_black_and_clear(tmp_path: Path) -> None:
    nothing = Foreground(np.zeros((*HW, 3), np.float32), np.zeros(HW, np.float32))
    assert not straight_rgba(nothing).any()
    spec = OutputSpec(HW, Fraction(25), (Fraction(0),))
    writer = open_foreground_writer(tmp_path / "a.mov", job(tmp_path), spec, notes=Notes())
    writer.write(0, nothing)
    writer.close()
    writer.publish(overwrite=False)
    assert rgba_of(tmp_path / "a.mov", "a.mov", 0).max() < 1e-3


def test_prores_is_tagged_timed_and_heard(tmp_path: Path, plate_with_sound: Path) -> None:
    times = (Fraction(0), Fraction(3003, 90000), Fraction(12012, 90000))
    spec = OutputSpec(HW, Fraction(24), times, "01:02:03:04")
    with open_clip(plate_with_sound, notes=Notes()) as plate:
        path, _ = written(tmp_path, "actor.mov", sound=plate.sound(0, 3), spec=spec)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.codec_tag, context.pix_fmt) == ("prores", "ap4h", "yuva444p12le")
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert container.streams.audio
    with open_clip(path, notes=Notes()) as clip:
        assert (clip.timestamps_s, clip.timecode) == (times, "01:02:03:04")


def test_exr_says_what_it_holds(tmp_path: Path) -> None:
    for straight in (None, True):
        folder = tmp_path / str(straight)
        folder.mkdir()
        path, _ = written(folder, "%04d.exr", straight)
        header = OpenEXR.File(str(path / "0000.exr")).header()
        assert header["cyclorama/alpha"] == ("straight" if straight else "premultiplied")
        assert header["chromaticities"][:2] == pytest.approx((0.64, 0.33))


def test_wild_values_are_limited(tmp_path: Path) -> None:
    color = np.full((*HW, 3), np.nan, np.float32)
    color[:24] = [-1, 50, np.inf]
    alpha = np.full(HW, 2.0, np.float32)
    alpha[:, :10] = np.nan
    spec = OutputSpec(HW, Fraction(25), (Fraction(0),))
    for name in ("a.mov", "%d.png"):
        writer = open_foreground_writer(tmp_path / name, job(tmp_path), spec, notes=Notes())
        writer.write(0, Foreground(color, alpha))
        writer.close()
        writer.publish(overwrite=False)
        found = rgba_of(tmp_path / name if name == "a.mov" else tmp_path, name, 0)
        assert np.abs(found[5, 40] - [0, 1, 1, 1]).max() < 0.02
        assert np.abs(found[40, 40] - [0, 0, 0, 1]).max() < 0.02
        assert found[5, 4, 3] == 0


@pytest.mark.parametrize("name", ["actor.mp4", "actor.jpg", "actor"])
def test_names_that_hold_no_alpha(name: str) -> None:
    with pytest.raises(InputError, match=r"alpha.*NAME\.mov"):
        ForegroundFormat.of(Path(name))


def test_order_and_number_of_frames(tmp_path: Path) -> None:
    writer = open_foreground_writer(tmp_path / "a.mov", job(tmp_path), SPEC, notes=Notes())
    with pytest.raises(ValueError, match="in order"):
        writer.write(1, actor())
    writer.write(0, actor())
    with pytest.raises(ValueError, match="all 3 frames"):
        writer.close()
    writer.abort()
    assert [p.name for p in tmp_path.rglob("*")] == ["out.cyc"]


@pytest.mark.parametrize("name", NAMES)
def test_abort_leaves_nothing(tmp_path: Path, name: str) -> None:
    writer = open_foreground_writer(tmp_path / name, job(tmp_path), SPEC, notes=Notes())
    writer.write(0, actor())
    writer.abort()
    writer.abort()
    assert [p.name for p in tmp_path.rglob("*")] == ["out.cyc"]


def test_a_full_disk_is_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no")

    monkeypatch.setattr(Path, "write_bytes", full)
    writer = open_foreground_writer(tmp_path / "%d.png", job(tmp_path), SPEC, notes=Notes())
    with pytest.raises(MachineError, match="full"):
        writer.write(0, actor())
    writer.abort()


def test_a_file_that_lost_its_alpha_is_refused(plate: Path) -> None:
    with pytest.raises(MachineError, match="without its alpha"):
        _verify_alpha(plate)


def test_display_values_are_what_is_multiplied(tmp_path: Path) -> None:
    """An editor that composites display values over black gets the actor's display values times alpha back."""
    path, _ = written(tmp_path, "%04d.png", straight=False)
    found = rgba_of(path, "%04d.png", 0)
    seen = found[..., 3] > 0.1
    back = linear_from_display(found[seen][:, :3] / found[seen][:, 3:])
    np.testing.assert_allclose(back, np.broadcast_to(SKIN, back.shape), atol=1e-3)
