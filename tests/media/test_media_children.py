"""Files are read in processes of their own: the pictures are the same, and what befalls a decoder costs a sentence."""

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from media_footage import smooth_frames, write_video

import cyclorama.media.children as children
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media import Notes, open_clip, open_matte, read_picture
from cyclorama.media.exr import write_exr
from cyclorama.media.film import FrameReader, _decoded, _film, open_film
from cyclorama.media.film_service import FirstFrame
from cyclorama.media.layouts import TakeColour, plane_sizes
from cyclorama.media.shelf import Shelf, new_shelf
from cyclorama.media.video import VideoClip
from cyclorama.media.wire import ANSWERED, ASKED, REFUSED, Message, WireError, receive, send

pytestmark = pytest.mark.skipif(not children.SEPARATE, reason="this system reads files in the run itself")
HW = (96, 128)
FORMATS = {
    "yuv420p": ("libx264", "a.mp4"),
    "yuv420p10le": ("ffv1", "a.mkv"),
    "yuv422p10le": ("prores_ks", "a.mov"),
    "yuva444p10le": ("ffv1", "a.mkv"),
    "rgba64le": ("ffv1", "a.mkv"),
    "gray": ("ffv1", "a.mkv"),
    "bgr0": ("ffv1", "a.mkv"),
    "gbrp10le": ("ffv1", "a.mkv"),
    "yuyv422": ("rawvideo", "a.avi"),
}


def made(folder: Path, pix_fmt: str) -> Path:
    codec, name = FORMATS[pix_fmt]
    source = "gray" if pix_fmt == "gray" else "rgb24"
    frames = smooth_frames(6, (90, 126))
    if source == "gray":
        frames = frames[..., 0].copy()
    matrix = None if pix_fmt.startswith(("gray", "bgr", "gbr", "rgb")) else 1
    options = {"crf": "10"} if codec == "libx264" else {}
    return write_video(
        folder / name,
        frames,
        codec=codec,
        pix_fmt=pix_fmt,
        matrix=matrix,
        options=options or {"g": "3"},
        source_format=source,
    )


def seen(path: Path) -> list[np.ndarray]:
    """In a row, back again, small, and as a matte."""
    with open_clip(path, notes=Notes()) as clip, closing(open_matte(path, notes=Notes())) as matte:
        small = clip.proxy(40)
        pictures = [clip.frame(i) for i in (0, 1, 2, 3, 4, 5, 1)]
        return [*pictures, *(small.frame(i) for i in range(3)), *(matte.alpha(i) for i in range(3))]


@pytest.mark.parametrize("pix_fmt", FORMATS)
def test_pictures_are_the_same_bit_for_bit(tmp_path: Path, pix_fmt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, pix_fmt)
    apart = seen(path)
    monkeypatch.setattr(children, "new_shelf", lambda _: None)
    sent = seen(path)
    monkeypatch.setattr(children, "SEPARATE", False)
    here = seen(path)
    assert [p.shape for p in apart] == [(90, 126, 3)] * 7 + [(29, 40, 3)] * 3 + [(90, 126)] * 3
    for one, two, three in zip(apart, sent, here):
        assert one.tobytes() == two.tobytes() == three.tobytes()


def test_what_is_kept_is_not_written_over(plate: Path) -> None:
    film = open_film(plate, Notes())
    with closing(FrameReader(film.index, TakeColour(HW, False, True), HW)) as frames:
        held = [frames.frame(i) for i in range(20)]  # more than the shelf has room for
        before = [frame.planes[0].tobytes() for frame in held]
        again = [frames.frame(i).planes[0].tobytes() for i in range(20)]
    assert before == again == [frame.planes[0].tobytes() for frame in held]
    assert len(set(before)) == 20


def test_pictures_and_their_notes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = smooth_frames(1, (48, 64))[0]
    for name in ("a.png", "b.jpg", "c.tif"):
        cv2.imwrite(str(tmp_path / name), codes if name[0] != "c" else codes.astype(np.uint16) * 257)
    write_exr(tmp_path / "d.exr", np.float32(codes) / 9, {"framesPerSecond": Fraction(25)})

    def read() -> list[tuple[bytes, tuple[str, ...]]]:
        notes = [Notes() for _ in range(4)]
        return [
            (read_picture(path, notes=own).tobytes(), own.texts())
            for path, own in zip(sorted(tmp_path.iterdir()), notes)
        ]

    apart = read()
    monkeypatch.setattr(children, "_SHELF_BYTES", 10)
    assert read() == apart
    monkeypatch.setattr(children, "SEPARATE", False)
    assert read() == apart


@pytest.fixture
def clip(plate: Path) -> Iterator[VideoClip]:
    with open_clip(plate, notes=Notes()) as clip:
        assert isinstance(clip, VideoClip)
        clip.frame(0)
        yield clip


def decoder_of(clip: VideoClip) -> int:
    reader = clip._frames._reader
    assert isinstance(reader, children.Child)
    return reader.process


def told(clip: VideoClip, number: int = 12) -> str:
    with pytest.raises(InputError) as caught:
        clip.frame(number)
    text = str(caught.value)
    assert text.startswith(f"{clip.path}: its decoder ")
    assert f"at frame {number}; " in text
    return text


@pytest.mark.parametrize(("number", "words"), [(signal.SIGKILL, "was killed"), (signal.SIGSEGV, "crashed (SIGSEGV)")])
def test_a_decoder_that_dies(clip: VideoClip, number: int, words: str) -> None:
    picture, process = clip.frame(3), decoder_of(clip)
    os.kill(process, number)
    assert words in told(clip)
    assert not Path(f"/proc/{process}").exists()
    assert clip.frame(3).tobytes() == picture.tobytes()  # another reads on
    clip.close()
    clip.frame(4)


def test_a_decoder_that_hangs(clip: VideoClip, monkeypatch: pytest.MonkeyPatch) -> None:
    process = decoder_of(clip)
    monkeypatch.setattr(children, "LIMIT_S", 0.5)
    os.kill(process, signal.SIGSTOP)
    assert "took more than 0.5 s" in told(clip)
    assert not Path(f"/proc/{process}").exists()


def test_a_decoder_that_wants_too_much_memory(clip: VideoClip, monkeypatch: pytest.MonkeyPatch) -> None:
    clip.close()
    monkeypatch.setattr(children, "ALWAYS_BYTES", 1 << 18)
    assert "needed more than" in told(clip, 2)  # its threads alone take more


def test_a_file_may_need_so_much_and_no_more(clip: VideoClip) -> None:
    limit, _ = resource.prlimit(decoder_of(clip), resource.RLIMIT_AS)
    assert 500 << 20 < limit < 2 << 30
    assert resource.prlimit(decoder_of(clip), resource.RLIMIT_CORE)[0] == 0


def test_memory_that_the_machine_has_not_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch, plate: Path) -> None:
    for limit, kind, words in ((0, MachineError, "not enough memory"), (7 << 20, InputError, "more than 7 MB while")):
        answer = Message(REFUSED, {"kind": "memory", "text": "", "limit": limit})
        monkeypatch.setattr(children.Child, "_exchange", lambda *_, answer=answer: answer)
        with pytest.raises(kind, match=words):
            open_film(plate, Notes())


def test_the_end_of_the_maker_is_no_end(clip: VideoClip, plate: Path) -> None:
    maker = children._NURSERIES._one
    assert maker is not None
    maker._process.kill()
    maker._process.wait()
    assert "was killed" in told(clip)
    assert clip.frame(2).shape == (*HW, 3)
    assert open_film(plate, Notes()).codec == "h264"


_PARENT = """
import sys, time
from pathlib import Path
from cyclorama.media.film import FrameReader, open_film
from cyclorama.media.layouts import TakeColour
from cyclorama.media.notes import Notes
import cyclorama.media.children as children
film = open_film(Path(sys.argv[1]), Notes())
frames = FrameReader(film.index, TakeColour((96, 128), False, True), (96, 128))
frames.frame(0)
print(frames._reader.process, children._NURSERIES._one._process.pid, flush=True)
time.sleep(60)
"""


def test_none_outlives_a_run_that_is_killed(plate: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT, str(plate)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        processes = [int(word) for word in run.stdout.readline().split()]
        assert len(processes) == 2
        os.kill(processes[0], signal.SIGSTOP)  # as one that hears nothing
        run.kill()
    until = time.monotonic() + 10
    while any(_runs(process) for process in processes):
        assert time.monotonic() < until
        time.sleep(0.02)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def header(kind: bytes, length: int) -> bytes:
    return struct.pack("<cI", kind, length)


def message(text: bytes, kind: bytes = ANSWERED) -> bytes:
    return header(kind, len(text)) + text


NONSENSE = {
    "noise": b"\x93\x00\x11" * 20,
    "another kind": header(ASKED[:0] + b"x", 2) + b"{}",
    "a pickle": message(b"\x80\x04K\x01."),
    "too long": header(ANSWERED, 1 << 31),
    "no JSON": message(b"{'facts': 1}"),
    "deep JSON": message(b"[" * 100_000),
    "other JSON": message(b"[1, 2]"),
    "no sizes": message(b'{"facts": {}}'),
    "sizes that are none": message(b'{"facts": {}, "sizes": [-1]}'),
    "sizes that are true": message(b'{"facts": {}, "sizes": [true]}'),
    "too many bytes": message(b'{"facts": {}, "sizes": [99999999999999]}'),
    "a shelf that is none": message(b'{"facts": {"shelved": [9999999999]}, "sizes": []}'),
    "a refusal of no kind": message(b'{"facts": {"text": 3}, "sizes": []}', REFUSED),
    "an answer without facts": message(b'{"facts": {}, "sizes": []}'),
    "a frame of no layout": message(b'{"facts": {"layout": "x", "hw": [96, 128], "row_bytes": []}, "sizes": []}'),
}


@pytest.mark.parametrize("said", NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_makes_no_sense(plate: Path, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    film = open_film(plate, Notes())

    class Evil:
        """Answers the question after the first with ``said``."""

        def make(self, files: tuple[int, ...]) -> tuple["Evil", int]:
            self.channel = socket.socket(fileno=os.dup(files[0]))
            threading.Thread(target=self.answer, daemon=True).start()
            return self, 1

        def answer(self) -> None:
            with self.channel:
                receive(self.channel)
                send(self.channel, Message(ANSWERED))
                receive(self.channel)
                self.channel.sendall(said)

        def order(self, *_: object) -> int:
            return 0

    monkeypatch.setattr(children, "_NURSERIES", Evil())
    frames = FrameReader(film.index, TakeColour(HW, False, True), HW)
    with pytest.raises(InputError, match="gave an answer that makes no sense at frame 0"):
        frames.frame(0)


GOOD_ROWS = {"layout": "yuv420p", "hw": [4, 6], "row_bytes": [6, 3, 3], "shift_px": 0.0}


@pytest.mark.parametrize(
    "changed",
    [
        {"layout": "pal8"},
        {"layout": "yuv420p10le"},
        {"layout": "gray"},
        {"hw": [4, 8]},
        {"hw": [4]},
        {"row_bytes": [5, 3, 3]},
        {"row_bytes": [7, 3, 3]},
        {"row_bytes": [6, 3]},
        {"row_bytes": [6, 3, "3"]},
        {"shift_px": float("nan")},
        {"shift_px": None},
    ],
    ids=str,
)
def test_planes_hold_what_is_said_of_them(changed: dict[str, object]) -> None:
    buffers = tuple(np.zeros(size, np.uint8) for size in (24, 6, 6))
    whole = _decoded(Message(ANSWERED, GOOD_ROWS, buffers), (4, 6))
    assert [plane.shape for plane in whole.planes] == [(4, 6), (2, 3), (2, 3)]
    with pytest.raises(WireError):
        _decoded(Message(ANSWERED, {**GOOD_ROWS, **changed}, buffers), (4, 6))


def probed() -> dict[str, object]:
    first = FirstFrame("yuv420p", 6, 4, 1, 1, 1, 1, False, "")
    facts = {"stream": 0, "time_base": [1, 24], "rate": [24, 1], "by_order": False, "notes": [], "codec": "h264"}
    return {**facts, "aspect": [1, 1], "metadata": [[["title", "x"]], []], "first": dict(vars(first))}


@pytest.mark.parametrize(
    ("change", "times", "keys"),
    [
        pytest.param({}, [0, 2, 2], [0], id="times that stand"),
        pytest.param({}, [0, 2, 3], [1], id="no first keyframe"),
        pytest.param({}, [0, 2, 3], [0, 3], id="keyframes beyond"),
        pytest.param({}, [], [0], id="no times"),
        pytest.param({"time_base": [1, 0]}, [0, 1], [0], id="no clock"),
        pytest.param({"stream": -1}, [0, 1], [0], id="no stream"),
        pytest.param({"codec": 7}, [0, 1], [0], id="a codec without a name"),
        pytest.param({"metadata": [[["a"]]]}, [0, 1], [0], id="a text without a name"),
        pytest.param({"first": {}}, [0, 1], [0], id="no first frame"),
        pytest.param({"by_order": 1}, [0, 1], [0], id="no flag"),
    ],
)
def test_an_index_holds_what_it_must(change: dict[str, object], times: list[int], keys: list[int]) -> None:
    def answer(change: dict[str, object], times: list[int], keys: list[int]) -> Message:
        buffers = tuple(np.array(values, np.int64).view(np.uint8) for values in (times, keys))
        return Message(ANSWERED, {**probed(), **change}, buffers)

    film = _film(answer({}, [0, 1, 2], [0, 2]), Path("a"))
    assert (film.index.pts, film.metadata) == ((0, 1, 2), ({"title": "x"}, {}))
    with pytest.raises(WireError):
        _film(answer(change, times, keys), Path("a"))


def test_messages_come_as_they_went() -> None:
    here, there = socket.socketpair()
    asked = Message(ASKED, {"a": [1, "ä", 0.1], "b": None}, (b"xyz", np.arange(3.0)))
    with here, there:
        send(here, asked)
        came = receive(there)
    assert (came.kind, came.facts) == (asked.kind, asked.facts)
    assert [bytes(b) for b in came.buffers] == [b"xyz", np.arange(3.0).tobytes()]


def test_a_shelf_cannot_be_made_smaller() -> None:
    shelf = new_shelf(1 << 16)
    assert shelf is not None
    with pytest.raises(OSError):
        os.ftruncate(shelf.file, 10)
    other = Shelf(shelf.file)
    assert other.put(64, 200, [memoryview(b"abc"), memoryview(b"de")])
    assert (shelf.memory[64:67], shelf.memory[128:130]) == (b"abc", b"de")
    assert not other.put(64, 127, [memoryview(b"abc"), memoryview(b"de")])
    assert not other.put(1 << 16, 200, [memoryview(b"abc")])
    shelf.close()


@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv422p10le", "yuvj440p", "yuva444p", "gray", "gray12le", "rgb24", "rgba64le"]
)
def test_sizes_of_planes_are_those_of_ffmpeg(name: str) -> None:
    frame = VideoFrame(131, 67, name)
    sizes = plane_sizes(name, (67, 131))
    for (rows, row_bytes), plane in zip(sizes, frame.planes):
        assert rows == plane.height
        assert plane.width <= row_bytes <= plane.line_size
    assert len(sizes) == len(frame.planes) - name.startswith("yuva")
    assert plane_sizes("pal8", (4, 4)) == plane_sizes("yuv444p10be", (4, 4)) == ()


def test_a_bug_of_ours_is_told_as_one(plate: Path) -> None:
    with pytest.raises(RuntimeError, match="KeyError"):
        children.ask_once("frame", plate, "")
