"""What a run did: one JSON record and one self-contained page."""

import base64
import html
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2

from cyclorama import __version__
from cyclorama.core.arrays import Array

SHEET_FRAMES = 6
"""Frames that contact sheets show, the first and the last among them."""
_THUMB_WIDTH = 320


class Stopwatch:
    """Wall seconds of every stage, in the order they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


def sheet_frames(frames: range) -> tuple[int, ...]:
    """The frames that contact sheets show."""
    count = min(SHEET_FRAMES, len(frames))
    return tuple(frames[round(i * (len(frames) - 1) / max(1, count - 1))] for i in range(count))


def small(picture: Array) -> Array:
    """A picture averaged down to the width of a contact sheet."""
    width = min(_THUMB_WIDTH, picture.shape[1])
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Report:
    """The record of one run. ``facts`` is what the JSON holds; ``rows``: the page's contact sheets, h w 3 uint8
    display-referred red green blue; ``more``: HTML that is put below them."""

    facts: dict[str, Any]
    rows: dict[str, Array] = field(repr=False)
    more: str = field(repr=False, default="")

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything a user should read: warnings, then what was assumed."""
        return (*self.facts["warnings"], *self.facts["assumed"])

    def json(self) -> str:
        return json.dumps(self.facts, indent=1)

    def html(self) -> str:
        facts = self.facts
        remarks = "".join(f"<li>{html.escape(t)}</li>" for t in self.remarks) or "<li>nothing</li>"
        return _PAGE.format(
            title=html.escape(facts["output"]),
            rows="".join(f"<h2>{name}</h2>{_image(row)}" for name, row in self.rows.items()),
            remarks=remarks,
            seconds=table({k: f"{v:.2f} s" for k, v in facts["seconds"].items()}),
            more=self.more,
            settings=html.escape(json.dumps(facts["settings"], indent=1)),
            frames=facts["frames"],
            size=facts["size"],
            rate=facts["rate"],
        )


def table(facts: dict[str, Any]) -> str:
    """HTML of names and values."""
    rows = (f"<tr><td>{html.escape(k)}<td>{html.escape(str(v))}" for k, v in facts.items())
    return f"<table>{''.join(rows)}</table>"


def record(
    settings: Any, own: dict[str, Any], assumed: Iterable[str], warnings: Iterable[str], watch: Stopwatch
) -> dict[str, Any]:
    """What the report of any finished job says, around its ``own``. ``settings``: a dataclass."""
    return {
        "version": __version__,
        "status": "done",
        "settings": {k: plain(v) for k, v in asdict(settings).items()},
        **own,
        "assumed": list(assumed),
        "warnings": list(warnings),
        "seconds": {k: round(v, 3) for k, v in watch.seconds.items()},
    }


def plain(value: Any) -> Any:
    """Settings as JSON can hold them."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _image(picture: Array) -> str:
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise ValueError("a contact sheet must encode as JPEG")
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" alt="">'


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;background:#1b1b1d;color:#ddd;max-width:1960px;margin:2em auto}}
h1,h2{{font-weight:500}}img{{max-width:100%}}td{{padding:0 1.5em 0 0}}pre{{color:#999}}li{{max-width:70em}}</style>
<h1>{title}</h1><p>{frames} frames of {size[0]}x{size[1]} at {rate} frames per second</p>
<h2>To read</h2><ul>{remarks}</ul>{rows}
{more}
<h2>seconds</h2>{seconds}<h2>settings</h2><pre>{settings}</pre></html>
"""
