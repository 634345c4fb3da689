"""The errors of a solve over its frames, as one SVG."""

from typing import Any

_WIDTH, _HEIGHT, _PAD = 860, 220, 34
_CURVES = (("p95_px", "#d9822b", "95 %"), ("median_px", "#2980b9", "median"))


def errors_svg(per_frame: list[dict[str, Any]]) -> str:
    """``per_frame``: ``median_px``, ``p95_px`` (None where there is none) and ``tracks`` of every frame."""
    known = [row[name] for row in per_frame for name, _, _ in _CURVES if row[name] is not None]
    if not known:
        return "<p>no tracks were solved</p>"
    top, last = max([*known, 0.1]), max(1, len(per_frame) - 1)
    parts = []
    for place, (name, colour, words) in enumerate(_CURVES):
        pen, path = "M", []
        for index, row in enumerate(per_frame):
            if row[name] is None:
                pen = "M"
                continue
            x = _PAD + (_WIDTH - 2 * _PAD) * index / last
            path.append(f"{pen}{x:.1f} {_HEIGHT - _PAD - (_HEIGHT - 2 * _PAD) * row[name] / top:.1f}")
            pen = "L"
        parts.append(f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{_PAD + 90 * place}" y="16" fill="{colour}">{words}</text>')
    floor = _HEIGHT - _PAD
    parts.append(f'<path d="M{_PAD} {_PAD}V{floor}H{_WIDTH - _PAD}" fill="none" stroke="#888"/>')
    fewest = min(row["tracks"] for row in per_frame)
    words = f"pixels of the plate, 0 to {top:.2g}; frames 0 to {len(per_frame) - 1}; fewest tracks in a frame: {fewest}"
    parts.append(f'<text x="{_PAD}" y="{_HEIGHT - 10}">{words}</text>')
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}" font-size="12" fill="#ccc">{"".join(parts)}</svg>'
