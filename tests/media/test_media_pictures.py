"""Single pictures, folders of pictures, mattes."""

import shutil
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from media_footage import smooth_frames, write_video

from cyclorama.core.display import linear_from_code8, linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.media import Notes, is_picture, open_clip, open_matte, read_picture
from cyclorama.media.exr import read_exr_data, write_exr_data

CODES = smooth_frames(1, (40, 60))[0]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def save(path: Path, rgb: np.ndarray, *options: int) -> Path:
    if rgb.ndim == 3:
        rgb = rgb[..., [2, 1, 0, 3][: rgb.shape[2]]]
    assert cv2.imwrite(str(path), rgb, list(options))
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_lossless_codes_are_exact(tmp_path: Path, suffix: str) -> None:
    options = (cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == ".webp" else ()
    picture = read_picture(save(tmp_path / f"a{suffix}", CODES, *options), notes=Notes())
    np.testing.assert_array_equal(picture, linear_from_code8(CODES))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_exact(tmp_path: Path, suffix: str) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    picture = read_picture(save(tmp_path / f"a{suffix}", codes), notes=Notes())
    np.testing.assert_allclose(picture, linear_from_display(codes / 65535), rtol=1e-6)


def test_jpeg_grey_and_alpha(tmp_path: Path) -> None:
    jpeg = read_picture(save(tmp_path / "a.jpg", CODES, cv2.IMWRITE_JPEG_QUALITY, 98), notes=Notes())
    assert np.abs(jpeg - linear_from_code8(CODES)).mean() < 0.02
    grey = read_picture(save(tmp_path / "g.png", CODES[..., 1]), notes=Notes())
    np.testing.assert_array_equal(grey, linear_from_code8(CODES[..., [1, 1, 1]]))
    notes = Notes()
    alpha = np.full(CODES.shape[:2], 3, np.uint8)
    rgba = read_picture(save(tmp_path / "r.png", np.dstack([CODES, alpha])), notes=notes)
    np.testing.assert_array_equal(rgba, linear_from_code8(CODES))  # dropped, not blended
    assert any("alpha" in text for text in notes.texts())


def test_palette_png(tmp_path: Path) -> None:
    head = struct.pack(">IIBBBBB", 2, 1, 8, 3, 0, 0, 0)
    body = png_chunk(b"IHDR", head) + png_chunk(b"PLTE", bytes([200, 30, 60, 1, 2, 3]))
    body += png_chunk(b"IDAT", zlib.compress(b"\0\0\1")) + png_chunk(b"IEND", b"")
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    picture = read_picture(tmp_path / "p.png", notes=Notes())
    np.testing.assert_array_equal(picture, linear_from_code8(np.array([[[200, 30, 60], [1, 2, 3]]], np.uint8)))


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    plain = save(tmp_path / "a.jpg", CODES, cv2.IMWRITE_JPEG_QUALITY, 100).read_bytes()
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x112, 3, 1, 6) + b"\0\0\0\0"  # 6: turn right to show
    exif = b"Exif\0\0" + tiff
    (tmp_path / "b.jpg").write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:])
    straight, turned = (read_picture(tmp_path / name, notes=Notes()) for name in ("a.jpg", "b.jpg"))
    np.testing.assert_array_equal(turned, np.rot90(straight, -1))


def save_exr(path: Path, channels: dict[str, np.ndarray], **header: object) -> Path:
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}, channels).write(
        str(path)
    )
    return path


def test_exr_is_linear_and_cleaned(tmp_path: Path) -> None:
    picture = np.linspace(-0.5, 40, 20 * 30 * 3, dtype=np.float32).reshape(20, 30, 3)
    bad = picture.copy()
    bad[3, 4], bad[5, 6, 1] = np.nan, np.inf
    notes = Notes()
    got = read_picture(save_exr(tmp_path / "a.exr", {"RGB": bad}), notes=notes)
    assert np.isfinite(got).all()
    assert (got[3, 4] == 0).all()
    keep = np.isfinite(bad)
    np.testing.assert_array_equal(got[keep], picture[keep])
    assert any("not numbers" in text for text in notes.texts())


def test_exr_data_window_is_placed_in_the_display_window(tmp_path: Path) -> None:
    data = np.full((4, 6, 3), 0.5, np.float32)
    window = (np.array([2, 1], np.int32), np.array([7, 4], np.int32))
    display = (np.array([0, 0], np.int32), np.array([9, 7], np.int32))
    got = read_picture(
        save_exr(tmp_path / "w.exr", {"RGB": data}, dataWindow=window, displayWindow=display), notes=Notes()
    )
    assert got.shape == (8, 10, 3)
    assert (got[1:5, 2:8] == 0.5).all()
    assert got.sum() == pytest.approx(data.sum())


def test_refused_pictures(tmp_path: Path) -> None:
    png = save(tmp_path / "a.png", CODES).read_bytes()
    jpeg = save(tmp_path / "a.jpg", CODES).read_bytes()
    tiff = save(tmp_path / "a.tif", CODES).read_bytes()
    webp = save(tmp_path / "a.webp", CODES).read_bytes()
    exr = save_exr(tmp_path / "a.exr", {"RGB": np.zeros((64, 64, 3), np.float32)}).read_bytes()
    bomb = png[:8] + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 1, 0, 0, 0, 0)) + png[33:]
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    cases = {
        "cut.png": png[: len(png) // 2],
        "tail.png": png[:-12],
        "flip.png": bytes(flipped),
        "cut.jpg": jpeg[: len(jpeg) * 3 // 4],
        "cut.tif": tiff[: len(tiff) // 2],
        "cut.webp": webp[:-200],
        "cut.exr": exr[: len(exr) // 2],
        "text.png": b"this is not a picture at all, only words",
        "empty.png": b"",
        "bomb.png": bomb,
        "short.jpg": jpeg[:3],
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=name) as caught:
            read_picture(tmp_path / name, notes=Notes())
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        read_picture(tmp_path / "absent.png", notes=Notes())
    with pytest.raises(InputError, match="folder"):
        read_picture(tmp_path, notes=Notes())


def test_folders_of_sixteen_bit_png_and_exr(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (3, 16, 24, 3), dtype=np.uint16)
    for folder, suffix in ((tmp_path / "png", ".png"), (tmp_path / "exr", ".exr")):
        folder.mkdir()
        for i, frame in enumerate(codes):
            if suffix == ".png":
                save(folder / f"shot.v2.{i + 99}.png", frame)
            else:
                save_exr(folder / f"{i:04d}.exr", {"RGB": linear_from_display(frame / 65535)})
        (folder / "notes.txt").write_text("not a frame")
        notes = Notes()
        clip = open_clip(folder, notes=notes, rate=Fraction(25))
        assert (clip.num_frames, clip.rate) == (3, 25)
        for i, frame in enumerate(codes):
            np.testing.assert_allclose(clip.frame(i), linear_from_display(frame / 65535), rtol=1e-6)
    open_clip(folder, notes=notes)
    assert any("24 frames a second" in text for text in notes.texts("time"))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "got none"),
        (["a.txt"], "got none"),
        (["f1.png", "f2.png", "f4.png"], "frame 3 is missing"),
        (["f1.png", "f01.png"], "frame 1 is there twice"),
        (["f1.png", "g2.png"], "one sequence"),
        (["f1.png", "f2.jpg"], "one sequence"),
        (["f1.png", "cover.png"], "cover.png has none"),
    ],
)
def test_folders_that_are_not_one_sequence(tmp_path: Path, names: list[str], words: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"x") if name.endswith("txt") else save(tmp_path / name, CODES)
    with pytest.raises(InputError, match=words):
        open_clip(tmp_path, notes=Notes())


def test_folder_of_two_sizes(tmp_path: Path) -> None:
    save(tmp_path / "1.png", CODES)
    save(tmp_path / "2.png", CODES[:-1])
    with pytest.raises(InputError, match=r"2\.png.*60 x 40.*60 x 39"):
        open_clip(tmp_path, notes=Notes())


def test_one_picture_is_not_a_plate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one picture"):
        open_clip(save(tmp_path / "a.png", CODES), notes=Notes())


ALPHA = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None], 32, 0)


def matte_folder(folder: Path, kind: str) -> Path:
    folder.mkdir()
    eight, sixteen = (ALPHA * 255).round().astype(np.uint8), (ALPHA * 65535).round().astype(np.uint16)
    for i in range(2):
        path = folder / f"m{i:03d}.png"
        match kind:
            case "grey 8":
                save(path, eight)
            case "grey 16":
                save(path, sixteen)
            case "rgb 16":
                save(path, sixteen[..., None].repeat(3, 2))
            case "rgba 8":
                save(path, np.dstack([np.full((32, 64, 3), 7, np.uint8), eight]))
            case "opaque rgba 16":
                save(path, np.dstack([sixteen[..., None].repeat(3, 2), np.full((32, 64), 65535, np.uint16)]))
            case "exr":
                save_exr(path.with_suffix(".exr"), {"RGBA": np.dstack([np.zeros((32, 64, 3), np.float32), ALPHA])})
    return folder


@pytest.mark.parametrize("kind", ["grey 8", "grey 16", "rgb 16", "rgba 8", "opaque rgba 16", "exr"])
def test_mattes_of_every_depth_are_the_same_alpha(tmp_path: Path, kind: str) -> None:
    matte = open_matte(matte_folder(tmp_path / "m", kind), notes=Notes())
    assert (matte.num_frames, matte.hw) == (2, (32, 64))
    alpha = matte.alpha(1)
    assert alpha.dtype == np.float32
    np.testing.assert_allclose(alpha, ALPHA, atol=0.5 / 255 + 1e-6 if "8" in kind else 1e-5)
    with pytest.raises(IndexError):
        matte.alpha(2)


@pytest.mark.parametrize(
    ("pix_fmt", "atol"),
    [("gray", 0.003), ("gray16le", 1e-4), ("yuv420p", 0.004), ("yuv420p10le", 0.003), ("bgr0", 0.003)],
)
def test_video_mattes(tmp_path: Path, pix_fmt: str, atol: float) -> None:
    codes = (ALPHA * 65535).round().astype(np.uint16)[None].repeat(2, 0)
    source, frames = "gray16le", codes
    if pix_fmt not in ("gray", "gray16le"):
        source, frames = "rgb24", (ALPHA * 255).round().astype(np.uint8)[None, ..., None].repeat(3, 3)
    if pix_fmt == "gray":
        source, frames = "gray", (ALPHA * 255).round().astype(np.uint8)[None]
    path = tmp_path / "m.mkv"
    matrix = None if pix_fmt in ("gray", "gray16le", "bgr0") else av.video.reformatter.Colorspace.ITU709
    write_video(path, frames, codec="ffv1", pix_fmt=pix_fmt, options={}, source_format=source, matrix=matrix)
    matte = open_matte(path, notes=Notes())
    np.testing.assert_allclose(matte.alpha(0), ALPHA, atol=atol)
    matte.close()


def test_alpha_channel_of_a_video_is_used(tmp_path: Path) -> None:
    rgba = np.dstack([np.full((32, 64, 3), 90, np.uint8), (ALPHA * 255).round().astype(np.uint8)])[None]
    path = write_video(tmp_path / "p.mkv", rgba, codec="ffv1", pix_fmt="yuva444p", options={}, source_format="rgba")
    notes = Notes()
    np.testing.assert_allclose(open_matte(path, notes=notes).alpha(0), ALPHA, atol=1.6 / 255)
    assert any("alpha channel" in text for text in notes.texts())


def test_exr_data_comes_back_as_it_is(tmp_path: Path) -> None:
    """Not half, not colour: 32 bits, NaN, any channels and the header's texts."""
    values = np.random.default_rng(0).normal(0, 1e-3, (5, 7)).astype(np.float32)
    values[2, 3] = np.nan
    write_exr_data(tmp_path / "a.exr", {"R": values, "G": 1e6 + values}, {"ours": "word"})
    planes, texts = read_exr_data(tmp_path / "a.exr")
    assert set(planes) == {"R", "G"}
    assert np.array_equal(planes["R"], values, equal_nan=True)
    assert np.array_equal(planes["G"], 1e6 + values, equal_nan=True)
    assert texts["ours"] == "word"


def radiance(folder: Path, width: int = 40) -> tuple[Path, np.ndarray]:
    picture = np.random.default_rng(4).uniform(0.01, 30, (24, width, 3)).astype(np.float32)
    path = folder / f"light{width}.hdr"
    cv2.imwrite(str(path), picture[..., ::-1])
    return path, picture


@pytest.mark.parametrize("width", [4, 40])
def test_radiance_pictures_are_scene_linear(tmp_path: Path, width: int) -> None:
    path, picture = radiance(tmp_path, width)
    notes = Notes()
    read = read_picture(path, notes=notes)
    assert np.abs(read - picture).max() <= picture.max() / 100
    assert read.max() > 20
    assert not notes.texts()
    assert is_picture(path)


@pytest.mark.parametrize("kept", [0.5, 0.97, 0.25])
@pytest.mark.parametrize("width", [4, 40])
def test_a_radiance_picture_that_is_cut_off_is_refused(tmp_path: Path, kept: float, width: int) -> None:
    path, _ = radiance(tmp_path, width)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match="cut off"):
        read_picture(path, notes=Notes())


def test_what_is_a_picture(tmp_path: Path) -> None:
    shutil.copy(radiance(tmp_path)[0], tmp_path / "unnamed")
    assert is_picture(tmp_path / "unnamed")
    assert not is_picture(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    assert not is_picture(tmp_path / "a.mp4")
    (tmp_path / "a.png").write_bytes(b"a letter")
    assert is_picture(tmp_path / "a.png")  # so that what it should be is what is said of it


def test_numbered_pictures_are_named_by_a_pattern(tmp_path: Path) -> None:
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"sky.{index:03d}.png"), np.full((4, 6, 3), 50 * index, np.uint8))
    cv2.imwrite(str(tmp_path / "sea.001.png"), np.zeros((9, 9, 3), np.uint8))
    with open_clip(tmp_path / "sky.%03d.png", notes=Notes()) as clip:
        assert (clip.num_frames, clip.hw) == (3, (4, 6))
    with pytest.raises(InputError, match="one sequence"):
        open_clip(tmp_path, notes=Notes())
    with pytest.raises(InputError, match="got none"):
        open_clip(tmp_path / "fog.%03d.png", notes=Notes())
    with pytest.raises(InputError, match="no such folder"):
        open_clip(tmp_path / "none" / "fog.%03d.png", notes=Notes())


@pytest.mark.parametrize("names", ["rgb", ("beauty.R", "beauty.G", "beauty.B"), ("c.r", "c.g", "c.b")])
def test_an_exr_of_a_layer_alone(tmp_path: Path, names: tuple[str, str, str]) -> None:
    light = np.random.default_rng(1).random((4, 6, 3)).astype(np.float32)
    planes = {name: np.ascontiguousarray(light[..., c]) for c, name in enumerate(names)}
    path, notes = save_exr(tmp_path / "l.exr", {**planes, "Z": np.ones((4, 6), np.float32)}), Notes()
    np.testing.assert_array_equal(read_picture(path, notes=notes), light)
    assert any("is taken" in text for text in notes.texts("input")) == (names != "rgb")


def test_an_exr_of_wide_pixels_becomes_square(tmp_path: Path) -> None:
    """And its matte with it."""
    light = np.full((4, 6, 4), 0.5, np.float32)
    for i in range(2):
        save_exr(tmp_path / f"{i}.exr", {"RGBA": light}, pixelAspectRatio=2.0)
    notes = Notes()
    with open_clip(tmp_path, notes=notes, rate=Fraction(24)) as clip:
        assert clip.hw == (4, 12)
        np.testing.assert_allclose(clip.frame(1), 0.5, rtol=1e-5)
    matte = open_matte(tmp_path, notes=notes)
    assert (matte.hw, matte.alpha(0).shape) == ((4, 12), (4, 12))
    assert any("aspect 2" in text for text in notes.texts("geometry"))
