"""Pictures of inks, and ICC profiles of tables: by the tables' own model, and beside littlecms where it is there."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_media_tiff import INKS, RGB, tiff

from cyclorama.core.display import code8_from_linear
from cyclorama.media import Notes, read_picture
from cyclorama.media.icc_tables import XYZ_D50_FROM_REC709

D50 = np.array([0.9642, 1.0, 0.8249])
INK_LETS_THROUGH = np.array([[0.02, 0.55, 0.75], [0.65, 0.04, 0.25], [0.9, 0.85, 0.03]])
SAME = struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel())
Model = Callable[[np.ndarray], np.ndarray]


def lab_of(linear: np.ndarray) -> np.ndarray:
    share = linear @ XYZ_D50_FROM_REC709.T / D50
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def press(inks: np.ndarray) -> np.ndarray:
    """Linear Rec.709 of inks 0..1 on grey paper."""
    light = np.full((*inks.shape[:-1], 3), 0.85)
    for number, through in enumerate([*INK_LETS_THROUGH, np.full(3, 0.015)]):
        light = light * (1 - inks[..., number, None] * (1 - through))
    return light


def scanner(signal: np.ndarray) -> np.ndarray:
    return signal**2.2 @ np.array([[0.8, 0.1, 0.02], [0.15, 0.85, 0.08], [0.05, 0.05, 0.9]])


def profile(kind: str, channels: int, model: Model, side: int = 9) -> bytes:
    """A printer's or a scanner's profile: ``mft1``, ``mft2`` or ``mAB ``."""
    corners = np.stack(np.meshgrid(*[np.linspace(0, 1, side)] * channels, indexing="ij"), -1)
    gamma = 1.2 if kind == "mAB " else 1.0
    light, a, b = np.moveaxis(lab_of(model(corners)).reshape(-1, 3), -1, 0)
    head = kind.encode() + bytes(4) + bytes((channels, 3, side, 0))
    if kind == "mft2":
        table = (
            np.stack([light / 100 * 65280, (a + 128) * 256, (b + 128) * 256], -1).clip(0, 65535).round().astype(">u2")
        )
        ramp = np.array([0, 65535], ">u2").tobytes()
        tag = head + SAME + struct.pack(">HH", 2, 2) + ramp * channels + table.tobytes() + ramp * 3
    elif kind == "mft1":
        table = np.stack([light / 100 * 255, a + 128, b + 128], -1).clip(0, 255).round().astype("u1")
        ramp = bytes(range(256))
        tag = head + SAME + ramp * channels + table.tobytes() + ramp * 3
    else:
        table = (np.stack([light / 100, (a + 128) / 255, (b + 128) / 255], -1).clip(0, 1) * 65535).round().astype(">u2")
        packed = table.tobytes() + bytes(-table.nbytes % 4)
        same = b"curv" + bytes(8)
        power = b"para" + bytes(8) + struct.pack(">i", round(gamma * 65536))
        places = (32, 68, 116, 152, 152 + 20 + len(packed))
        matrix = struct.pack(">12i", *(65536 * np.eye(3, dtype=int)).ravel(), 0, 0, 0)
        sides = bytes([side] * channels + [0] * (16 - channels)) + b"\2\0\0\0"
        tag = kind.encode() + bytes(4) + bytes((channels, 3, 0, 0)) + struct.pack(">5I", *places)
        tag += same * 3 + matrix + same * 3 + sides + packed + power * channels
    texts = b"desc" + bytes(4) + struct.pack(">I", 6) + b"press\0" + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", *(int(v * 65536) for v in D50))
    tags = {b"desc": texts, b"wtpt": white, b"A2B0": tag}
    listed, body = b"", b""
    for name, data in tags.items():
        listed += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    first = bytearray(128)
    first[8:12] = b"\4\x20\0\0" if kind == "mAB " else b"\2\x20\0\0"
    first[12:24] = b"prtrCMYKLab " if channels == 4 else b"scnrRGB Lab "
    first[36:40], first[68:80] = b"acsp", struct.pack(">3i", 63190, 65536, 54061)
    raw = bytes(first) + struct.pack(">I", len(tags)) + listed + body
    return struct.pack(">I", len(raw)) + raw[4:]


def with_profile(codes: np.ndarray, raw: bytes) -> bytes:
    """A TIFF that ends with its profile."""
    plain = tiff(codes, INKS if codes.shape[2] == 4 else RGB, more={34675: (0,)})
    return plain + raw


CASES = [(kind, channels) for kind in ("mft1", "mft2", "mAB ") for channels in (3, 4)]


def read(folder: Path, codes: np.ndarray, raw: bytes) -> np.ndarray:
    (folder / "a.tif").write_bytes(with_profile(codes, raw))
    notes = Notes()
    found = read_picture(folder / "a.tif", notes=notes)
    assert any("by its ICC profile (press)" in text for text in notes.texts("colour"))
    return code8_from_linear(found).astype(int)


@pytest.mark.parametrize(("kind", "channels"), CASES)
def test_tables_give_their_model(tmp_path: Path, kind: str, channels: int) -> None:
    """At the tables' own points; version 4's black is not the model's."""
    levels = np.array([0, 51, 102, 153, 204, 255])
    corners = np.stack(np.meshgrid(*[levels] * channels, indexing="ij"), -1).reshape(-1, 36, channels).astype(np.uint8)
    model = press if channels == 4 else scanner
    signal = corners / 255.0
    found = read(tmp_path, corners, profile(kind, channels, model, side=6))
    if kind == "mAB ":
        return_to = model((np.rint(signal**1.2 * 5) / 5).clip(0, 1))
        on_a_point = np.abs(signal**1.2 * 5 - np.rint(signal**1.2 * 5)).max(-1) < 1e-3
        off = np.abs(found - code8_from_linear(return_to.astype(np.float32)))[on_a_point]
        assert off.max() < 14
        return
    off = np.abs(found - code8_from_linear(model(signal).astype(np.float32)))
    assert off.max() <= (8 if kind == "mft1" else 1)


@pytest.mark.parametrize(("kind", "channels"), CASES)
def test_littlecms_says_the_same(tmp_path: Path, kind: str, channels: int) -> None:
    image, cms = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageCms")
    codes = np.random.default_rng(6).integers(0, 256, (60, 80, channels), dtype=np.uint8)
    codes[:2] = np.linspace(0, 255, 80).round().astype(np.uint8)[None, :, None]
    raw = profile(kind, channels, press if channels == 4 else scanner)
    mode = "CMYK" if channels == 4 else "RGB"
    theirs = cms.profileToProfile(
        image.fromarray(codes, mode),
        cms.ImageCmsProfile(io.BytesIO(raw)),
        cms.createProfile("sRGB"),
        outputMode="RGB",
        flags=cms.Flags.NOOPTIMIZE,
    )
    off = np.abs(read(tmp_path, codes, raw) - np.asarray(theirs))
    assert off.max() <= 1
    assert off.mean() < 0.1


def test_a_damaged_profile_is_left_out(tmp_path: Path) -> None:
    codes, notes = np.full((4, 4, 4), 90, np.uint8), Notes()
    (tmp_path / "a.tif").write_bytes(with_profile(codes, profile("mft2", 4, press)[:900]))
    assert np.isfinite(read_picture(tmp_path / "a.tif", notes=notes)).all()
    assert any("not applied" in text for text in notes.texts("colour"))


@pytest.mark.parametrize(
    "how",
    [{"subsampling": 0}, {"subsampling": 2}, {"subsampling": 0, "progressive": True}],
    ids=["whole", "smaller planes", "progressive"],
)
def test_jpeg_of_inks(tmp_path: Path, how: dict[str, object]) -> None:
    """As Adobe's programs write it, with a profile and without, and turned by EXIF."""
    image = pytest.importorskip("PIL.Image")
    y, x = np.mgrid[:48, :64]
    inks = np.stack([2 * x, 3 * y, 255 - 2 * x - y, np.full_like(x, 60)], -1).clip(0, 255).astype(np.uint8)
    exif = image.Exif()
    exif[0x112] = 6
    raw = profile("mft2", 4, press)
    made = image.fromarray(inks, "CMYK")
    made.save(tmp_path / "plain.jpg", quality=98, **how)
    made.save(tmp_path / "press.jpg", quality=98, icc_profile=raw, exif=exif, **how)
    notes = Notes()
    plain = code8_from_linear(read_picture(tmp_path / "plain.jpg", notes=notes)).astype(int)
    assert np.abs(plain - np.rint((255.0 - inks[..., :3]) * (195 / 255))).mean() < 1
    assert any("no profile says" in text for text in notes.texts("colour"))
    printed = code8_from_linear(read_picture(tmp_path / "press.jpg", notes=notes)).astype(int)
    wanted = code8_from_linear(press(np.rot90(inks, -1) / 255.0).astype(np.float32)).astype(int)
    assert np.abs(printed - wanted).mean() < 2
