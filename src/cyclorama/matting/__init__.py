"""Clip to matte: takes the actor off a green or blue screen, or off ordinary footage with a given or carried matte."""

from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.carry import CarriedMattes, carry_masks
from cyclorama.matting.given import Alphas, GivenKey
from cyclorama.matting.key import ScreenKey
from cyclorama.matting.screen import ScreenModel

__all__ = ["Alphas", "CarriedMattes", "GivenKey", "ScreenKey", "ScreenModel", "analyse_screen", "carry_masks"]
