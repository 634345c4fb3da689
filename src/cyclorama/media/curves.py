"""Transfer curves and primaries by name: display, HDR and camera log, from their makers' published formulas.

Sources: ITU-R BT.2100 (PQ, HLG); Sony, Technical Summary for S-Gamut3.Cine/S-Log3; ARRI, ALEXA Log C Curve, Usage in
VFX (EI 800) and ARRI LogC4 Specification; Panasonic, V-Log/V-Gamut Reference Manual; Canon, Canon Log Gamma Curves
(2020); RED, White Paper on REDWideGamutRGB and Log3G10. Linear 0.18 is a grey card, 1.0 diffuse white.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_display

HDR_WHITE_NITS = 203.0
"""The luminance of diffuse white in HDR (ITU-R BT.2408)."""
_D65 = (0.3127, 0.3290)
_ACES_WHITE = (0.32168, 0.33767)
_SAME = 1e-3
"""Files round x and y by less."""
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_REC709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_REC2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_S_GAMUT3 = ((0.730, 0.280), (0.140, 0.855), (0.100, -0.050))
_S_GAMUT3_CINE = ((0.766, 0.275), (0.225, 0.800), (0.089, -0.087))
_ALEXA_WIDE = ((0.6840, 0.3130), (0.2210, 0.8480), (0.0861, -0.1020))
_ARRI_WIDE4 = ((0.7347, 0.2653), (0.1424, 0.8576), (0.0991, -0.0308))
_V_GAMUT = ((0.730, 0.280), (0.165, 0.840), (0.100, -0.030))
_CINEMA = ((0.740, 0.270), (0.170, 1.140), (0.080, -0.100))
_RED_WIDE = ((0.780308, 0.304253), (0.121595, 1.493994), (0.095612, -0.084589))
_AP1 = ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044))
Primaries = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
Function = Callable[[Array], Array]


def xyz_from_rgb(primaries: Primaries, white: tuple[float, float] = _D65) -> Array:
    """(3, 3): CIE XYZ from linear light of primaries and a white, each x, y."""
    columns = np.array([_xyz(point) for point in primaries]).T
    return columns * np.linalg.solve(columns, _xyz(white))


def _xyz(point: tuple[float, float]) -> Array:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def rec709_from(primaries: Primaries, white: tuple[float, float] = _D65) -> Array | None:
    """(3, 3) float32: linear Rec.709 from linear light of ``primaries``, another white adapted to D65 (Bradford); None
    when they are those of Rec.709."""
    if np.abs(np.subtract((*primaries, white), (*_REC709, _D65))).max() < _SAME:
        return None
    cones = _BRADFORD @ np.stack([_xyz(_D65), _xyz(white)], 1)
    adapted = np.linalg.solve(_BRADFORD, np.diag(cones[:, 0] / cones[:, 1]) @ _BRADFORD)
    return np.linalg.solve(xyz_from_rgb(_REC709), adapted @ xyz_from_rgb(primaries, white)).astype(np.float32)


@dataclass(frozen=True)
class Colour:
    """A way to code scene-linear light. ``top``: the brightest linear value that it holds. ``in_codes``: the formula's
    0..1 is the 10-bit code over 1023, as recorded in video range, not black to white. ``tags``: primaries, transfer and
    matrix by H.273, 2 where it has no number. ``matrix`` (3, 3): to linear Rec.709, in place of primaries and white."""

    words: str
    linear: Function
    signal: Function
    primaries: Primaries = _REC709
    tags: tuple[int, int, int] = (2, 2, 1)
    top: float = 1.0
    in_codes: bool = False
    white: tuple[float, float] = _D65
    matrix: tuple[tuple[float, ...], ...] | None = None

    @property
    def to_rec709(self) -> Array | None:
        """(3, 3) float32: linear Rec.709 from its own primaries; None where they are those."""
        return rec709_from(self.primaries, self.white) if self.matrix is None else np.array(self.matrix, np.float32)

    def linear_curve(self, *, full_range: bool) -> Function:
        """Linear of a signal that is 0 at black and 1 at white of the range it is stored in."""
        if full_range or not self.in_codes:
            return self.linear
        return lambda signal: self.linear((np.asarray(signal, np.float64) * 876 + 64) / 1023)

    def signal_curve(self) -> tuple[Function, float, tuple[float, float]]:
        """The inverse for video range, the brightest linear value, and the least and the largest signal."""
        if not self.in_codes:
            return self.signal, self.top, (0.0, 1.0)
        limits = (4 - 64) / 876, (1019 - 64) / 876  # the codes between those that SDI keeps for itself
        return lambda linear: (self.signal(linear) * 1023 - 64) / 876, self.top, limits


def linear_from_pq(signal: Array) -> Array:
    """SMPTE ST 2084, with 203 cd/m2 as 1."""
    root = np.clip(signal, 0, 1) ** (1 / _PQ_M2)
    return (np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1) * (10000 / HDR_WHITE_NITS)


def _pq_from_linear(linear: Array) -> Array:
    power = np.clip(linear * (HDR_WHITE_NITS / 10000), 0, 1) ** _PQ_M1
    return ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2


_PQ_M1, _PQ_M2, _PQ_C1, _PQ_C2, _PQ_C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_WHITE = float((np.exp((0.75 - _HLG_C) / _HLG_A) + _HLG_B) / 12)  # scene light of the reference white signal


def linear_from_hlg(signal: Array) -> Array:
    """ARIB STD-B67, scene light, with the reference white signal 0.75 as 1."""
    value = np.asarray(signal, np.float64)
    high = (np.exp((np.maximum(value, 0.5) - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return np.where(value <= 0.5, value * np.abs(value) / 3, high) / _HLG_WHITE


def _hlg_from_linear(linear: Array) -> Array:
    light = np.maximum(np.asarray(linear, np.float64) * _HLG_WHITE, 0)
    high = _HLG_A * np.log(np.maximum(12 * light - _HLG_B, 1e-9)) + _HLG_C
    return np.where(light <= 1 / 12, np.sqrt(3 * light), high)


def _gamma(exponent: float) -> tuple[Function, Function]:
    return (
        lambda signal: np.sign(signal) * np.abs(signal) ** exponent,
        lambda linear: np.sign(linear) * np.abs(linear) ** (1 / exponent),
    )


def _bt709_camera() -> tuple[Function, Function]:
    def linear(signal: Array) -> Array:
        a = np.abs(signal)
        return np.sign(signal) * np.where(a < 0.081, a / 4.5, ((a + 0.099) / 1.099) ** (1 / 0.45))

    def signal(value: Array) -> Array:
        a = np.abs(value)
        return np.sign(value) * np.where(a < 0.018, a * 4.5, 1.099 * a**0.45 - 0.099)

    return linear, signal


def _toe_log(
    base: float, gain: float, offset: float, scale: float, shift: float, toe: tuple[float, float, float]
) -> tuple[Function, Function]:
    """``signal = scale log_base(gain x + offset) + shift`` from the linear value ``toe[0]`` on, and ``toe[1] x +
    toe[2]`` below."""
    cut, slope, rise = toe
    log_base = np.log(base)

    def signal(linear: Array) -> Array:
        value = np.asarray(linear, np.float64)
        curved = scale * np.log(np.maximum(gain * value + offset, 1e-12)) / log_base + shift
        return np.where(value >= cut, curved, slope * value + rise)

    def linear(signal: Array) -> Array:
        value = np.asarray(signal, np.float64)
        curved = (base ** ((value - shift) / scale) - offset) / gain
        return np.where(value >= slope * cut + rise, curved, (value - rise) / slope)

    return linear, signal


def _slog3() -> tuple[Function, Function]:
    knee = 171.2102946929
    slope = (knee - 95) / 0.01125 / 1023
    return _toe_log(10, 1 / 0.19, 0.01 / 0.19, 261.5 / 1023, 420 / 1023, (0.01125, slope, 95 / 1023))


def _logc4() -> tuple[Function, Function]:
    a, b, c = (2**18 - 16) / 117.45, (1023 - 95) / 1023, 95 / 1023
    s = 7 * np.log(2) * 2 ** (7 - 14 * c / b) / (a * b)
    t = (2 ** (14 * (-c / b) + 6) - 64) / a
    return _toe_log(2, a, 64.0, b / 14, c - 6 * b / 14, (t, 1 / s, -t / s))


def _clog3() -> tuple[Function, Function]:
    """Canon's own linear is 1 at 90 % reflectance."""
    gain, scale, low, high, slope, rise, knee = (
        14.98325,
        0.36726845,
        0.12783901,
        0.12240537,
        1.9754798,
        0.12512219,
        0.014,
    )

    def linear(signal: Array) -> Array:
        value = np.asarray(signal, np.float64)
        below = -(10 ** ((low - np.minimum(value, low)) / scale) - 1) / gain
        above = (10 ** ((np.maximum(value, high) - high) / scale) - 1) / gain
        middle = (value - rise) / slope
        return 0.9 * np.where(value < 0.097465473, below, np.where(value <= 0.15277891, middle, above))

    def signal(linear: Array) -> Array:
        value = np.asarray(linear, np.float64) / 0.9
        below = low - scale * np.log10(1 + gain * np.maximum(-value, 0))
        above = high + scale * np.log10(1 + gain * np.maximum(value, 0))
        return np.where(value < -knee, below, np.where(value <= knee, slope * value + rise, above))

    return linear, signal


DISPLAY = Colour("display-referred (sRGB curve)", linear_from_display, display_from_linear, _REC709, (1, 13, 1))
PQ = Colour("HDR (PQ, BT.2020)", linear_from_pq, _pq_from_linear, _REC2020, (9, 16, 9), 10000 / HDR_WHITE_NITS)
HLG = Colour("HDR (HLG, BT.2020)", linear_from_hlg, _hlg_from_linear, _REC2020, (9, 18, 9), 1 / _HLG_WHITE)
_LINEAR: tuple[Function, Function] = (lambda value: value, lambda value: value)

COLOURS: dict[str, Colour] = {
    "srgb": DISPLAY,
    "bt1886": Colour("BT.1886 (a power of 2.4)", *_gamma(2.4), tags=(1, 1, 1)),
    "bt709-camera": Colour("scene-referred BT.709 (a camera's curve)", *_bt709_camera(), tags=(1, 1, 1)),
    "linear": Colour("scene-linear Rec.709", *_LINEAR, tags=(1, 8, 1)),
    "acescg": Colour("scene-linear ACEScg", *_LINEAR, _AP1, top=1.0, white=_ACES_WHITE),
    "pq": PQ,
    "hlg": HLG,
    "slog3": Colour("S-Log3, S-Gamut3.Cine", *_slog3(), _S_GAMUT3_CINE, top=40.0, in_codes=True),
    "slog3-sgamut3": Colour("S-Log3, S-Gamut3", *_slog3(), _S_GAMUT3, top=40.0, in_codes=True),
    "logc3": Colour(
        "ARRI LogC3 (EI 800), ALEXA Wide Gamut 3",
        *_toe_log(10, 5.555556, 0.052272, 0.247190, 0.385537, (0.010591, 5.367655, 0.092809)),
        _ALEXA_WIDE,
        top=56.0,
    ),
    "logc4": Colour("ARRI LogC4, ARRI Wide Gamut 4", *_logc4(), _ARRI_WIDE4, top=470.0),
    "vlog": Colour(
        "V-Log, V-Gamut",
        *_toe_log(10, 1.0, 0.00873, 0.241514, 0.598206, (0.01, 5.6, 0.125)),
        _V_GAMUT,
        top=47.0,
        in_codes=True,
    ),
    "clog3": Colour("Canon Log 3, Cinema Gamut", *_clog3(), _CINEMA, top=15.0, in_codes=True),
    "log3g10": Colour(
        "RED Log3G10, REDWideGamutRGB",
        *_toe_log(10, 155.975327, 2.55975327, 0.224282, 0.0, (-0.01, 15.1927, 0.151927)),
        _RED_WIDE,
        top=185.0,
    ),
}
"""What ``--plate-color`` and ``--output-color`` may say."""


def linear_of_codes(codes: Array, colour: Colour) -> Array:
    """Scene-linear Rec.709 of full-range RGB codes, h w 3 uint8 or uint16."""
    signal = np.arange(np.iinfo(codes.dtype).max + 1) / np.iinfo(codes.dtype).max
    linear = np.asarray(colour.linear_curve(full_range=True)(signal), np.float32)[codes]
    matrix = colour.to_rec709
    return linear if matrix is None else cv2.transform(linear, matrix)


TAGGED_PRIMARIES: dict[int, tuple[str, Primaries]] = {9: ("BT.2020", _REC2020), 12: ("Display P3", _P3)}
"""Primaries by their number in H.273, besides those of Rec.709."""
TAGGED_TRANSFERS: dict[int, tuple[str, Function]] = {
    4: ("its transfer is a pure power of 2.2, by its tag", _gamma(2.2)[0]),
    5: ("its transfer is a pure power of 2.8, by its tag", _gamma(2.8)[0]),
    8: ("it is scene-linear, by its tag", _LINEAR[0]),
    16: ("it is HDR (PQ), by its tag: 203 cd/m2 becomes 1.0", linear_from_pq),
    18: ("it is HDR (HLG), by its tag: signal 75 % becomes 1.0", linear_from_hlg),
}
"""Transfers by their number in H.273, besides those that are display-referred."""
TAGGED_HDR: dict[int, Colour] = {16: PQ, 18: HLG}
