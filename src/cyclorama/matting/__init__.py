"""Clip to matte: takes the actor off a green or blue screen, or ordinary footage with a given or a learned matte."""

from cyclorama.matting.adjust import AdjustedKey, MatteControls
from cyclorama.matting.analyse import analyse_screen
from cyclorama.matting.carry import CarriedMattes, carry_masks
from cyclorama.matting.clean_plate import CleanPlate
from cyclorama.matting.frame import seen_screen
from cyclorama.matting.given import Alphas, GivenKey
from cyclorama.matting.kept import KeptMattes, keep_mattes
from cyclorama.matting.key import ScreenKey
from cyclorama.matting.layered import JointAlphas, LastFrame, SplitKey
from cyclorama.matting.learned import (
    MATTE_MODELS,
    MatteModel,
    licence_notice,
    open_learned,
    require_licence,
    require_masks,
)
from cyclorama.matting.masks import ClipMask, Mask, PolygonMask
from cyclorama.matting.refine import RefinedKey, analyse_matte
from cyclorama.matting.screen import Bars, ScreenModel

__all__ = [
    "MATTE_MODELS",
    "AdjustedKey",
    "Alphas",
    "Bars",
    "CarriedMattes",
    "CleanPlate",
    "ClipMask",
    "GivenKey",
    "JointAlphas",
    "KeptMattes",
    "LastFrame",
    "Mask",
    "MatteControls",
    "MatteModel",
    "PolygonMask",
    "RefinedKey",
    "ScreenKey",
    "ScreenModel",
    "SplitKey",
    "analyse_matte",
    "analyse_screen",
    "carry_masks",
    "keep_mattes",
    "licence_notice",
    "open_learned",
    "require_licence",
    "require_masks",
    "seen_screen",
]
