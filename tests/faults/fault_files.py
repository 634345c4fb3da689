"""Files that are wrong, each made from a few bytes or from a small good one."""

import os
import shutil
import socket
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

Maker = Callable[[Path], Path]
"""Makes the plate of a case in a folder that holds ``good.mp4`` and its kin, and returns it."""


def green_frames(num: int, hw: tuple[int, int]) -> np.ndarray:
    """A grey square that moves before a green screen."""
    frames = np.empty((num, *hw, 3), np.uint8)
    frames[:] = (40, 180, 60)
    for i in range(num):
        frames[i, hw[0] // 4 : -hw[0] // 4, hw[1] // 4 + i : hw[1] // 2 + i] = (150, 140, 130)
    return frames


def video(path: Path, frames: np.ndarray, *, codec: str = "libx264") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options={"g": "4", "bf": "0"} if codec == "libx264" else {})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        for i, codes in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(codes).reformat(format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def good(folder: Path) -> None:
    """The good files that the wrong ones are made from."""
    frames = green_frames(12, (48, 64))
    for suffix in ("mp4", "mkv", "mov", "avi", "ts"):
        video(folder / f"good.{suffix}", frames)
    video(folder / "good.webm", frames, codec="libvpx")
    for name, many, side in (("matte", 12, 64), ("short", 7, 64), ("long", 20, 64), ("narrow", 12, 32)):
        (folder / name).mkdir()
        for i in range(many):
            cv2.imwrite(str(folder / name / f"{i:04d}.png"), np.full((48, side), 255 * (i % 2), np.uint8))
    cv2.imwrite(str(folder / "place.png"), frames[0])


def cut(name: str, keep: float) -> Maker:
    def make(folder: Path) -> Path:
        data = (folder / name).read_bytes()
        path = folder / f"cut.{name.rpartition('.')[2]}"
        path.write_bytes(data[: int(len(data) * keep)])
        return path

    return make


def patched(name: str, change: Callable[[bytearray], None]) -> Maker:
    def make(folder: Path) -> Path:
        data = bytearray((folder / name).read_bytes())
        change(data)
        path = folder / f"patched.{name.rpartition('.')[2]}"
        path.write_bytes(data)
        return path

    return make


def text(name: str, words: str | bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / name
        data = words if isinstance(words, bytes) else words.encode()
        path.write_bytes(data.replace(b"GOOD", str(folder / "good.mp4").encode()))
        return path

    return make


def zeroed(start: float, stop: float) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        a, b = int(len(data) * start), int(len(data) * stop)
        data[a:b] = bytes(b - a)

    return change


def renamed(old: bytes, new: bytes) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        at = data.find(old)
        assert at >= 0
        data[at : at + len(old)] = new

    return change


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def a_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # the path of a socket is short
        server.bind("s.mp4")
        os.chdir(here)
    return folder / "s.mp4"


def link(target: str) -> Maker:
    def make(folder: Path) -> Path:
        (folder / "link.mp4").symlink_to(target)
        return folder / "link.mp4"

    return make


def sizes_change(folder: Path) -> Path:
    parts = [video(folder / f"{i}.ts", green_frames(6, hw)) for i, hw in enumerate([(48, 64), (64, 96)])]
    path = folder / "two.ts"
    path.write_bytes(b"".join(p.read_bytes() for p in parts))
    return path


def twice(folder: Path) -> Path:
    """Two takes in a row: the clock starts again in the middle."""
    path = folder / "twice.ts"
    path.write_bytes((folder / "good.ts").read_bytes() * 2)
    return path


def sound_alone(name: str, codec: str) -> Maker:
    def make(folder: Path) -> Path:
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=48000)
            stream.layout = "mono"
            kind = "s16" if codec.startswith("pcm") else "fltp"
            samples = np.zeros((1, 1024), np.int16 if kind == "s16" else np.float32)
            frame = av.AudioFrame.from_ndarray(samples, kind, "mono")
            frame.sample_rate = 48000
            container.mux([*stream.encode(frame), *stream.encode(None)])
        return folder / name

    return make


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bytes(hw: tuple[int, int]) -> bytes:
    """A black picture of one bit a pixel: small in the file, large in memory."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (hw[1] + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(hw[0])) + packer.flush()
    head = struct.pack(">IIBBBBB", hw[1], hw[0], 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def bomb_frames(folder: Path) -> Path:
    (folder / "bomb").mkdir()
    (folder / "bomb" / "0000.png").write_bytes(png_bytes((20000, 20000)))
    return folder / "bomb"


def bomb_in_mov(folder: Path) -> Path:
    """A PNG of 20000 x 20000 as the one frame of a mov that claims 64 x 48."""
    path = folder / "bomb.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=24)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "rgb24"
        packet = av.Packet(png_bytes((20000, 20000)))
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 24)
        packet.duration = 1
        container.mux(packet)
    return path


def raw_bomb(folder: Path) -> Path:
    """A yuv4mpeg header that claims a huge picture."""
    (folder / "bomb.y4m").write_bytes(b"YUV4MPEG2 W60000 H60000 F24:1 C420\nFRAME\n" + bytes(5000))
    return folder / "bomb.y4m"


def frames(**files: bytes | str) -> Maker:
    """A folder of frames; ``good`` names a good one, ``wide`` one of another size, ``half`` a cut one."""

    def make(folder: Path) -> Path:
        path = folder / "frames"
        path.mkdir()
        whole = cv2.imencode(".png", green_frames(1, (48, 64))[0])[1].tobytes()
        wide = cv2.imencode(".png", green_frames(1, (48, 80))[0])[1].tobytes()
        jpeg = cv2.imencode(".jpg", green_frames(1, (48, 64))[0])[1].tobytes()
        kinds = {"good": whole, "wide": wide, "half": whole[: len(whole) // 2], "jpeg": jpeg, "half jpeg": jpeg[:300]}
        kinds["flipped"] = whole[:60] + bytes([whole[60] ^ 255]) + whole[61:]
        for name, body in files.items():
            file = path / name.replace("__", ".")
            file.write_bytes(kinds.get(body, body.encode()) if isinstance(body, str) else body)
        return path

    return make


def huge_exr(folder: Path) -> Path:
    """An EXR whose header says 2,000,000,000 columns."""
    import OpenEXR

    path = folder / "frames"
    path.mkdir()
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": np.zeros((4, 4, 3), np.float16)}).write(str(path / "0.exr"))
    data = bytearray((path / "0.exr").read_bytes())
    for name in (b"dataWindow\0box2i\0", b"displayWindow\0box2i\0"):
        at = data.find(name) + len(name) + 4
        data[at + 8 : at + 12] = struct.pack("<i", 2_000_000_000)
    (path / "0.exr").write_bytes(data)
    return path


def half_exr(folder: Path) -> Path:
    import OpenEXR

    path = folder / "frames"
    path.mkdir()
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    noise = np.random.default_rng(0).random((64, 64, 3)).astype(np.float16)
    OpenEXR.File(header, {"RGB": noise}).write(str(path / "0.exr"))
    data = (path / "0.exr").read_bytes()
    (path / "0.exr").write_bytes(data[: len(data) // 2])
    return path


def named(name: str) -> Maker:
    return lambda _: Path(name)


def copied(name: str, to: str) -> Maker:
    def make(folder: Path) -> Path:
        shutil.copy(folder / name, folder / to)
        return folder / to

    return make
