"""What must be refused, and is: by its exit code, one sentence, nothing left behind, in little time and memory."""

import os
import shutil
from pathlib import Path

import fault_files as make
import pytest
from fault_child import LIMIT_MB, LIMIT_S, Ended, cyc

from cyclorama.media import Notes, open_clip

NOT_VIDEO = "cannot be read as a video"
CUT = "cut off"
PLATES: dict[str, tuple[make.Maker, str]] = {
    # streams that end too early or are damaged
    "mp4 cut at a third": (make.cut("good.mp4", 0.33), CUT),
    "mp4 cut near its end": (make.cut("good.mp4", 0.9), CUT),
    "mov cut in half": (make.cut("good.mov", 0.5), CUT),
    "mkv cut in half": (make.cut("good.mkv", 0.5), CUT),
    "mkv cut near its end": (make.cut("good.mkv", 0.9), CUT),
    "webm cut in half": (make.cut("good.webm", 0.5), CUT),
    "avi cut in half": (make.cut("good.avi", 0.5), "cut off|cannot be read"),
    "mp4 of 16 bytes": (make.cut("good.mp4", 0.005), CUT),
    "mp4 of zeros": (make.text("zeros.mp4", bytes(5000)), NOT_VIDEO),
    "mp4 whose index is zero": (make.patched("good.mp4", make.renamed(b"moov", b"\0\0\0\0")), "cut off|damaged"),
    "mp4 whose sizes are gone": (make.patched("good.mp4", make.renamed(b"stsz", b"free")), "cut off|damaged|none"),
    "mp4 whose frames are zero": (
        make.patched("good.mp4", make.zeroed(0.05, 0.6)),
        "damaged|cannot be decoded|cut off",
    ),
    "mkv whose frames are zero": (make.patched("good.mkv", make.zeroed(0.2, 0.8)), "damaged|cut off|cannot be"),
    "mp4 of noise": (make.text("noise.mp4", bytes(i * i % 251 for i in range(9000))), NOT_VIDEO),
    "a codec that is not there": (
        make.patched("good.mp4", make.renamed(b"avc1\0\0", b"zzz9\0\0")),
        "no decoder|damaged",
    ),
    # empties
    "an empty mp4": (make.text("empty.mp4", ""), "empty"),
    "an empty folder": (make.frames(), "must hold numbered pictures"),
    "a folder of letters": (make.frames(a__txt="letter", b__md="letter"), "must hold numbered pictures"),
    "nothing there": (lambda folder: folder / "none.mp4", "no such file"),
    # text and other things in disguise
    "text": (make.text("letter.mp4", "hello, this is not a film\n" * 50), NOT_VIDEO),
    "html": (make.text("page.mov", "<!doctype html><html><video src='GOOD'></video></html>"), NOT_VIDEO),
    "json": (make.text("list.mkv", '{"frames": [1, 2, 3]}'), NOT_VIDEO),
    "a zip": (make.text("pack.mp4", b"PK\x03\x04" + bytes(200)), NOT_VIDEO),
    "a program": (make.text("tool.mp4", b"\x7fELF" + bytes(400)), NOT_VIDEO),
    "a pdf": (make.text("paper.mp4", "%PDF-1.7\n" + "x" * 400), NOT_VIDEO),
    "a pickle": (make.text("data.mp4", b"\x80\x04\x95" + bytes(100)), NOT_VIDEO),
    "a picture called mp4": (make.copied("place.png", "picture.mp4"), NOT_VIDEO),
    "a picture as a plate": (lambda folder: folder / "place.png", "give its folder"),
    "subtitles": (make.text("words.mp4", "1\n00:00:00,000 --> 00:00:01,000\nhello\n"), NOT_VIDEO),
    # scripts that reach for other files
    "a playlist": (
        make.text("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nGOOD\n#EXT-X-ENDLIST\n"),
        NOT_VIDEO,
    ),
    "a playlist called mp4": (make.text("a.mp4", "#EXTM3U\n#EXTINF:1,\nGOOD\n#EXT-X-ENDLIST\n"), NOT_VIDEO),
    "a concat script": (make.text("a.ffconcat", "ffconcat version 1.0\nfile 'GOOD'\n"), NOT_VIDEO),
    "a concat script called mp4": (make.text("b.mp4", "ffconcat version 1.0\nfile 'GOOD'\n"), NOT_VIDEO),
    "a session description": (
        make.text("a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
        NOT_VIDEO,
    ),
    "a dash manifest": (make.text("a.mpd", "<?xml version='1.0'?><MPD><BaseURL>GOOD</BaseURL></MPD>"), NOT_VIDEO),
    "a picture list": (make.text("a.ffmetadata", ";FFMETADATA1\ntitle=x\n"), NOT_VIDEO),
    "an address": (make.named("http://127.0.0.1:9/a.mp4"), "no such file"),
    "a protocol": (make.named("concat:good.mp4|good.mp4"), "no such file"),
    # not regular files
    "a pipe": (make.pipe, "pipe"),
    "a socket": (make.a_socket, "socket"),
    "a device": (make.named("/dev/zero"), "device"),
    "an empty device": (make.named("/dev/null"), "device"),
    "a link to a device": (make.link("/dev/zero"), "device"),
    "a link to nothing": (make.link("nothing.mp4"), "no such file"),
    "a link to itself": (make.link("link.mp4"), "cannot be looked at|no such file"),
    # sizes and bombs
    "a size that changes": (make.sizes_change, "every frame must be|damaged"),
    "frames of two sizes": (make.frames(a0__png="good", a1__png="wide"), "every frame must be 64 x 48"),
    "a picture bomb": (make.bomb_frames, "at most 100 megapixels"),
    "a picture bomb in a mov": (make.bomb_in_mov, "at most|cannot be decoded|cut off"),
    "a raw bomb": (make.raw_bomb, "at most|cannot be read|cut off"),
    "an EXR of absurd size": (make.huge_exr, "pixels|damaged"),
    # times
    "a clock that starts again": (make.twice, "damaged|clock|run backwards|cannot be decoded"),
    # no picture
    "sound in mp4": (make.sound_alone("sound.mp4", "aac"), "video stream"),
    "sound in wav": (make.sound_alone("sound.wav", "pcm_s16le"), "video"),
    "sound in mkv": (make.sound_alone("sound.mkv", "aac"), "video stream"),
    "a transport stream that ends in a packet": (make.cut("good.ts", 0.501), CUT),
    "a bitmap": (make.text("a.bmp", b"BM" + bytes(200)), "kind BMP"),
    "an AVIF": (make.text("a.avif", b"\0\0\0\x1cftypavif" + bytes(200)), "kind AVIF"),
    "a drawing": (make.text("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"), "kind SVG"),
    # frames
    "a missing frame": (make.frames(a1__png="good", a3__png="good"), "frame 2 is missing"),
    "a frame twice": (make.frames(a1__png="good", a01__png="good"), "there twice|one sequence"),
    "two sequences": (make.frames(a1__png="good", b2__png="good"), "one sequence"),
    "a frame without a number": (make.frames(a1__png="good", b__png="good"), "frame number"),
    "a cut frame": (make.frames(a1__png="good", a2__png="half"), "damaged or cut off"),
    "a frame with a flipped bit": (make.frames(a1__png="good", a2__png="flipped"), "damaged or cut off"),
    "a cut jpeg": (make.frames(a1__jpg="jpeg", a2__jpg="half jpeg"), "damaged or cut off"),
    "a text called png": (make.frames(a1__png="good", a2__png="hello"), "not a PNG"),
    "an empty frame": (make.frames(a1__png="good", a2__png=""), "empty"),
    "a cut EXR": (make.half_exr, "damaged or cut off"),
}


@pytest.fixture
def scene(good_files: Path, tmp_path: Path) -> Path:
    shutil.copytree(good_files, tmp_path / "scene")
    return tmp_path / "scene"


def listing(folder: Path) -> list[tuple[str, int]]:
    """Every name below, with its time of change."""
    return sorted((str(p.relative_to(folder)), p.lstat().st_mtime_ns) for p in folder.rglob("*"))


def judge(ended: Ended, *, codes: tuple[int, ...] = (2,)) -> str:
    """The sentence of a run that was refused as it must be."""
    assert ended.code in codes, (ended.code, ended.stderr[-800:])
    assert ended.seconds < LIMIT_S
    assert ended.megabytes < LIMIT_MB
    last = ended.stderr.splitlines()[-1]
    kind = {2: "input", 3: "machine"}[ended.code]
    assert last.startswith(f"error[{kind}]: ")
    assert "Traceback" not in ended.stderr
    return last


@pytest.mark.parametrize("name", PLATES)
def test_plates(scene: Path, name: str) -> None:
    maker, words = PLATES[name]
    plate = maker(scene)
    before = listing(scene)
    codes = (2, 3) if name == "a codec that is not there" else (2,)
    ended = cyc(scene, "key", plate, "--matte", "matte", "-o", "new/out.mov", "--work", "work")
    sentence = judge(ended, codes=codes)
    assert any(word in sentence for word in words.split("|")), sentence
    assert listing(scene) == before


ASKED: dict[str, tuple[list[str], str]] = {
    "a short matte": (["good.mp4", "--matte", "short", "-o", "o.mov"], "12 frames of 64x48, got 7"),
    "a long matte": (["good.mp4", "--matte", "long", "-o", "o.mov"], "12 frames of 64x48, got 20"),
    "a narrow matte": (["good.mp4", "--matte", "narrow", "-o", "o.mov"], "32x48"),
    "no matte": (["good.mp4", "--matte", "none", "-o", "o.mov"], "no such file"),
    "a plate as it would be the output": (
        ["good.mov", "--matte", "matte", "-o", "good.mov", "--overwrite"],
        "must not",
    ),
    "an output that is there": (["good.mp4", "--matte", "matte", "-o", "good.mov"], "--overwrite"),
    "an output that is a folder": (["good.mp4", "--matte", "matte", "-o", "dir.mov", "--overwrite"], "folder"),
    "an output below a file": (["good.mp4", "--matte", "matte", "-o", "good.mkv/o.mov"], "folder is needed"),
    "no suffix": (["good.mp4", "--matte", "matte", "-o", "out"], "alpha"),
    "an odd suffix": (["good.mp4", "--matte", "matte", "-o", "out.gif"], "alpha"),
    "no frame number": (["good.mp4", "--matte", "matte", "-o", "out.png"], "%04d"),
    "two frame numbers": (["good.mp4", "--matte", "matte", "-o", "%d%d.png"], "%04d"),
    "no such codec": (["good.mp4", "--matte", "matte", "-o", "o.mov", "--codec", "divx"], "--codec must be one of"),
    "a codec of another suffix": (["good.mp4", "--matte", "matte", "-o", "o.mov", "--codec", "dwa"], "*.exr"),
    "no such colour": (["good.mp4", "--matte", "matte", "-o", "o.mov", "--plate-color", "xlog"], "slog3"),
    "no such stream": (["good.mp4", "--matte", "matte", "-o", "o.mov", "--stream", "3"], "--stream must be 0 to 0"),
    "a rate for a video": (["good.mp4", "--matte", "matte", "-o", "o.mov", "--rate", "25"], "--rate is for folders"),
    "no rate": (["matte", "--matte", "matte", "-o", "o.mov", "--rate", "0"], "rate"),
    "frames that are not there": (["good.mp4", "--matte", "matte", "-o", "o.mov", "--frames", "10:20"], "0:12"),
    "a name that is too long": (["good.mp4", "--matte", "matte", "-o", "o" * 252 + ".mov"], "too long"),
    "a matte whose name is too long": (["good.mp4", "--matte", "m" * 300, "-o", "o.mov"], "too long|cannot be looked"),
    "a pipe as the matte": (["good.mp4", "--matte", "pipe.mp4", "-o", "o.mov"], "pipe"),
    "a pipe as the output": (["good.mp4", "--matte", "matte", "-o", "pipe.mov", "--overwrite"], "pipe"),
    "a number that is none": (["good.mp4", "--matte", "matte", "-o", "%d.png", "--first-frame", "-4"], "frame number"),
}


@pytest.mark.parametrize("name", ASKED)
def test_requests(scene: Path, name: str) -> None:
    (scene / "dir.mov").mkdir()
    for pipe in ("pipe.mp4", "pipe.mov"):
        os.mkfifo(scene / pipe)
    arguments, words = ASKED[name]
    before = listing(scene)
    sentence = judge(cyc(scene, "key", *arguments))
    assert any(word in sentence for word in words.split("|")), sentence
    assert listing(scene) == before


PLACES: dict[str, tuple[list[str], str]] = {
    "a pipe as the place": (["--reference", "pipe.png"], "pipe"),
    "a bitmap as the place": (["--reference", "a.bmp"], "kind BMP"),
    "an AVIF as the place": (["--reference", "a.avif"], "kind AVIF"),
    "a camera that nests": (["--reference", "place.png", "--camera", "deep.json"], "no camera.json"),
    "a camera of a gigabyte": (["--reference", "place.png", "--camera", "huge.json"], "at most 256 MB"),
}


@pytest.mark.parametrize("name", PLACES)
def test_places(scene: Path, name: str) -> None:
    os.mkfifo(scene / "pipe.png")
    (scene / "a.bmp").write_bytes(b"BM" + bytes(200))
    (scene / "a.avif").write_bytes(b"\0\0\0\x1cftypavif" + bytes(200))
    (scene / "deep.json").write_text("[" * 100_000)
    with (scene / "huge.json").open("wb") as file:
        file.truncate(1 << 30)
    arguments, words = PLACES[name]
    before = listing(scene)
    ended = cyc(scene, "replace", "good.mp4", "--matte", "matte", *arguments, "-o", "o.mp4")
    assert words in judge(ended)
    assert listing(scene) == before


def test_a_list_of_shots_that_names_outputs(scene: Path) -> None:
    """It would be taken, and not be heeded."""
    (scene / "shots.toml").write_text('[[shot]]\nplate = "good.mp4"\noutput = "o.mp4"\n')
    assert "leave it out" in judge(cyc(scene, "batch", "shots.toml"))


def test_a_list_of_shots_that_is_a_pipe(scene: Path) -> None:
    os.mkfifo(scene / "shots.toml")
    assert "pipe" in judge(cyc(scene, "batch", "shots.toml"))


@pytest.mark.parametrize("output", ["o.mov", "%04d.exr", "%04d.png"])
def test_a_disk_that_fills(scene: Path, output: str) -> None:
    before = listing(scene)
    ended = cyc(scene, "key", "good.mp4", "--matte", "matte", "-o", output, most_bytes=700)
    assert "disk or the quota is full" in judge(ended, codes=(3,))
    assert listing(scene) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_folder_that_may_not_be_written(scene: Path) -> None:
    (scene / "locked").mkdir(mode=0o500)
    before = listing(scene)
    assert "may not" in judge(cyc(scene, "key", "good.mp4", "--matte", "matte", "-o", "locked/o.mov"), codes=(3,))
    assert listing(scene) == before


def test_a_good_one_is_taken(scene: Path) -> None:
    """So that the suite cannot pass by refusing everything."""
    ended = cyc(scene, "key", "good.mp4", "--matte", "matte", "-o", "%04d.png", "--first-frame", "1001")
    assert ended.code == 0, ended.stderr
    assert sorted(p.name for p in scene.glob("1*.png")) == [f"{1001 + i}.png" for i in range(12)]


@pytest.mark.parametrize("plate", ["good.mp4", "good.mkv", "good.mov", "good.avi", "good.ts", "good.webm", "matte"])
def test_the_good_ones_are_read(good_files: Path, plate: str) -> None:
    with open_clip(good_files / plate, notes=Notes()) as clip:
        assert [clip.frame(i).shape for i in range(clip.num_frames)] == [(48, 64, 3)] * 12
