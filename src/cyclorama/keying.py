"""How the actor is taken off the plate: the key that the settings ask for."""

import re
from contextlib import ExitStack, closing

import numpy as np

from cyclorama.core.display import linear_from_display
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key
from cyclorama.matting import GivenKey, ScreenKey, analyse_screen
from cyclorama.media import ClipReader, Notes, open_matte
from cyclorama.settings import KeySettings


def make_key(settings: KeySettings, plate: ClipReader, notes: Notes, stack: ExitStack) -> Key:
    """The key of a shot. What it holds open is closed with ``stack``; what was assumed goes to ``notes``."""
    if settings.matte is not None:
        alphas = stack.enter_context(closing(open_matte(settings.matte, notes=notes)))
        if (alphas.num_frames, alphas.hw) != (plate.num_frames, plate.hw):
            raise InputError(
                f"{settings.matte}: the matte must have the plate's {plate.num_frames} frames of {_size(plate.hw)}, "
                f"got {alphas.num_frames} of {_size(alphas.hw)}; export it for the whole plate"
            )
        return GivenKey(alphas)
    model = analyse_screen(plate, screen_rgb=screen_rgb(settings.screen))
    for text in model.notes:
        notes.add("input", text)
    return ScreenKey(model)


def _size(hw: tuple[int, int]) -> str:
    return f"{hw[1]}x{hw[0]}"


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
