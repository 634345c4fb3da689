"""What a user can ask for: one typed place, from which the commands and their help are made (``options.py``)."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclorama.camera_words import ActorArgument, FocalLength, MoveArgument
from cyclorama.core.errors import InputError
from cyclorama.core.keyed import KeyPoint
from cyclorama.depth_words import DepthSettings
from cyclorama.engine_settings import EngineSettings
from cyclorama.film_words import FilmSettings
from cyclorama.light_words import LightSettings
from cyclorama.media_settings import OutputSettings, PlateSettings
from cyclorama.option import Option
from cyclorama.path_words import file_named
from cyclorama.reference_words import LookAt, ReferenceArgument
from cyclorama.standing_words import StandAt
from cyclorama.stmap_settings import StmapArgument

_FRAME = re.compile(r"\d{1,9}")
_POLYGON = "polygon:"
_FARTHEST = 1_000_000
_CORNER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)),([+-]?(?:\d+(?:\.\d*)?|\.\d+))")


@dataclass(frozen=True)
class KeyedPolygon:
    """A polygon at a frame of the plate, or (None) over the whole shot. ``corners``: x, y in pixels of the plate."""

    frame: int | None
    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not all(abs(place) <= _FARTHEST for corner in self.corners for place in corner):
            raise InputError(f"a polygon's corners must lie within {_FARTHEST} pixels of the picture")

    @classmethod
    def parse(cls, text: str) -> "KeyedPolygon":
        """``X,Y X,Y X,Y ...`` with at least three corners, and ``@FRAME`` after them or not."""
        words, at, frame = text.strip().partition("@")
        corners = [_CORNER.fullmatch(word) for word in words.split()]
        if len(corners) < 3 or not all(corners) or (at and not _FRAME.fullmatch(frame.strip())):
            raise InputError(
                f"a polygon must be X,Y X,Y X,Y ... (3 corners or more) and may end in @FRAME, got '{text}'"
            )
        return cls(int(frame) if at else None, tuple((float(c[1]), float(c[2])) for c in corners if c))


@dataclass(frozen=True)
class MaskArgument:
    """A matte that an artist made: ``path``, a picture, a clip, a folder or a file of polygons; or ``polygons``, the
    keys of one polygon."""

    path: Path | None
    polygons: tuple[KeyedPolygon, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "MaskArgument":
        """A path, or ``polygon:KEY`` or ``polygon:KEY; KEY ...`` of ``KeyedPolygon``."""
        if not text.startswith(_POLYGON):
            return cls(file_named(text))
        return cls(None, tuple(KeyedPolygon.parse(part) for part in text.removeprefix(_POLYGON).split(";")))


@dataclass(frozen=True)
class PaintedMask:
    """``FRAME:PICTURE``: the actor painted white on a frame of the plate."""

    frame: int
    picture: Path

    @classmethod
    def parse(cls, text: str) -> "PaintedMask":
        frame, colon, name = text.partition(":")
        if not (colon and name and _FRAME.fullmatch(frame)):
            raise InputError(f"a painted mask must be FRAME:PICTURE, such as 0:first.png, got '{text}'")
        return cls(int(frame), Path(name))


def parse_range(text: str, num_frames: int) -> range:
    """``A:B``, frames A up to but without B; either may be left out. ``InputError`` when it holds no frame."""
    match = re.fullmatch(r"(\d{0,9}):(\d{0,9})", text)
    if not match:
        raise InputError(f"--frames must be A:B (frames A up to but without B), got '{text}'")
    start = int(match[1] or 0)
    stop = int(match[2]) if match[2] else num_frames
    if not start < stop <= num_frames:
        raise InputError(f"--frames {text} holds no frames of the plate; give A:B within 0:{num_frames}")
    return range(start, stop)


PLATE = Option("The plate: a video, or a folder of numbered pictures.", argument=True)
_FRAMES = Option("Frames A up to but without B of the plate, as A:B. Times still count from the plate's first frame.")
_OVERWRITE = Option("Replace an output that exists.")
FOCAL = Option(
    "The focal length, when it is known: pixels of the plate (1200), or millimetres (35mm) on the film back, 36 mm "
    "wide where nothing else is said.",
    shape="FOCAL",
)
ZOOM = Option("Whether the lens zooms; else where nothing else explains the plate.", ("--zoom/--no-zoom",))
STMAP = Option(
    "An STMap of the plate's lens, for a --camera that holds none: MAP.exr, undistort:MAP.exr (it makes the plate "
    "straight) or distort:MAP.exr.",
    shape="[WAY:]MAP",
)
SCREEN = Option("The screen's colour, when it is not found right: green, blue or #rrggbb.")
_KEYED = "VALUE|FRAME:VALUE"


@dataclass(frozen=True, kw_only=True)
class KeySettings:
    """How the actor is taken off the plate."""

    matte: Annotated[
        tuple[Path, ...],
        Option(
            "The actor's matte (a video or a folder, white is actor), in place of a key; may be repeated for several "
            "actors and props: layers 1, 2, ..., the first in front.",
            shape="CLIP",
        ),
    ] = ()
    refine: Annotated[
        bool, Option("Solve the edge of a --matte again from the plate, in a band about its outline.")
    ] = False
    mask: Annotated[
        tuple[PaintedMask, ...],
        Option(
            "The actor painted white on one frame of ordinary footage, and on others that correct it; carried through "
            "the shot. May be repeated.",
            shape="FRAME:PICTURE",
        ),
    ] = ()
    matting: Annotated[
        str | None, Option("A learned matte: birefnet, rvm or matanyone2, with --weights.", shape="NAME")
    ] = None
    weights: Annotated[
        str | None, Option("The learned matte's weights: a file, or OWNER/NAME:FILE of a hub.", shape="FILE")
    ] = None
    device: Annotated[str, Option("Where a learned matte runs: cpu or cuda.")] = "cpu"
    commercial_only: Annotated[bool, Option("Refuse learned mattes whose licence forbids commercial use.")] = False
    screen: Annotated[str | None, SCREEN] = None
    clean_plate: Annotated[
        Path | None, Option("The screen shot without the actor: a picture, or a clip with the plate's camera move.")
    ] = None
    split: Annotated[
        tuple[Path, ...],
        Option(
            "A rough matte of one of several actors: what it covers of the key becomes layer 2 (the next one 3, ...), "
            "the rest stays layer 1; may be repeated.",
            shape="CLIP",
        ),
    ] = ()
    garbage: Annotated[
        tuple[MaskArgument, ...],
        Option(
            "What is thrown away, white: a picture, a clip, a folder, polygons (a .toml or .json) or "
            "'polygon:X,Y X,Y X,Y'; may be repeated.",
            shape="MASK",
        ),
    ] = ()
    holdout: Annotated[
        tuple[MaskArgument, ...], Option("What is kept solid, white; given as --garbage is.", shape="MASK")
    ] = ()
    clip_black: Annotated[tuple[KeyPoint, ...], Option("Alpha that becomes 0; 0 to 1.", shape=_KEYED)] = ()
    clip_white: Annotated[tuple[KeyPoint, ...], Option("Alpha that becomes 1; 0 to 1.", shape=_KEYED)] = ()
    grow: Annotated[
        tuple[KeyPoint, ...], Option("Pixels by which the matte's edge moves out; in where negative.", shape=_KEYED)
    ] = ()
    soften: Annotated[
        tuple[KeyPoint, ...], Option("How wide, in pixels, a hard edge of the matte becomes.", shape=_KEYED)
    ] = ()
    despill: Annotated[
        tuple[KeyPoint, ...], Option("How much of the screen's spill is taken off; 0 none, 1 all.", shape=_KEYED)
    ] = ()

    @property
    def is_given(self) -> bool:
        """Whether the matte comes from elsewhere than a screen's key."""
        return bool(self.matte or self.mask or self.matting)

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that are read."""
        masks = tuple(m.path for m in (*self.garbage, *self.holdout) if m.path is not None)
        painted = tuple(m.picture for m in self.mask)
        clean = () if self.clean_plate is None else (self.clean_plate,)
        return (*self.matte, *self.split, *masks, *painted, *clean)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides a finished shot."""

    plate: Annotated[Path, PLATE]
    output: Annotated[
        Path,
        Option(
            "The finished shot: NAME.mp4, .mov, .mkv or .webm, or frames as NAME%04d.png or .exr.", ("--output", "-o")
        ),
    ]
    reference: Annotated[
        tuple[ReferenceArgument, ...],
        Option(
            "A picture of the place as PICTURE or PICTURE@TIME; may be repeated. TIME is a frame (12), seconds (0.5s) "
            "or a share (50%) of the plate. Or one clip, or one 360 panorama. What a file is can be said before it: "
            "flat:, pano:, loop: or hold: (a clip shorter than the plate), footage: (a clip that already moves as "
            "the plate's camera does).",
            shape="[WORD:]FILE[@TIME]",
        ),
    ]
    look_at: Annotated[
        LookAt | None,
        Option(
            "Where in a panorama the camera looks at first: degrees to the right of its middle, and above its horizon.",
            shape="YAW[,PITCH]",
        ),
    ] = None
    read: PlateSettings = field(default_factory=PlateSettings)
    write: OutputSettings = field(default_factory=OutputSettings)
    key: KeySettings = KeySettings()
    depths: DepthSettings = field(default_factory=DepthSettings)
    camera: Annotated[Path | None, Option("A camera file that cyc camera reads, in place of a solve.")] = None
    stmap: Annotated[StmapArgument | None, STMAP] = None
    actor: Annotated[
        ActorArgument | None,
        Option("What the actor does, where only it tells of the camera: stands, walks or free.", shape="WORD"),
    ] = None
    move: Annotated[
        MoveArgument | None,
        Option("Camera moves, on top of those found: 'truck left 0.4m, handheld 0.3'.", shape="MOVES"),
    ] = None
    focal: Annotated[FocalLength | None, FOCAL] = None
    zoom: Annotated[bool | None, ZOOM] = None
    actor_height: Annotated[float | None, Option("The actor's height, for true scale.", shape="METRES")] = None
    stand_at: Annotated[
        StandAt | None,
        Option("Where in the reference the feet stand: shares (0.5,0.9) or pixels of it.", shape="X,Y[@TIME]"),
    ] = None
    occlude: Annotated[
        bool | None,
        Option("Whether the place may hide the actor; else where its depth is sure.", ("--occlude/--no-occlude",)),
    ] = None
    frames: Annotated[str | None, _FRAMES] = None
    light: LightSettings = field(default_factory=LightSettings)
    film: FilmSettings = field(default_factory=FilmSettings)
    drawn: EngineSettings = field(default_factory=EngineSettings)
    layers: Annotated[
        Path | None,
        Option(
            "Write the shot's parts besides: all layers as NAME%04d.exr, or the actor alone as NAME.mov, .mkv, .webm "
            "or NAME%04d.png.",
            shape="NAME",
        ),
    ] = None
    work: Annotated[Path | None, Option("Keep the camera, the mattes and the report in this folder.")] = None
    overwrite: Annotated[bool, _OVERWRITE] = False

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that are read."""
        camera = () if self.camera is None else (self.camera,)
        stmap = () if self.stmap is None else (self.stmap.file,)
        references = (r.picture for r in self.reference)
        given = (*self.key.inputs, *camera, *stmap, *references, *self.depths.inputs)
        return (self.plate, *given, *self.light.inputs, *self.drawn.inputs)


@dataclass(frozen=True, kw_only=True)
class KeyJobSettings:
    """Everything that decides a keyed actor."""

    plate: Annotated[Path, PLATE]
    output: Annotated[
        Path,
        Option(
            "The keyed actor: NAME.mov (ProRes 4444), NAME.mkv (FFV1) or NAME.webm (VP9), straight alpha, or frames as "
            "NAME%04d.exr (half float, scene-linear, premultiplied) or NAME%04d.png (16 bits, sRGB, straight).",
            ("--output", "-o"),
        ),
    ]
    read: PlateSettings = field(default_factory=PlateSettings)
    write: OutputSettings = field(default_factory=OutputSettings)
    key: KeySettings = KeySettings()
    straight: Annotated[
        bool | None,
        Option(
            "Whether colour is kept as it is or multiplied by alpha, over what is usual in the format.",
            ("--straight/--premultiplied",),
        ),
    ] = None
    only_matte: Annotated[bool, Option("Write the alpha alone, 16-bit grey, as NAME%04d.png.")] = False
    sheet: Annotated[Path | None, Option("Put check sheets of six frames in this folder.")] = None
    frames: Annotated[str | None, Option("Frames A up to but without B of the plate, as A:B.")] = None
    work: Annotated[Path | None, Option("Keep the mattes and the report in this folder.")] = None
    overwrite: Annotated[bool, _OVERWRITE] = False

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files and folders that are read."""
        return (self.plate, *self.key.inputs)
