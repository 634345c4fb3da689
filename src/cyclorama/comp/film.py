"""The plate's lens and film laid on a frame's layers."""

from dataclasses import replace

from cyclorama.comp.grade import graded, through_glass
from cyclorama.comp.grain import grain_of
from cyclorama.comp.lens_blur import out_of_focus, softened
from cyclorama.comp.motion_blur import moved_blur
from cyclorama.comp.over import flatten
from cyclorama.comp.wrap import wrap_of
from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.film import Film
from cyclorama.core.layers import Layers


def with_film(layers: Layers, film: Film, path: CameraPath, index: int) -> Layers:
    """``layers`` of frame ``index`` of ``path`` with the place graded, out of focus, blurred by its motion and
    softened, and with wrap and grain. A part that is off leaves what it would change as it is."""
    place = layers.place
    if film.grade is not None:
        place = replace(place, color=graded(place.color, film.grade))
    if film.bokeh is not None:
        place = replace(place, color=out_of_focus(place, film.bokeh.far_px, film.bokeh.focus[index]))
    if film.shutter:
        place = replace(place, color=moved_blur(place, path, index, film.shutter))
    if film.soften_px:
        place = replace(place, color=softened(place.color, film.soften_px))
    layers = replace(layers, place=place)
    wrap = wrap_of(layers, film.wrap)
    grain = None if film.grain is None else grain_of(place.color, layers.joint.alpha, film.grain, index)
    return replace(layers, wrap=wrap, grain=grain)


def finished(layers: Layers, film: Film | None) -> Array:
    """The finished frame, h w 3 float32 scene-linear: the layers flattened, and the lens before them."""
    picture = flatten(layers)
    return picture if film is None or film.glass is None else through_glass(picture, film.glass)
