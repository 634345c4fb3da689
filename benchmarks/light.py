"""The light alone: ``light.py FOLDER [--only CASE] [--depth] [--sheets DIR]``.

Stage cases: the true camera, the true actor (as shot, free of the screen's bounce) over the true place, so that only
the light on the actor counts. Ours reads the light from the backdrop that the references and the true camera give
(``--depth``: with their depth pictures) and adds the rim to the gain; the rivals match the actor's colours to the
place's. The row ``shadow`` lays the actor's shadow on the place, from the ground, the depth and the light that are
found, the row below it his mirror image, too; their figure is psnr_near.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

import light_rivals
from cases import cases_in, score_shot, table
from cyclorama.comp import (
    flatten,
    gain_field,
    mirror_field,
    read_gloss,
    read_key,
    read_place,
    relit,
    rim_field,
    shadow_field,
    spread,
    up_of,
    with_found,
)
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import CameraPath
from cyclorama.core.display import code8_from_linear, linear_from_code8
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import Relighting, studio
from cyclorama.core.mirroring import Mirroring
from cyclorama.core.reference import Reference
from cyclorama.core.shadowing import Shadowing
from cyclorama.footing import footing_on
from cyclorama.lightjob import place_moments
from cyclorama.matchmove import Figures, read_camera, triangulate_references
from cyclorama.scenery import USUAL_DISTANCE_M, build_backdrop, draw, find_plane, shown_plane
from cyclorama.shadowjob import bare_moments

FIGURES = ("psnr_actor", "psnr_edge", "psnr_near", "mse", "flicker")


@dataclass(frozen=True)
class Case:
    """A case in memory: ``actors`` straight scene-linear and alpha; ``places`` t h w 3 scene-linear."""

    folder: Path
    path: CameraPath
    actors: list[Array]
    alphas: list[Array]
    places: list[Array]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--depth", action="store_true", help="give the references' depth pictures")
    parser.add_argument("--rows", default="", help="rivals whose name begins with this, beside our own rows")
    parser.add_argument("--sheets", type=Path, help="write the middle frame of every row here")
    words = parser.parse_args()
    scores: dict[str, dict[str, dict[str, object]]] = {}
    for folder in cases_in(words.folder):
        if words.only in folder.name:
            case = load(folder)
            for name, actors, places in rows(case, words.depth, words.rows):
                shown = replace(case, actors=actors, places=places)
                scores.setdefault(name, {})[folder.name] = scored(shown, words.sheets, name)
    for name, found in scores.items():
        print(f"\n{name}\n\n{table(found, FIGURES)}", flush=True)
    _gains(scores)


def _gains(scores: dict[str, dict[str, dict[str, object]]]) -> None:
    base = scores.pop("none")
    cast = {name: scores.pop(name) for name in ("shadow", "shadow and mirror")}
    _above("psnr_actor", base, scores)
    _above("psnr_near", base, cast)


def _above(figure: str, base: dict[str, dict[str, object]], scores: dict[str, dict[str, dict[str, object]]]) -> None:
    print(f"\n{figure} above the actor as shot, without a shadow\n")
    gains = {c: {n: float(s[c][figure]) - float(base[c][figure]) for n, s in scores.items()} for c in base}  # type: ignore[arg-type]
    print(table(gains, tuple(scores)))


def load(folder: Path) -> Case:
    files = sorted((folder / "actor").glob("*.png"))
    pictures = [cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in files]
    actors = [linear_from_code8(np.ascontiguousarray(p[..., 2::-1])) for p in pictures]
    alphas = [p[..., 3].astype(np.float32) / 255 for p in pictures]
    path = read_camera(folder / "camera.json", hw=alphas[0].shape, num_frames=len(files))
    return Case(folder, path, actors, alphas, _frames(folder))


def _frames(folder: Path) -> list[Array]:
    video = folder / "place.mp4"
    if video.exists():
        with av.open(str(video)) as container:
            return [linear_from_code8(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    files = sorted((folder / "place").glob("*.png"))
    return [linear_from_code8(np.ascontiguousarray(cv2.imread(str(f))[..., ::-1])) for f in files]


def rows(case: Case, with_depth: bool, only: str) -> Iterator[tuple[str, list[Array], list[Array]]]:
    """The name, the actors and the places of every row."""
    yield "none", case.actors, case.places
    begin = time.process_time()
    backdrop = backdrop_of(case, with_depth)
    moments = place_moments(backdrop, case.path, lambda i: case.alphas[i])
    relighting = Relighting(studio(up_of(moments)), read_place(moments), 1.0)
    print(f"{case.folder.name}: {relighting.place.exposure:+.2f} stops, white {relighting.place.white}, "
          f"{time.process_time() - begin:.1f} CPU-s", flush=True)  # fmt: skip
    cast = _cast(case, backdrop, relighting)
    yield "shadow", case.actors, _behind(case, backdrop, replace(cast, mirror=None))
    yield "shadow and mirror", case.actors, _behind(case, backdrop, cast)
    relit_actors = [_relit(c, a, case.path, i, relighting) for i, (c, a) in enumerate(zip(case.actors, case.alphas))]
    yield "gain alone", relit_actors, case.places
    drawn = [draw(backdrop, camera, float(i)).color for i, camera in enumerate(case.path)]
    rims = [spread(rim_field(a, d, relighting.strength), a.shape) for a, d in zip(case.alphas, drawn)]
    yield "ours", [c + r for c, r in zip(relit_actors, rims)], case.places
    matches: dict[str, Callable[..., list[Array]]] = {
        "single gain": light_rivals.exposure_match,
        "mean and deviation": light_rivals.mean_and_deviation,
        "histogram": light_rivals.histogram,
        "PCA": light_rivals.principal_axes,
    }
    for name, match in (m for m in matches.items() if m[0].startswith(only)):
        yield name, match(case.actors, case.alphas, case.places), case.places


def _relit(color, alpha, path, index, relighting) -> Array:  # type: ignore[no-untyped-def]
    foreground = Foreground(color * alpha[..., None], alpha)
    return relit(Foreground(color, np.ones_like(alpha)), gain_field(foreground, path[index], relighting))


@dataclass(frozen=True)
class Cast:
    """What the actor casts on the place."""

    shadow: Shadowing | None
    mirror: Mirroring | None


def _cast(case: Case, backdrop: Backdrop, relighting: Relighting) -> Cast:
    figures = Figures(lambda i, _: case.alphas[i], case.path.hw, len(case.path))
    for index, alpha in enumerate(case.alphas):
        figures(index, alpha)
    views = backdrop.views
    ground = backdrop.ground or find_plane(views) or shown_plane(views[len(views) // 2], USUAL_DISTANCE_M)
    footing = None if ground is None else footing_on(ground, case.path, figures)
    if ground is None or footing is None:
        print(f"{case.folder.name}: the feet on the ground are not seen, no shadow")
        return Cast(None, None)
    bare = bare_moments(backdrop, case.path)
    found = read_key(bare, footing.standing)
    place = relighting.place if found is None else with_found(relighting.place, found, ground.normal)
    print(f"{case.folder.name}: the key of the shadows: {found}")
    shadow = Shadowing(footing.standing, place, footing.seen, 0.0, 1.0)
    gloss = read_gloss(bare, ground)
    print(f"{case.folder.name}: {'a matte ground' if gloss is None else gloss[0]}")
    return Cast(shadow, None if gloss is None else Mirroring(footing.standing, footing.seen, *gloss, 1.0))


def _behind(case: Case, backdrop: Backdrop, cast: Cast) -> list[Array]:
    """The places with what the actor casts on them."""
    if cast.shadow is None:
        return case.places
    shown = []
    for index, (color, alpha, place) in enumerate(zip(case.actors, case.alphas, case.places)):
        camera = case.path[index]
        drawn = draw(backdrop, camera, float(index))
        layers = Layers(drawn, (Foreground(color * alpha[..., None], alpha),))
        shadow = shadow_field(alpha, drawn, camera, index, cast.shadow)
        mirror = None if cast.mirror is None else mirror_field(layers, camera, index, cast.mirror)
        true = replace(drawn, color=place)
        shown.append(flatten(Layers(true, (), shadow=shadow, reflection=mirror)))
    return shown


def backdrop_of(case: Case, with_depth: bool) -> Backdrop:
    times = json.loads((case.folder / "meta.json").read_text())["references"]
    references = []
    for name, frame in times.items():
        picture = cv2.imread(str(next((case.folder / "refs").glob(name + ".*"))))[..., ::-1]
        references.append(Reference(linear_from_code8(np.ascontiguousarray(picture)), frame, name))
    if with_depth:
        views = []
        for r in references:
            depth = np.load(case.folder / "depth" / f"{r.name}.npy").astype(np.float32)
            inverse = np.where(depth < 1e3, 1 / depth, 0).astype(np.float32)
            views.append(View(r.image, inverse, case.path[r.frame], float(r.frame)))
        return Backdrop("layers", tuple(views))
    shared = triangulate_references(tuple(references), case.path)
    return build_backdrop(tuple(references), case.path, shared.depths)


def scored(case: Case, sheets: Path | None, name: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as scratch:
        for index, (color, alpha, place) in enumerate(zip(case.actors, case.alphas, case.places)):
            shown = np.clip(color, 0, 1) * alpha[..., None] + place * (1 - alpha[..., None])
            codes = code8_from_linear(shown)[..., ::-1]
            cv2.imwrite(f"{scratch}/{index:04d}.png", codes)
            if sheets and index == len(case.actors) // 2:
                sheets.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(sheets / f"{case.folder.name}_{name.replace(' ', '_')}.png"), codes)
        return score_shot(case.folder, [scratch])


if __name__ == "__main__":
    main()
