"""TIFF pictures of the kinds that cameras, scanners and paint programs write, made here byte by byte."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from cyclorama.core.display import linear_from_code8, linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.media import Notes, read_picture
from cyclorama.media.pictures import has_useful_alpha, read_matte_picture

CODES = np.random.default_rng(3).integers(0, 256, (21, 35, 3), dtype=np.uint8)
DEEP = CODES.astype(np.uint16) * 257
GREY, RGB, PALETTE, INKS = 1, 2, 3, 5
SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


def tiff(
    codes: np.ndarray,
    photometric: int = RGB,
    *,
    order: str = "<",
    apart: bool = False,
    tile: tuple[int, int] | None = None,
    packed: bool = False,
    more: dict[int, tuple[int, ...]] | None = None,
) -> bytes:
    """A TIFF of h w c codes; ``apart``: planes one behind the other; ``tile``: its height and width; ``more``: tags."""
    height, width, count = codes.shape
    planes = [codes[..., c : c + 1] for c in range(count)] if apart else [codes]
    rows, columns = tile or (8, width)
    blocks = []
    for plane in planes:
        for y in range(0, height, rows):
            for x in range(0, width, columns):
                block = plane[y : y + rows, x : x + columns]
                if tile:
                    lack = (rows - block.shape[0], columns - block.shape[1])
                    block = np.pad(block, ((0, lack[0]), (0, lack[1]), (0, 0)))
                data = block.astype(codes.dtype.newbyteorder(order)).tobytes()
                blocks.append(zlib.compress(data) if packed else data)
    starts = np.cumsum([8, *map(len, blocks)])[:-1].tolist()
    tags = {256: (width,), 257: (height,), 258: (codes.dtype.itemsize * 8,) * count, 259: (8 if packed else 1,)}
    tags |= {262: (photometric,), 277: (count,), 284: (2 if apart else 1,)}
    tags |= {339: (SAMPLE_FORMATS[codes.dtype.kind],) * count}
    sizes = tuple(map(len, blocks))
    tags |= {322: (columns,), 323: (rows,), 324: tuple(starts), 325: sizes} if tile else {}
    tags |= {} if tile else {273: tuple(starts), 278: (rows,), 279: sizes}
    tags |= more or {}
    body = b"".join(blocks)
    body += bytes(len(body) % 2)
    listed, beyond = b"", b""
    first = 8 + len(body) + 2 + 12 * len(tags) + 4
    for tag, values in sorted(tags.items()):
        data = struct.pack(f"{order}{len(values)}I", *values)
        inline = data if len(data) == 4 else struct.pack(order + "I", first + len(beyond))
        beyond += b"" if len(data) == 4 else data
        listed += struct.pack(order + "HHI", tag, 4, len(values)) + inline
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(body))
    return head + body + struct.pack(order + "H", len(tags)) + listed + bytes(4) + beyond


def read(folder: Path, data: bytes, notes: Notes | None = None) -> np.ndarray:
    (folder / "a.tif").write_bytes(data)
    return read_picture(folder / "a.tif", notes=notes or Notes())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("codes", [CODES, DEEP], ids=["8 bits", "16 bits"])
def test_layouts(tmp_path: Path, order: str, apart: bool, tile: tuple[int, int] | None, codes: np.ndarray) -> None:
    found = read(tmp_path, tiff(codes, order=order, apart=apart, tile=tile, packed=apart))
    np.testing.assert_allclose(found, linear_from_code8(CODES), rtol=1e-5)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("count", [1, 3])
def test_floats_are_linear_and_are_not_clipped(tmp_path: Path, kind: str, count: int) -> None:
    light = np.linspace(-0.5, 8, CODES.size).reshape(CODES.shape)[..., :count].astype(kind)
    notes = Notes()
    found = read(tmp_path, tiff(light, GREY if count == 1 else RGB, packed=True), notes)
    np.testing.assert_allclose(found, np.broadcast_to(light, CODES.shape).astype(np.float32), rtol=1e-6)
    assert any("scene-linear" in text for text in notes.texts("colour"))


@pytest.mark.parametrize("codes", [CODES[..., :1], DEEP[..., :1]], ids=["8 bits", "16 bits"])
def test_white_that_is_zero(tmp_path: Path, codes: np.ndarray) -> None:
    found = read(tmp_path, tiff(np.iinfo(codes.dtype).max - codes, 0))
    np.testing.assert_allclose(found, linear_from_code8(CODES[..., :1].repeat(3, 2)), rtol=1e-5)


def test_palette(tmp_path: Path) -> None:
    table = np.random.default_rng(4).integers(0, 65536, (3, 256))
    found = read(tmp_path, tiff(CODES[..., :1], PALETTE, more={320: tuple(table.ravel().tolist())}))
    np.testing.assert_allclose(found, linear_from_display(table.T[CODES[..., 0]] / 65535), atol=1e-5)


def test_colour_beside_an_alpha_is_taken_as_it_is(tmp_path: Path) -> None:
    alpha, notes = np.full((21, 35, 1), 100, np.uint8), Notes()
    found = read(tmp_path, tiff(np.dstack([CODES, alpha]), more={338: (2,)}), notes)
    np.testing.assert_array_equal(found, linear_from_code8(CODES))
    assert any("alpha channel" in text for text in notes.texts("input"))
    assert has_useful_alpha(tmp_path / "a.tif")
    matte = read_matte_picture(tmp_path / "a.tif", "alpha", "a", notes=notes)
    np.testing.assert_allclose(matte, 100 / 255, rtol=1e-6)


def test_inks_without_a_profile(tmp_path: Path) -> None:
    inks, notes = np.dstack([CODES, np.full((21, 35, 1), 51, np.uint8)]), Notes()
    found = read(tmp_path, tiff(inks, INKS), notes)
    np.testing.assert_array_equal(found, linear_from_code8(np.rint((255 - CODES) * 0.8).astype(np.uint8)))
    assert any("plainly" in text for text in notes.texts("colour"))


@pytest.mark.parametrize(("orientation", "turn"), [(2, np.fliplr), (5, lambda a: a.swapaxes(0, 1)), (6, np.rot90)])
def test_orientation(tmp_path: Path, orientation: int, turn: object) -> None:
    found = read(tmp_path, tiff(DEEP, more={274: (orientation,)}))
    wanted = np.rot90(CODES, -1) if orientation == 6 else turn(CODES)  # type: ignore[operator]
    np.testing.assert_allclose(found, linear_from_code8(np.ascontiguousarray(wanted)), rtol=1e-5)


@pytest.mark.parametrize("compression", [5, 8, 32773], ids=["LZW", "Deflate", "PackBits"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("differences", [False, True])
def test_compressions_of_another_writer(tmp_path: Path, compression: int, kind: type, differences: bool) -> None:
    """OpenCV's, with the predictors of whole numbers and of floats; long enough for LZW to begin anew."""
    smooth = cv2.GaussianBlur(np.random.default_rng(5).random((150, 200, 3)).astype(np.float32), (0, 0), 2)
    codes = smooth if kind == np.float32 else (smooth * np.iinfo(kind).max).astype(kind)
    predictor = 1 if not differences or compression == 32773 else 3 if kind == np.float32 else 2
    flags = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    assert cv2.imwrite(str(tmp_path / "a.tif"), codes[..., ::-1], flags)
    found = read_picture(tmp_path / "a.tif", notes=Notes())
    wanted = codes if kind == np.float32 else linear_from_display(codes / np.iinfo(kind).max)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (tiff(CODES, 8), "Lab"),
        (tiff(CODES, more={50706: (1,)}), "raw"),
        (tiff(CODES, more={254: (1,)}), "preview"),
        (tiff(CODES, more={278: (4,)}), "damaged"),  # fewer strips than rows ask for
        (tiff(CODES, packed=True, more={257: (24,)}), "damaged"),  # a last strip that ends too early
        (tiff(CODES, more={259: (5,)}), "damaged"),  # no LZW
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, data)
