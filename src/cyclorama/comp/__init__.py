"""Foreground and set frame to a finished picture: relight and over."""

from cyclorama.comp.over import flatten
from cyclorama.comp.relight import match_exposure

__all__ = ["flatten", "match_exposure"]
