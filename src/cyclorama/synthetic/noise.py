"""Hashes, value noise and filtered pulses, as kernels.

Every function of a texture takes the footprint of the ray it is seen through and fades what is finer, so that pictures
do not alias. Lengths are metres on the surface unless said otherwise.
"""

from typing import Any

import numpy as np
from numba import njit

FAST = {"contract", "reassoc", "nsz", "arcp"}
"""Fast arithmetic that still keeps infinities and NaN."""


_FLAGS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "fastmath": FAST,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}
_compile: Any = njit  # whose stub lacks the two flags that leave wrappers out and save a third of the compile time


def kernel(function: Any) -> Any:
    """Compile a function that only other kernels call: kept on disk, free of the interpreter's lock."""
    return _compile(no_cpython_wrapper=True, **_FLAGS)(function)


def entry_kernel(function: Any) -> Any:
    """Compile a function that Python calls."""
    return _compile(**_FLAGS)(function)


@kernel
def hash01(x: int, y: int, seed: int) -> float:
    """A number in 0..1 for a lattice point."""
    h = (
        np.uint32(x) * np.uint32(0x9E3779B1)
        ^ np.uint32(y) * np.uint32(0x85EBCA77)
        ^ np.uint32(seed) * np.uint32(0xC2B2AE3D)
    )
    h = np.uint32(h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    h = np.uint32(h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39)
    h = np.uint32(h ^ (h >> np.uint32(15)))
    return float(h) / 4294967296.0


@kernel
def clamp01(x: float) -> float:
    return min(1.0, max(0.0, x))


@kernel
def smooth(low: float, high: float, x: float) -> float:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = clamp01((x - low) / (high - low))
    return t * t * (3.0 - 2.0 * t)


@kernel
def value_noise(u: float, v: float, seed: int) -> float:
    """Smooth noise in -1..1 with one lattice point per unit."""
    iu, iv = int(np.floor(u)), int(np.floor(v))
    a, b = u - iu, v - iv
    a, b = a * a * (3.0 - 2.0 * a), b * b * (3.0 - 2.0 * b)
    top = hash01(iu, iv, seed) * (1.0 - a) + hash01(iu + 1, iv, seed) * a
    low = hash01(iu, iv + 1, seed) * (1.0 - a) + hash01(iu + 1, iv + 1, seed) * a
    return 2.0 * (top * (1.0 - b) + low * b) - 1.0


@kernel
def fractal(u: float, v: float, frequency: float, footprint: float, seed: int) -> float:
    """Noise over up to nine octaves from ``frequency`` (lattice points per metre) up, about -1..1; octaves finer than
    ``footprint`` are faded out."""
    total, amplitude = 0.0, 0.5
    for octave in range(9):
        cell = footprint * frequency
        if cell >= 1.0:
            break
        weight = amplitude * min(1.0, 2.0 - 2.0 * cell)
        total += weight * value_noise(u * frequency + 17.3 * octave, v * frequency - 9.1 * octave, seed + octave)
        frequency *= 2.03
        amplitude *= 0.72
    return total


@kernel
def _pulse_integral(x: float, duty: float) -> float:
    whole = np.floor(x)
    return whole * duty + min(x - whole, duty)


@kernel
def pulse(x: float, duty: float, footprint: float) -> float:
    """How much of ``footprint`` around ``x`` lies where frac(x) < ``duty``, 0..1; all three in periods."""
    width = max(footprint, 1e-6)
    return (_pulse_integral(x + 0.5 * width, duty) - _pulse_integral(x - 0.5 * width, duty)) / width


@kernel
def band(x: float, low: float, high: float, footprint: float) -> float:
    """How much of ``footprint`` around ``x`` lies in ``low``..``high``, 0..1."""
    width = max(footprint, 1e-9)
    return max(0.0, min(x + 0.5 * width, high) - max(x - 0.5 * width, low)) / width
