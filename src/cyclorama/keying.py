"""How the actor is taken off the plate: the key that the settings ask for."""

import re

import numpy as np

from cyclorama.core.display import linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key
from cyclorama.footage import carried_key, learned_key
from cyclorama.job import Job
from cyclorama.matting import (
    AdjustedKey,
    Bars,
    CleanPlate,
    ClipMask,
    GivenKey,
    JointAlphas,
    LastFrame,
    ScreenKey,
    SplitKey,
    analyse_matte,
    analyse_screen,
)
from cyclorama.retouch import Studio, controls_of
from cyclorama.settings import KeySettings


def make_key(settings: KeySettings, job: Job, *, with_spill: bool = False) -> Key:
    """The key of a shot, a ``LayeredKey`` where several actors are told apart. ``with_spill``: a screen's key tells the
    spill that it took off. What it holds open is closed with the job; what was assumed goes to its notes."""
    _require_one_source(settings)
    controls, studio = controls_of(settings), Studio(job.plate, job.notes, job.stack)
    if not controls.despill.is_always(1.0):
        if settings.is_given:
            raise InputError("--despill needs a screen's key, and a matte takes none off; leave one of them out")
        with_spill = True
    mattes = tuple(LastFrame(studio.matte(path)) for path in settings.matte)
    splits = tuple(ClipMask(studio.matte(path, "a rough matte")) for path in settings.split)
    garbage, holdout = studio.masks(settings.garbage, "garbage"), studio.masks(settings.holdout, "holdout")
    if mattes:
        key = _given_key(mattes, job, refine=settings.refine)
    elif settings.matting:
        key = learned_key(settings, job, studio)
    elif settings.mask:
        key = carried_key(settings, job, studio)
    else:
        key = _screen_key(settings, job, studio, with_spill=with_spill)
    if garbage or holdout or not controls.is_identity:
        key = AdjustedKey(key, controls, job.plate.hw, garbage, holdout)
    if splits:
        return SplitKey(key, splits, rest=True)
    return SplitKey(key, tuple(ClipMask(m) for m in mattes), rest=False) if len(mattes) > 1 else key


def _require_one_source(settings: KeySettings) -> None:
    """Refuse settings that ask for two keys at once, or for half of one."""
    if len(settings.matte) > 1 and settings.split:
        raise InputError("--split divides one key, and several --matte are layers already; leave one of them out")
    asked = {
        "--matte": bool(settings.matte),
        "--matting": settings.matting is not None,
        "--mask": bool(settings.mask) and settings.matting is None,
        "--screen": settings.screen is not None,
        "--clean-plate": settings.clean_plate is not None and settings.screen is None,
    }
    sources = [flag for flag, given in asked.items() if given]
    if len(sources) > 1:
        raise InputError(f"the actor is taken off in one way; leave out one of {' and '.join(sources)}")
    if (settings.matting is None) != (settings.weights is None):
        raise InputError("a learned matte needs both --matting NAME and --weights FILE")
    if settings.matting is None and (settings.device != "cpu" or settings.commercial_only):
        raise InputError("--device and --commercial-only speak of a learned matte (--matting), and none is asked for")
    if settings.refine and not settings.matte:
        raise InputError("--refine solves the edge of a --matte, and none is given; leave it out")


def screen_key_of(key: Key) -> ScreenKey | None:
    """The screen's key inside what an artist put around it; None when there is none."""
    while isinstance(key, (AdjustedKey, SplitKey)):
        key = key.key
    return key if isinstance(key, ScreenKey) else None


def bars_of(key: Key) -> Bars:
    """The plate's black borders, which a finished shot keeps: the actor ends at them."""
    screen = screen_key_of(key)
    return Bars() if screen is None else screen.model.bars.grown()


def _given_key(mattes: tuple[LastFrame, ...], job: Job, *, refine: bool) -> Key:
    alphas = mattes[0] if len(mattes) == 1 else JointAlphas(mattes)
    return analyse_matte(job.plate, alphas) if refine else GivenKey(alphas)


def _screen_key(settings: KeySettings, job: Job, studio: Studio, *, with_spill: bool) -> Key:
    clean = None if settings.clean_plate is None else CleanPlate(studio.clean_plate(settings.clean_plate))
    model = analyse_screen(job.plate, screen_rgb=screen_rgb(settings.screen), clean=clean)
    for text in model.notes:
        job.notes.add("input", text)
    return ScreenKey(model, with_spill=with_spill, clean=clean)


_SCREENS = {"green": "#00b140", "blue": "#0047bb"}


def screen_rgb(text: str | None) -> tuple[float, float, float] | None:
    """The screen's colour, scene-linear: ``green``, ``blue`` or ``#rrggbb`` (sRGB). None asks to find it."""
    if text is None:
        return None
    code = _SCREENS.get(text.lower(), text)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", code):
        raise InputError(f"--screen must be green, blue or #rrggbb, got '{text}'")
    red, green, blue = linear_from_display(np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255).tolist()
    return red, green, blue
