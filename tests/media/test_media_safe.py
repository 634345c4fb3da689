"""What is sealed is safe: a writer that goes on makes the bytes of one that was never stopped."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cyclorama.core.arrays import Array
from cyclorama.media import (
    ClipWriter,
    EncodeSettings,
    Notes,
    OutputSpec,
    Together,
    open_clip,
    open_writer,
    safe,
    video_writer,
)
from cyclorama.media.safe import Records

HW, COUNT, EVERY, SEGMENT = (48, 64), 13, 2, 5
STEADY = tuple(Fraction(i, 24) for i in range(COUNT))
UNEVEN = tuple(Fraction(i * 30 + i * i % 7, 720) for i in range(COUNT))
CASES = [("o.mp4", "h264"), ("o.mkv", "h264"), ("o.mp4", "h265"), ("o.mov", "prores"), ("o.mkv", "ffv1")]
CASES += [("o.webm", "vp9"), ("%d.png", "png16")]


def picture(index: int) -> Array:
    out = np.full((*HW, 3), 0.1 + 0.02 * index, np.float32)
    out[8:24, 3 * index : 3 * index + 12] = np.random.default_rng(index).random((16, 12, 1)).astype(np.float32)
    return out


def opened(folder: Path, name: str, codec: str, times: tuple[Fraction, ...]) -> ClipWriter[Array]:
    (folder / "job").mkdir(exist_ok=True, parents=True)
    spec = OutputSpec(HW, Fraction(24), times)
    return open_writer(folder / name, folder / "job", spec, notes=Notes(), settings=EncodeSettings(codec))


def wrote(writer: ClipWriter[Array], frames: range) -> None:
    for index in frames:
        writer.write(index, picture(index))
        if (index + 1) % EVERY == 0:
            writer.seal()


def finished(writer: ClipWriter[Array], folder: Path) -> dict[str, bytes]:
    writer.seal()
    writer.close()
    writer.publish(overwrite=False)
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_writer, "_LONGEST", SEGMENT)


@pytest.mark.parametrize(("name", "codec"), CASES)
@pytest.mark.parametrize("times", [STEADY, UNEVEN], ids=["steady", "uneven"])
def test_the_same_bytes_as_never_stopped(tmp_path: Path, name: str, codec: str, times: tuple[Fraction, ...]) -> None:
    alone = opened(tmp_path / "alone", name, codec, times)
    wrote(alone, range(COUNT))
    wanted = finished(alone, tmp_path / "alone")
    for stopped, kept in ((1, 0), (7, 6), (11, 10)):
        folder = tmp_path / f"at{stopped}"
        first = opened(folder, name, codec, times)
        wrote(first, range(stopped))
        first.drop()
        second = opened(folder, name, codec, times)
        assert second.found(COUNT) == kept
        second.take(kept)
        wrote(second, range(kept, COUNT))
        assert finished(second, folder) == wanted


def test_segments_join_where_frames_lean_on_one_another(tmp_path: Path) -> None:
    writer = opened(tmp_path, "o.mp4", "h264", UNEVEN)
    wrote(writer, range(COUNT))
    closed = sorted(p.name for p in (tmp_path / "job" / "shot").glob("segment-*.json"))
    assert closed == ["segment-000000.json", "segment-000005.json"]
    finished(writer, tmp_path)
    with open_clip(tmp_path / "o.mp4", notes=Notes()) as clip:
        assert clip.timestamps_s == UNEVEN
        assert all(np.abs(clip.frame(i) - picture(i)).mean() < 0.05 for i in range(COUNT))


def test_where_a_video_goes_on_from(tmp_path: Path) -> None:
    writer = opened(tmp_path, "o.mp4", "h264", STEADY)
    wrote(writer, range(6))
    assert opened(tmp_path, "o.mp4", "h264", STEADY).found(4) == 4  # what lies beside it may know no more
    wrote(writer, range(6, 8))
    writer.drop()
    again = opened(tmp_path, "o.mp4", "h264", STEADY)
    assert [again.found(n) for n in (3, 5, 6, 7, 8, 13)] == [0, 5, 6, 6, 8, 8]


def test_what_one_cannot_go_on_from_the_others_must_not(tmp_path: Path) -> None:
    both = []
    for folder, name, codec in ((tmp_path / "a", "o.mp4", "h264"), (tmp_path / "b", "%d.png", "png8")):
        wrote(opened(folder, name, codec, STEADY), range(8))
        both.append(opened(folder, name, codec, STEADY))
    (tmp_path / "b" / "job" / "shot" / "3.png").unlink()
    assert both[1].found(COUNT) == 2
    assert Together(*both).found(COUNT) == 0  # the video's first segment is closed, and its frames are gone


def test_a_record_tells_a_file_that_changed(tmp_path: Path) -> None:
    records = Records(tmp_path, "frames")
    for index in range(3):
        (tmp_path / f"{index}").write_text("a")
        records.add(index, index + 1, [tmp_path / f"{index}"])
    assert list(records.stretches(9)) == [(0, 1), (1, 2), (2, 3)]
    assert list(records.stretches(2)) == [(0, 1), (1, 2)]
    (tmp_path / "1").write_text("bb")
    assert list(records.stretches(9)) == [(0, 1)]
    (tmp_path / "frames-000000.json").write_text("{")
    assert not list(records.stretches(9))


def test_a_record_that_need_not_last_holds_until_the_machine_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(safe, "synced", lambda files, _folder: synced.extend(files))
    (tmp_path / "a").write_text("a")
    for boot, waits in (("one", False), (None, True)):
        monkeypatch.setattr(safe, "_boot", lambda boot=boot: boot)
        Records(tmp_path, "frames", lasts=False).add(0, 4, [tmp_path / "a"])
        assert bool(synced) == waits  # where nobody says which start of the machine this is, it lasts
    monkeypatch.setattr(safe, "_boot", lambda: "one")
    Records(tmp_path, "frames", lasts=False).add(0, 4, [tmp_path / "a"])
    assert Records(tmp_path, "frames").stop_of(0) == 4
    for boot in ("two", None):
        monkeypatch.setattr(safe, "_boot", lambda boot=boot: boot)
        assert Records(tmp_path, "frames").stop_of(0) is None
