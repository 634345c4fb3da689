"""How the actor is taken off the plate: the key that the settings ask for."""

import re
from contextlib import ExitStack

import numpy as np

from cyclorama.core.display import linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key
from cyclorama.matting import (
    AdjustedKey,
    ClipMask,
    GivenKey,
    JointAlphas,
    LastFrame,
    ScreenKey,
    SplitKey,
    analyse_screen,
)
from cyclorama.media import ClipReader, Notes
from cyclorama.retouch import Studio, controls_of
from cyclorama.settings import KeySettings


def make_key(settings: KeySettings, plate: ClipReader, notes: Notes, stack: ExitStack) -> Key:
    """The key of a shot, a ``LayeredKey`` where several actors are told apart. What it holds open is closed with
    ``stack``; what was assumed goes to ``notes``."""
    controls, studio = controls_of(settings), Studio(plate, notes, stack)
    mattes = tuple(LastFrame(studio.matte(path)) for path in settings.matte)
    if len(mattes) > 1 and settings.split:
        raise InputError("--split divides one key, and several --matte are layers already; leave one of them out")
    if mattes and not controls.despill.is_always(1.0):
        raise InputError("--despill needs a screen's key, and a --matte takes none off; leave one of them out")
    splits = tuple(ClipMask(studio.matte(path, "a rough matte")) for path in settings.split)
    garbage, holdout = studio.masks(settings.garbage, "garbage"), studio.masks(settings.holdout, "holdout")
    key: Key = _given_key(mattes) if mattes else _screen_key(settings, plate, notes)
    if garbage or holdout or not controls.is_identity:
        key = AdjustedKey(key, controls, plate.hw, garbage, holdout)
    if splits:
        return SplitKey(key, splits, rest=True)
    return SplitKey(key, tuple(ClipMask(m) for m in mattes), rest=False) if len(mattes) > 1 else key


def screen_key_of(key: Key) -> ScreenKey | None:
    """The screen's key inside what an artist put around it; None when there is none."""
    while isinstance(key, (AdjustedKey, SplitKey)):
        key = key.key
    return key if isinstance(key, ScreenKey) else None


def _given_key(mattes: tuple[LastFrame, ...]) -> Key:
    return GivenKey(mattes[0] if len(mattes) == 1 else JointAlphas(mattes))


def _screen_key(settings: KeySettings, plate: ClipReader, notes: Notes) -> Key:
    model = analyse_screen(plate, screen_rgb=screen_rgb(settings.screen))
    for text in model.notes:
        notes.add("input", text)
    return ScreenKey(model)


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
