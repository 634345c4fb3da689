"""Checks that every noun runs once, when it is made."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def readonly(array: Array) -> Array:
    """The same memory, not writable through this view."""
    view = array.view()
    view.flags.writeable = False
    return view


def shape_words(array: Array) -> str:
    return " x ".join(str(n) for n in array.shape) + f" {array.dtype}"


def require_picture(name: str, array: Array, channels: int = 3) -> None:
    """A picture is ``h w channels`` float32."""
    if array.ndim != 3 or array.shape[2] != channels or array.dtype != np.float32:
        raise ValueError(f"{name} must be h w {channels} float32, got {shape_words(array)}")


def require_plane(name: str, array: Array, hw: tuple[int, int] | None = None) -> None:
    """A plane is ``h w`` float32."""
    if array.ndim != 2 or array.dtype != np.float32 or (hw is not None and array.shape != hw):
        wanted = "h w" if hw is None else f"{hw[0]} x {hw[1]}"
        raise ValueError(f"{name} must be {wanted} float32, got {shape_words(array)}")
