"""What the settings name as the place: pictures, each at its frame of the plate; or one panorama; or one clip."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip
from cyclorama.core.depth import DepthPicture
from cyclorama.core.errors import InputError
from cyclorama.core.reference import Reference
from cyclorama.media import ClipReader, Notes, is_pattern, is_picture, open_clip, read_picture
from cyclorama.media.notes import NoteKind
from cyclorama.reference_words import ReferenceArgument, ReferenceWord
from cyclorama.scenery import is_panorama

_CLIPS = ("loop", "hold", "footage")
_SHAPE = 0.02  # by how much, as a share, a clip that is used as it is may be wider or narrower than the plate
_LARGEST = 24_000_000
"""Pixels of a picture that are kept; a larger one is scaled down, for a plate shows a few of them."""


@dataclass(frozen=True)
class PanoramaFile:
    """An equirectangular ``image``; ``frame``: when the camera looks where it is told."""

    image: Array
    frame: int
    path: Path


@dataclass(frozen=True)
class ClipFile:
    """``clip``: open; ``word``: how it is used; ``frame``: that whose view it shows (None: where the camera looks on
    average)."""

    clip: ClipReader
    path: Path
    word: ReferenceWord
    frame: int | None


Given = tuple[Reference, ...] | PanoramaFile | ClipFile


def open_references(
    given: tuple[ReferenceArgument, ...],
    plate: Clip,
    notes: Notes,
    stack: ExitStack,
    depths: Sequence[DepthPicture | None] = (),
) -> Given:
    """What was given, told from the files themselves where no word says it; ``stack`` closes a clip; ``depths``: one
    for each picture, or none. ``InputError`` for what cannot be."""
    clips = [argument for argument in given if _is_clip(argument)]
    for argument in given if len(given) > 1 else ():
        if argument in clips or argument.word == "pano":
            what = "a clip" if argument in clips else "a 360 panorama"
            raise InputError(f"{argument.picture}: {what} must be the only reference, got {len(given)}; give it alone")
    only = given[0]
    if depths and (clips or only.word == "pano"):
        raise InputError(f"{only.picture}: --depth belongs to pictures, and this is none; leave it out")
    if clips:
        return _clip(only, plate, notes, stack)
    if only.word in _CLIPS:
        raise InputError(f"{only.picture}: {only.word}: is for a clip, this is one picture; leave the word out")
    pictures = read_references(given, plate, notes, depths)
    flat = only.word == "flat" or bool(depths)
    if len(pictures) == 1 and not flat and (only.word == "pano" or is_panorama(pictures[0].image)):
        return _panorama(only, pictures[0].image, _frame(only, plate) or 0, notes)
    return pictures


def _frame(given: ReferenceArgument, plate: Clip) -> int | None:
    return None if given.moment is None else given.moment.frame(plate.timestamps_s)


def _is_clip(argument: ReferenceArgument) -> bool:
    path = argument.picture
    return path.is_dir() or is_pattern(path) or not is_picture(path)


def _clip(given: ReferenceArgument, plate: Clip, notes: Notes, stack: ExitStack) -> ClipFile:
    """A folder runs at the plate's rate, a video at its own."""
    if given.word in ("flat", "pano"):
        raise InputError(f"{given.picture}: {given.word}: is for one picture, this is a clip; leave the word out")
    if given.word == "footage" and given.moment is not None:
        raise InputError(f"{given.picture}: footage: goes with the plate frame for frame; leave the time out")
    states_none = given.picture.is_dir() or is_pattern(given.picture)
    clip = open_clip(given.picture, notes=notes, rate=plate.rate if states_none else None)
    stack.callback(clip.close)
    found = ClipFile(clip, given.picture, given.word or "loop", _frame(given, plate))
    if found.word == "footage":
        for kind, text in _require_same(found, plate):
            notes.add(kind, text)
    return found


def _require_same(given: ClipFile, plate: Clip) -> Iterator[tuple[NoteKind, str]]:
    """What is assumed of a clip that moves as the plate's camera does. ``InputError`` for another length or shape."""
    clip, (h, w), (plate_h, plate_w) = given.clip, given.clip.hw, plate.hw
    if clip.num_frames != plate.num_frames:
        raise InputError(
            f"{given.path}: footage: goes with the plate frame for frame and must have its {plate.num_frames} frames, "
            f"got {clip.num_frames}; cut it, or leave footage: out to have it drawn by the plate's camera"
        )
    if abs(w * plate_h / (h * plate_w) - 1) > _SHAPE:
        raise InputError(
            f"{given.path}: footage: goes with the plate and must have its shape, {plate_w}x{plate_h}, got {w}x{h}; "
            "crop it"
        )
    if clip.hw != plate.hw:
        yield "geometry", f"{given.path.name} is scaled from {w}x{h} to the plate's {plate_w}x{plate_h}"
    if clip.rate != plate.rate:
        yield "time", f"{given.path.name} has {clip.rate} frames a second, the plate {plate.rate}: frame for frame"


def _panorama(given: ReferenceArgument, image: Array, frame: int, notes: Notes) -> PanoramaFile:
    h, w = image.shape[:2]
    if given.word == "pano" and abs(w - 2 * h) > 0.02 * w:
        raise InputError(f"{given.picture}: a 360 panorama must be twice as wide as high, got {w}x{h}; export it whole")
    if given.word is None:
        notes.add(
            "geometry",
            f"{given.picture.name} is twice as wide as high and its ends meet: it is taken as a 360 panorama; "
            f"write flat:{given.picture} if it is none",
        )
    return PanoramaFile(image, frame, given.picture)


def read_references(
    given: tuple[ReferenceArgument, ...], plate: Clip, notes: Notes, depths: Sequence[DepthPicture | None] = ()
) -> tuple[Reference, ...]:
    """Pictures by frame; ``depths``: of each that is given, or none at all. Untimed ones are spread evenly; a single
    one is at the first frame until a solve places it."""
    last, spread = plate.num_frames - 1, max(1, len(given) - 1)
    out = []
    for index, argument in enumerate(given):
        if argument.word in _CLIPS or _is_clip(argument):
            raise InputError(f"{argument.picture}: a picture is needed here, this is a clip; give frames of it")
        image = _kept(read_picture(argument.picture, notes=notes), argument.picture, notes)
        frame = int(last * index / spread + 0.5)
        if argument.moment is not None:
            frame = argument.moment.frame(plate.timestamps_s)
        depth = depths[index] if depths else None
        out.append(Reference(image, frame, str(argument.picture), depth=depth))
    return tuple(sorted(out, key=lambda r: r.frame))


def _kept(image: Array, path: Path, notes: Notes) -> Array:
    h, w = image.shape[:2]
    if h * w <= _LARGEST:
        return image
    scale = (_LARGEST / (h * w)) ** 0.5
    hw = round(h * scale), round(w * scale)
    notes.add("input", f"{path.name} holds {h * w / 1e6:.0f} megapixels; it is scaled down to {hw[1]}x{hw[0]}")
    return cv2.resize(image, hw[::-1], interpolation=cv2.INTER_AREA)
