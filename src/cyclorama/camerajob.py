"""``cyc camera``: a camera from one program's file to another's."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import mkdtemp

from cyclorama.camera_settings import CameraJobSettings
from cyclorama.core.errors import InputError
from cyclorama.job import Progress
from cyclorama.matchmove import (
    COLMAP_PARTS,
    FILM_BACK_MM,
    CameraFormat,
    CameraShot,
    format_of_output,
    read_shot,
    write_camera,
)
from cyclorama.media import publish
from cyclorama.media.gate import writing
from cyclorama.report import Report, Stopwatch, record
from cyclorama.stmaps import MapFiles, with_given_lens


def convert_camera(settings: CameraJobSettings, progress: Progress = lambda *_: None) -> Report:
    """Read, write, and say what was assumed. ``InputError`` and its kin say what is wrong and what to do."""
    watch = Stopwatch()
    kind = format_of_output(settings.output, settings.format)
    require_free(settings)
    notes: list[str] = []
    with watch("read"):
        shot = _given(read_shot(settings.input, size=None if settings.size is None else settings.size.hw), settings)
        if settings.stmap is not None:
            path, found = with_given_lens(shot.path, settings.stmap)
            shot, notes = replace(shot, path=path), [found]
    first = kind.first_frame if settings.first_frame is None else settings.first_frame
    maps = None if settings.write_stmaps is None else MapFiles(settings.write_stmaps, replace(shot, first_frame=first))
    if maps is not None and not settings.overwrite:
        maps.require_free()
    with watch("write"), whole(settings.output, overwrite=settings.overwrite) as temporary:
        write_camera(
            temporary,
            shot.path,
            shot.rate,
            first_frame=first,
            film_back_mm=FILM_BACK_MM if settings.film_back is None else settings.film_back,
            format_name=kind.name,
        )
    if maps is not None:
        with watch("stmaps"):
            maps.write(overwrite=settings.overwrite)
        notes.append(maps.sentence())
    progress("camera", len(shot.path), len(shot.path))
    return Report(_facts(settings, shot, first, (notes, watch)), {})


def _given(shot: CameraShot, settings: CameraJobSettings) -> CameraShot:
    """With the rate that was asked for; what the file says and what was asked for must be one."""
    size, rate = settings.size, settings.rate
    if size is not None and size.hw != shot.path.hw:
        h, w = shot.path.hw
        raise InputError(f"{settings.input}: is for pictures of {w}x{h}, not {size}; leave --size out")
    if rate is None or rate.per_second == shot.rate:
        return shot
    if shot.rate is not None:
        raise InputError(f"{settings.input}: has {shot.rate} frames a second, not {rate}; leave --rate out")
    return replace(shot, rate=rate.per_second)


def require_free(settings: CameraJobSettings) -> None:
    """Refuse, before any work, an output that must not be written."""
    source, output = settings.input, settings.output
    if not output.absolute().parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} must exist; create it first (mkdir -p {output.parent})")
    if output.exists() and source.exists() and output.samefile(source):
        raise InputError(f"{output}: the output must not replace the input; choose another name")
    folder = format_of_output(output, settings.format).name.startswith("colmap")
    if (output.exists() or output.is_symlink()) and folder != output.is_dir():
        raise InputError(f"{output}: must be a {'folder' if folder else 'file'} and is none; choose another name")
    parts = _parts(output) if folder else [output]
    if not settings.overwrite and any(p.exists() or p.is_symlink() for p in parts):
        raise InputError(f"{output}: it exists already; choose another name or allow it to be replaced (--overwrite)")


def _parts(folder: Path) -> list[Path]:
    """The files of a COLMAP model in either form: one of the other form would be read in its place."""
    return [folder / f"{part}{suffix}" for part in COLMAP_PARTS for suffix in (".txt", ".bin")]


@contextmanager
def whole(output: Path, *, overwrite: bool) -> Iterator[Path]:
    """A place to write to; what is there at the end gets the name ``output``, and nothing does after an error."""
    with writing(output):
        temporary = Path(mkdtemp(dir=output.absolute().parent, prefix=f".{output.name}."))
    try:
        with writing(output):
            yield temporary / output.name
        _publish(temporary / output.name, output, overwrite)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _publish(made: Path, output: Path, overwrite: bool) -> None:
    if not made.is_dir():
        publish(made, output, overwrite)
        return
    with writing(output):
        output.mkdir(exist_ok=True)
        for old in _parts(output):
            old.unlink(missing_ok=True)
    for part in sorted(made.iterdir()):
        publish(part, output / part.name, overwrite)


def _lens_warnings(kind: CameraFormat, shot: CameraShot) -> list[str]:
    if shot.is_straight or kind.lens == "held":
        return []
    if kind.lens == "ours":
        return [
            f"a camera in {kind.words} has no lens: k1 and k2 are knobs of its tab Cyclorama, which only we read; the "
            "lens there is an STMap (--write-stmaps)"
        ]
    return [f"the lens's distortion is not in {kind.words}: the lens there is an STMap (--write-stmaps)"]


def _facts(
    settings: CameraJobSettings, shot: CameraShot, first: int, done: tuple[list[str], Stopwatch]
) -> dict[str, object]:
    kind = format_of_output(settings.output, settings.format)
    notes, watch = done
    assumed = list(notes)
    if first != shot.first_frame:
        assumed.append(f"frame {shot.first_frame} of the input is frame {first} of the output (--first-frame)")
    if kind.film_back and settings.film_back is None:
        assumed.append(f"the film back was taken to be {FILM_BACK_MM:g} mm wide (--film-back)")
    own = {
        "output": str(settings.output),
        "format": kind.name,
        "frames": len(shot.path),
        "size": [shot.path.hw[1], shot.path.hw[0]],
        "rate": None if shot.rate is None else str(Fraction(shot.rate)),
        "first_frame": first,
    }
    return record(settings, own, assumed, _lens_warnings(kind, shot), watch)
