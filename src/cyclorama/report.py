"""What a run did: one JSON record and one self-contained page."""

import base64
import html
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2
import numpy as np

from cyclorama import __version__
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.display import code8_from_linear
from cyclorama.core.layers import Layers
from cyclorama.core.shot import Shot
from cyclorama.extremes import Extremes
from cyclorama.matchmove import Matchmove
from cyclorama.settings import Settings

_SHEET_FRAMES = 6
_THUMB_WIDTH = 320
LOW_COVERAGE = 0.98


class Stopwatch:
    """Wall seconds of every stage, in the order they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class Sheet:
    """Small pictures of some frames of the run, and how much of every frame the references showed."""

    def __init__(self, frames: range) -> None:
        spread = np.linspace(frames.start, frames.stop - 1, min(_SHEET_FRAMES, len(frames)))
        self._wanted = {int(i) for i in spread.round()}
        self.rows: dict[str, dict[int, Array]] = {"plate": {}, "matte": {}, "finished": {}}
        self.coverage: list[float] = []
        self.extremes = Extremes()

    def wants(self, frame: int) -> bool:
        """Whether this frame is shown."""
        return frame in self._wanted

    def add(self, frame: int, plate: Array | None, layers: Layers, picture: Array) -> None:
        """``plate``: the frame as shot, for a frame that is wanted."""
        self.coverage.append(float(layers.place.coverage[::4, ::4].mean()))
        alpha = layers.alpha
        self.extremes.add(frame, [a.alpha for a in layers.actors], alpha)
        if plate is not None:
            self.rows["plate"][frame] = code8_from_linear(_small(plate))
            matte = np.round(np.clip(_small(alpha), 0, 1) * 255).astype(np.uint8)
            self.rows["matte"][frame] = np.repeat(matte[..., None], 3, 2)
            self.rows["finished"][frame] = code8_from_linear(_small(picture))

    def picture(self) -> Array:
        """All rows under each other: h w 3 uint8, display-referred red green blue."""
        return np.concatenate([np.concatenate([row[f] for f in sorted(row)], 1) for row in self.rows.values()])

    def strip(self, row: str) -> Array:
        return np.concatenate([self.rows[row][f] for f in sorted(self.rows[row])], 1)


def _small(picture: Array) -> Array:
    width = min(_THUMB_WIDTH, picture.shape[1])
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Report:
    """The record of one run. ``facts`` is what the JSON holds."""

    facts: dict[str, Any]
    sheet: Sheet = field(repr=False)
    path: CameraPath = field(repr=False)

    @classmethod
    def of(
        cls,
        settings: Settings,
        shot: Shot,
        backdrop: Backdrop,
        matchmove: Matchmove,
        rest: tuple[Sheet, Stopwatch, tuple[str, ...]],
    ) -> "Report":
        sheet, watch, notes = rest
        covered = float(np.mean(sheet.coverage))
        warnings = sheet.extremes.warnings(given=bool(settings.key.matte))
        if covered < LOW_COVERAGE:
            warnings.append(
                f"{100 * (1 - covered):.1f} % of the picture was shown by no reference and is filled smoothly; give "
                "wider references, or more of them at other times"
            )
        facts = {
            "version": __version__,
            "status": "done",
            "output": str(settings.output),
            "settings": {k: _plain(v) for k, v in asdict(settings).items()},
            "frames": len(sheet.coverage),
            "size": [shot.plate.hw[1], shot.plate.hw[0]],
            "rate": str(shot.plate.rate),
            "camera": _camera_facts(matchmove),
            "place": {
                "kind": backdrop.kind,
                "reference_frames": [v.time for v in backdrop.views],
                "uncovered_percent": [round(100 * (1 - c), 2) for c in sheet.coverage],
            },
            "relight_gain": None if shot.lighting is None else list(shot.lighting.gain),
            "assumed": list(notes),
            "warnings": warnings,
            "seconds": {k: round(v, 3) for k, v in watch.seconds.items()},
        }
        return cls(facts, sheet, matchmove.path)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything a user should read: warnings, then what was assumed."""
        return (*self.facts["warnings"], *self.facts["assumed"])

    def json(self) -> str:
        return json.dumps(self.facts, indent=1)

    def html(self) -> str:
        facts = self.facts
        rows = "".join(f"<h2>{name}</h2>{_image(self.sheet.strip(name))}" for name in self.sheet.rows)
        remarks = "".join(f"<li>{html.escape(t)}</li>" for t in self.remarks) or "<li>nothing</li>"
        seconds = "".join(f"<tr><td>{k}<td>{v:.2f} s" for k, v in facts["seconds"].items())
        camera = "".join(f"<tr><td>{k}<td>{html.escape(str(v))}" for k, v in facts["camera"].items())
        title = html.escape(facts["output"])
        return _PAGE.format(
            title=title,
            rows=rows,
            remarks=remarks,
            seconds=seconds,
            camera=camera,
            plot=_plot(self.path),
            settings=html.escape(json.dumps(facts["settings"], indent=1)),
            frames=facts["frames"],
            size=facts["size"],
            rate=facts["rate"],
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _camera_facts(matchmove: Matchmove) -> dict[str, Any]:
    first = matchmove.path[0]
    facts: dict[str, Any] = {"source": matchmove.source, "focal_px": round(float(first.px_from_cam[0, 0]), 2)}
    if matchmove.solve is not None:
        solve = matchmove.solve
        facts |= {
            "model": solve.model,
            "error_median_px": round(solve.median_px, 3),
            "error_95_px": round(solve.p95_px, 3),
            "tracks": solve.num_tracks,
        }
    return facts


def _image(picture: Array) -> str:
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise ValueError("a contact sheet must encode as JPEG")
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" alt="">'


def _plot(path: CameraPath) -> str:
    """Position (x, y, z) and pan, tilt, roll against the frame, as one SVG."""
    first = path[0].camera_from_world
    centers = path.centers @ first[:3, :3].T + first[:3, 3]
    turns = np.stack([cv2.Rodrigues(first[:3, :3] @ c.world_from_camera[:3, :3])[0][:, 0] for c in path.cameras])
    left = _curves(centers, ("x", "y", "z"), "position (usual depth = 1)")
    right = _curves(np.degrees(turns[:, [1, 0, 2]]), ("pan", "tilt", "roll"), "degrees")
    return left + right


def _curves(values: Array, names: tuple[str, ...], unit: str) -> str:
    width, height, pad = 420, 200, 30
    low, high = float(values.min()), float(values.max())
    span = max(high - low, 1e-6)
    lines = []
    for column, (name, colour) in enumerate(zip(names, ("#c0392b", "#27ae60", "#2980b9"))):
        x = np.linspace(pad, width - pad, len(values))
        y = height - pad - (values[:, column] - low) / span * (height - 2 * pad)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>')
        lines.append(f'<text x="{pad + 60 * column}" y="14" fill="{colour}">{name}</text>')
    scale = f'<text x="2" y="{height - 4}">{unit}: {low:.4g} to {high:.4g}</text>'
    return f'<svg width="{width}" height="{height}" font-size="12" fill="#ccc">{"".join(lines)}{scale}</svg>'


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;background:#1b1b1d;color:#ddd;max-width:1960px;margin:2em auto}}
h1,h2{{font-weight:500}}img{{max-width:100%}}td{{padding:0 1.5em 0 0}}pre{{color:#999}}li{{max-width:70em}}</style>
<h1>{title}</h1><p>{frames} frames of {size[0]}x{size[1]} at {rate} frames per second</p>
<h2>To read</h2><ul>{remarks}</ul>{rows}
<h2>camera</h2><table>{camera}</table>{plot}
<h2>seconds</h2><table>{seconds}</table><h2>settings</h2><pre>{settings}</pre></html>
"""
