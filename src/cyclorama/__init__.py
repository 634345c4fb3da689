"""Cinematic video background replacement: a plate and pictures of a place in, a finished shot out."""

__version__ = "0.1.0"
