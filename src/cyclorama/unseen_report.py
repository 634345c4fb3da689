"""What no picture of the place shows, in words, as figures and as a plot."""

from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.scenery import SIDES, Unseen

MUCH_PERCENT = 3.0
"""Of a frame: more is worth a word."""
_WIDTH, _HEIGHT, _PAD = 860, 180, 34
_SIDE_WORDS = {"left": "on the left", "right": "on the right", "top": "above", "bottom": "below"}


def unseen_facts(unseen: Unseen) -> dict[str, Any]:
    """For the record: percent of every frame."""
    return {
        "outside_percent": [round(v, 2) for v in unseen.outside.tolist()],
        "hidden_percent": [round(v, 2) for v in unseen.hidden.tolist()],
    }


def unseen_warnings(unseen: Unseen) -> list[str]:
    """The frames that show much of what no picture shows, and the remedy."""
    return [
        *(_outside(unseen, run) for run in _runs(unseen.outside)),
        *(_hidden(unseen, run) for run in _runs(unseen.hidden)),
    ]


def _runs(percent: Array) -> list[slice]:
    """Where it is much, as one stretch each; the two worst."""
    much = np.concatenate([[False], percent > MUCH_PERCENT, [False]])
    ends = np.flatnonzero(much[1:] != much[:-1])
    runs = [slice(int(a), int(b)) for a, b in zip(ends[::2], ends[1::2])]
    worst = sorted(runs, key=lambda run: -float(percent[run].max()))[:2]
    return sorted(worst, key=lambda run: run.start)


def _outside(unseen: Unseen, run: slice) -> str:
    worst = run.start + int(unseen.outside[run].argmax())
    sides = unseen.sides[worst]
    missing = [_SIDE_WORDS[s] for s, v in zip(SIDES, sides.tolist()) if v > max(1.0, 0.3 * sides.max())]
    where = " and ".join(missing or [_SIDE_WORDS[SIDES[int(sides.argmax())]]])
    return (
        f"{_frames(unseen, run)} up to {unseen.outside[worst]:.0f} % that no picture shows, {where}; it is made up "
        f"from what is beside it; add a reference at @{unseen.frames[worst]}, or a wider picture"
    )


def _hidden(unseen: Unseen, run: slice) -> str:
    worst = run.start + int(unseen.hidden[run].argmax())
    return (
        f"{_frames(unseen, run)} up to {unseen.hidden[worst]:.0f} % that is behind nearer things in every picture; it "
        f"is made up from what is beside it; add a reference at @{unseen.frames[worst]}"
    )


def _frames(unseen: Unseen, run: slice) -> str:
    first, last = unseen.frames[run.start], unseen.frames[run.stop - 1]
    return f"frame {first} shows" if first == last else f"frames {first} to {last} show"


def unseen_plot(unseen: Unseen) -> str:
    """Both against the frame, as one SVG."""
    total = unseen.outside + unseen.hidden
    top, last = max(float(total.max()), 1.0), max(1, len(total) - 1)
    x = _PAD + (_WIDTH - 2 * _PAD) * np.arange(len(total)) / last
    floor = _HEIGHT - _PAD
    parts = []
    stacked = ((total, "#d9822b", "hidden"), (unseen.outside, "#2980b9", "outside"))
    for place, (values, colour, name) in enumerate(stacked):
        y = floor - (floor - _PAD) * values / top
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))
        parts.append(f'<polygon fill="{colour}" points="{x[0]:.1f},{floor} {points} {x[-1]:.1f},{floor}"/>')
        parts.append(f'<text x="{_PAD + 90 * place}" y="16" fill="{colour}">{name}</text>')
    parts.append(f'<path d="M{_PAD} {_PAD}V{floor}H{_WIDTH - _PAD}" fill="none" stroke="#888"/>')
    words = f"percent of the frame, 0 to {top:.3g}; frames {unseen.frames[0]} to {unseen.frames[-1]}"
    parts.append(f'<text x="{_PAD}" y="{_HEIGHT - 10}">{words}</text>')
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}" font-size="12" fill="#ccc">{"".join(parts)}</svg>'
