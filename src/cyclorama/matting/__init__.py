"""Clip to matte: takes the actor off a green or blue screen, or off ordinary footage with a given matte."""

from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.given import Alphas, GivenKey
from cyclorama.matting.key import ScreenKey
from cyclorama.matting.refine import RefinedKey, analyse_matte
from cyclorama.matting.screen import ScreenModel

__all__ = ["Alphas", "GivenKey", "RefinedKey", "ScreenKey", "ScreenModel", "analyse_matte", "analyse_screen"]
