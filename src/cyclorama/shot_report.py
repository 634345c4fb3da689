"""The report of a finished shot: how much the references showed, the camera, the contact sheets."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.display import code8_from_linear
from cyclorama.core.layers import Layers
from cyclorama.core.lighting import Relighting
from cyclorama.core.mirroring import Mirroring
from cyclorama.core.shadowing import Shadowing
from cyclorama.core.shot import Shot
from cyclorama.job import Job, JobSettings
from cyclorama.matchmove import Matchmove
from cyclorama.report import Report, sheet_frames, small, table
from cyclorama.scenery import Unseen
from cyclorama.standing import Stood
from cyclorama.unseen_report import unseen_facts, unseen_plot, unseen_warnings


class Sheet:
    """Small pictures of some frames of the run, and how much of every frame the references showed."""

    def __init__(self, frames: range, unseen: Unseen | None) -> None:
        """``unseen``: what no picture shows of these frames, as measured before; None where that is not known."""
        self.unseen = unseen
        self._wanted = sheet_frames(frames)
        self.rows: dict[str, dict[int, Array]] = {"plate": {}, "matte": {}, "finished": {}}
        self._coverage: dict[int, float] = {}
        self.hidden: dict[int, float] = {}

    def wants(self, frame: int) -> bool:
        """Whether this frame is shown."""
        return frame in self._wanted

    def add(self, frame: int, plate: Array | None, layers: Layers, picture: Array) -> None:
        """``plate``: the frame as shot, for a frame that is wanted."""
        self._coverage[frame] = float(layers.place.coverage[::4, ::4].mean())
        if layers.cover is not None:
            self.hidden[frame] = float(layers.cover.mean())
        if plate is not None:
            self.rows["plate"][frame] = code8_from_linear(small(plate))
            matte = np.round(np.clip(small(layers.joint.alpha), 0, 1) * 255).astype(np.uint8)
            self.rows["matte"][frame] = np.repeat(matte[..., None], 3, 2)
            self.rows["finished"][frame] = code8_from_linear(small(picture))

    @property
    def coverage(self) -> list[float]:
        return [self._coverage[frame] for frame in sorted(self._coverage)]

    def told(self, frames: range) -> dict[str, Array]:
        found = {"coverage": np.array([self._coverage[f] for f in frames])}
        found["hidden"] = np.array([self.hidden.get(f, np.nan) for f in frames])
        return found | {f"{name}/{f}": row[f] for name, row in self.rows.items() for f in frames if f in row}

    def recall(self, frames: range, told: Mapping[str, Array]) -> None:
        self._coverage |= zip(frames, told["coverage"].tolist())
        self.hidden |= {f: share for f, share in zip(frames, told["hidden"].tolist()) if not np.isnan(share)}
        for name, row in self.rows.items():
            row |= {f: told[f"{name}/{f}"] for f in frames if f"{name}/{f}" in told}

    def strips(self) -> dict[str, Array]:
        """Every row as one picture: h w 3 uint8, display-referred red green blue."""
        return {name: np.concatenate([row[f] for f in sorted(row)], 1) for name, row in self.rows.items()}


def shot_report(
    settings: JobSettings, job: Job, shot: Shot, stood: Stood, matchmove: Matchmove, sheet: Sheet
) -> Report:
    warnings: list[str] = []
    if sheet.hidden:
        warnings.append(
            f"things of the place hide parts of the actor in {len(sheet.hidden)} frames, as their depth says; look "
            "at them, --no-occlude keeps him in front"
        )
    camera = camera_facts(matchmove)
    own = {
        "camera": camera,
        "place": {
            "kind": stood.backdrop.kind,
            "reference_frames": list(stood.backdrop.frames),
            "uncovered_percent": [round(100 * (1 - c), 2) for c in sheet.coverage],
            **({} if sheet.unseen is None else unseen_facts(sheet.unseen)),
        },
        "actor": stood.facts | {"hidden_percent": {str(f): round(100 * c, 2) for f, c in sheet.hidden.items()}},
        "light": light_of(shot),
        "shadow": None if shot.shadowing is None else shadow_facts(shot.shadowing),
        "reflection": None if shot.mirroring is None else mirror_facts(shot.mirroring),
    }
    more = f"<h2>camera</h2>{table(camera)}{path_plot(matchmove.path)}"
    if sheet.unseen is not None:
        more += f"<h2>what no picture shows</h2>{unseen_plot(sheet.unseen)}"
        warnings += unseen_warnings(sheet.unseen)
    return Report(job.facts(settings, own, warnings), sheet.strips(), more)


def light_of(shot: Shot) -> dict[str, Any] | None:
    """What is laid on the actor, for a report; None where he keeps his light."""
    if shot.relit is not None:
        return {"strength": shot.relit.strength, "from": "a relit clip"}
    return None if shot.relighting is None else light_facts(shot.relighting)


def light_facts(relighting: Relighting) -> dict[str, Any]:
    """The place's light against the stage's, in figures and words, for a report."""
    place, stage = relighting.place, relighting.stage
    return {
        "strength": relighting.strength,
        "stops": round(place.exposure - stage.exposure, 2),
        "course": np.ptp(relighting.course, 0).round(2).tolist() if relighting.course else None,
        "white": [round(w, 3) for w in place.white],
        "key": None if place.key is None else [round(x, 2) for x in place.key.direction],
        "belief": round(place.confidence, 2),
        "from": place.source,
    }


def shadow_facts(shadowing: Shadowing) -> dict[str, Any]:
    """What the actor's shadow was made from, for a report."""
    key = shadowing.place.key
    return {
        "strength": shadowing.strength,
        "cast": key is not None,
        "softness": None if key is None else round(key.softness, 2),
        "frames_without": int((shadowing.seen == 0).sum()),
    }


def mirror_facts(mirroring: Mirroring) -> dict[str, Any]:
    """What the actor's mirror image in the ground was made from, for a report."""
    gloss = mirroring.gloss
    return {
        "strength": mirroring.strength,
        "roughness": gloss.roughness,
        "reflectance": round(gloss.reflectance, 2),
        "evidence": round(gloss.evidence, 2),
    }


def camera_facts(matchmove: Matchmove) -> dict[str, Any]:
    """The camera in words and figures, in pixels of the plate, for a report."""
    first = matchmove.path[0]
    facts: dict[str, Any] = {"source": matchmove.source, "focal_px": round(float(first.px_from_cam[0, 0]), 2)}
    if not first.lens.is_straight:
        facts |= {"k1": round(first.lens.k1, 6), "k2": round(first.lens.k2, 6)}
    if matchmove.actor is not None:
        guess = matchmove.actor
        facts |= {"actor_tells": f"{guess.kind} {guess.direction}".strip(), "belief": round(guess.confidence, 2)}
    if matchmove.solve is not None:
        solve = matchmove.solve
        scale = matchmove.path.hw[1] / solve.path.hw[1]
        facts |= {
            "model": solve.model,
            "error_median_px": round(solve.median_px * scale, 3),
            "error_95_px": round(solve.p95_px * scale, 3),
            "tracks": solve.num_tracks,
            "focal_measured": solve.measured_focal,
        }
        if solve.readout is not None:
            facts["rolling_shutter"] = round(solve.readout.share, 3)
    return facts


def path_plot(path: CameraPath) -> str:
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
