"""Clip to matte: takes the actor off a green or blue screen, or ordinary footage with a given or a learned matte."""

from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.given import Alphas, GivenKey
from cyclorama.matting.kept import KeptMattes, keep_mattes
from cyclorama.matting.key import ScreenKey
from cyclorama.matting.learned import MATTE_MODELS, MatteModel, licence_notice, open_learned, require_licence
from cyclorama.matting.refine import RefinedKey, analyse_matte
from cyclorama.matting.screen import ScreenModel

__all__ = [
    "MATTE_MODELS",
    "Alphas",
    "GivenKey",
    "KeptMattes",
    "MatteModel",
    "RefinedKey",
    "ScreenKey",
    "ScreenModel",
    "analyse_matte",
    "analyse_screen",
    "keep_mattes",
    "licence_notice",
    "open_learned",
    "require_licence",
]
