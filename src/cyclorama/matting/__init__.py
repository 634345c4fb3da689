"""Clip to matte: takes the actor off a green or blue screen, or off ordinary footage with a given matte."""

from cyclorama.matting.adjust import AdjustedKey, MatteControls
from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.given import Alphas, GivenKey
from cyclorama.matting.key import ScreenKey
from cyclorama.matting.layered import JointAlphas, LastFrame, SplitKey
from cyclorama.matting.masks import ClipMask, Mask, PolygonMask
from cyclorama.matting.screen import ScreenModel

__all__ = [
    "AdjustedKey",
    "Alphas",
    "ClipMask",
    "GivenKey",
    "JointAlphas",
    "LastFrame",
    "Mask",
    "MatteControls",
    "PolygonMask",
    "ScreenKey",
    "ScreenModel",
    "SplitKey",
    "analyse_screen",
]
