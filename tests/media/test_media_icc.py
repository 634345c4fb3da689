"""Pictures with colour profiles."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.media import Notes, read_picture
from cyclorama.media.curves import Primaries, xyz_from_rgb

P3: Primaries = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE: Primaries = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
REC709: Primaries = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
D50_FROM_D65 = np.array([[1.0478112, 0.0228866, -0.0501270], [0.0295424, 0.9904844, -0.0170491]])
D50_FROM_D65 = np.vstack([D50_FROM_D65, [-0.0092345, 0.0150436, 0.7521316]])
SRGB_CURVE = struct.pack(
    ">4sIHH5i", b"para", 0, 3, 0, *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)
GAMMA_22 = struct.pack(">4sIIH2x", b"curv", 0, 1, 563)


def profile(primaries: Primaries | None, curve: bytes) -> bytes:
    """A version 4 display profile; grey without primaries."""
    tags = {}
    tags[b"desc"] = struct.pack(">4sIII2s2sII", b"mluc", 0, 1, 12, b"en", b"US", 8, 28) + "Test".encode("utf-16-be")
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        columns = (D50_FROM_D65 @ xyz_from_rgb(primaries)).T
        for name, column in zip((b"r", b"g", b"b"), columns):
            tags[name + b"XYZ"] = struct.pack(">4sI3i", b"XYZ ", 0, *(round(v * 65536) for v in column))
            tags[name + b"TRC"] = curve
    tags[b"wtpt"] = struct.pack(">4sI3i", b"XYZ ", 0, *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    position, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        data = tag + b"\0" * (-len(tag) % 4)
        table += struct.pack(">4sII", name, position + len(body), len(data))
        body += data
    space = b"RGB " if primaries else b"GRAY"
    head = struct.pack(
        ">I4sI4s4s4s12x4s28x3i", 0, b"none", 0x04000000, b"mntr", space, b"XYZ ", b"acsp", 63190, 65536, 54061
    )
    head = head.ljust(128, b"\0")
    return struct.pack(">I", 128 + len(table) + len(body)) + head[4:] + table + body


def png(codes: np.ndarray, icc: bytes) -> bytes:
    data = cv2.imencode(".png", codes)[1].tobytes()
    chunk = b"iCCP" + b"test\0\0" + zlib.compress(icc)
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + chunk + data[33:]


def jpeg(codes: np.ndarray, icc: bytes) -> bytes:
    """In two pieces, as long profiles are."""
    data = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    parts = b""
    for i, part in enumerate((icc[:200], icc[200:])):
        body = b"ICC_PROFILE\0" + bytes([i + 1, 2]) + part
        parts += b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body
    return data[:2] + parts + data[2:]


@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize(("primaries", "curve", "power"), [(P3, SRGB_CURVE, None), (ADOBE, GAMMA_22, 563 / 256)])
def test_a_matrix_profile_is_applied(
    tmp_path: Path, kind: str, primaries: Primaries, curve: bytes, power: float | None
) -> None:
    codes = np.zeros((16, 16, 3), np.uint8)
    codes[:] = (60, 120, 200)  # blue, green, red
    data = (png if kind == "png" else jpeg)(codes, profile(primaries, curve))
    path = tmp_path / f"p.{kind}"
    path.write_bytes(data)
    notes = Notes()
    found = read_picture(path, notes=notes)[8, 8]
    rgb = np.array([200, 120, 60])
    light = linear_from_code8(rgb.astype(np.uint8)) if power is None else (rgb / 255) ** power
    wanted = np.linalg.solve(xyz_from_rgb(REC709), xyz_from_rgb(primaries)) @ light
    np.testing.assert_allclose(found, wanted, atol=2e-3 if kind == "png" else 0.015)
    assert any("converted by its ICC profile (Test)" in text for text in notes.texts("colour"))


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    (tmp_path / "p.png").write_bytes(png(codes, profile(REC709, SRGB_CURVE)))
    notes = Notes()
    found = code8_from_linear(read_picture(tmp_path / "p.png", notes=notes))
    np.testing.assert_array_equal(found[..., ::-1], codes)
    assert not notes.texts("colour")


def test_a_grey_profile_of_16_bits(tmp_path: Path) -> None:
    codes = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, 0)
    (tmp_path / "g.png").write_bytes(png(codes, profile(None, GAMMA_22)))
    found = read_picture(tmp_path / "g.png", notes=Notes())
    np.testing.assert_allclose(found[4, :, 1], (codes[4] / 65535) ** (563 / 256), atol=1e-4)


@pytest.mark.parametrize("cut", [0, 60, 140, 200, 300])
def test_a_damaged_profile_is_told(tmp_path: Path, cut: int) -> None:
    codes = np.full((8, 8, 3), 128, np.uint8)
    (tmp_path / "p.png").write_bytes(png(codes, profile(P3, SRGB_CURVE)[:cut]))
    notes = Notes()
    assert code8_from_linear(read_picture(tmp_path / "p.png", notes=notes))[0, 0, 0] == 128
    assert any("not applied" in text for text in notes.texts("colour"))
