"""The slip of a shot over its frames, as one self-contained SVG."""

import html
import math

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove import SlipCheck

_WIDTH, _HEIGHT = 960, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 56, 40
_MEDIAN, _P95, _SHARED, _LIMIT = "#1f6fb2", "#d9822b", "#2f8f4e", "#b03030"
_MOST_TICKS = 6


def slip_svg(check: SlipCheck, title: str) -> str:
    """Median and 95 % of the slip of every step, what all points share of it, and the limit of a locked background."""
    shared = np.linalg.norm(check.step_px, axis=1)
    curves = ((check.p95_px, _P95, "95 %"), (check.median_px, _MEDIAN, "median"), (shared, _SHARED, "shared by all"))
    highest = max([2 * check.limit_px, *(float(c[0][np.isfinite(c[0])].max(initial=0)) for c in curves)])
    step = _tick(highest)
    top = step * math.ceil(highest / step)
    num = len(check.median_px)
    parts = [_grid(top, step, num), _line(np.full(num, check.limit_px), top, _LIMIT, 'stroke-dasharray="6 4"')]
    parts += [_line(values, top, colour) for values, colour, _ in curves]
    names = ((*c[1:],) for c in (*curves, (None, _LIMIT, f"limit {check.limit_px:.2g} px")))
    parts += [
        f'<text x="{_LEFT + 130 * i}" y="46" fill="{colour}">{name}</text>' for i, (colour, name) in enumerate(names)
    ]
    head = f'<text x="{_LEFT}" y="22" font-size="15">{html.escape(title)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="system-ui, sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#fff"/>{head}{"".join(parts)}</svg>\n'
    )


def _tick(highest: float) -> float:
    """A round step of 1, 2 or 5 with at most ``_MOST_TICKS`` of it up to ``highest``."""
    rough = highest / _MOST_TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    return next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough)


def _x(frame: float, num: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * frame / max(1, num - 1)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top


def _grid(top: float, step: float, num: int) -> str:
    parts = []
    for k in range(round(top / step) + 1):
        y = _y(k * step, top)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{k * step:.6g}</text>')
    every = max(1, round(_tick(max(1, num - 1))))
    for frame in range(0, num, every):
        parts.append(f'<text x="{_x(frame, num):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{frame}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">frame</text>')
    parts.append(f'<text x="6" y="{_TOP - 8}">px</text>')
    return "".join(parts)


def _line(values: Array, top: float, colour: str, extra: str = "") -> str:
    """A curve, broken where there is no value."""
    path, pen = [], "M"
    for frame, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            pen = "M"
            continue
        path.append(f"{pen}{_x(frame, len(values)):.1f} {_y(value, top):.1f}")
        pen = "L"
    return f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="2" stroke-linecap="round" {extra}/>'
