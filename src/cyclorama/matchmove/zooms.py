"""Pictures taken with another focal length than the plate's, told by what they share along a known path."""

from collections.abc import Sequence

import numpy as np

from cyclorama.core.camera import CameraPath
from cyclorama.matchmove.match import MIN_MATCHES
from cyclorama.matchmove.order import off_px
from cyclorama.matchmove.views import Views

_ZOOMS = np.exp(np.linspace(np.log(0.4), np.log(2.5), 47))  # of the plate's focal length, steps of 4 percent
_FINER = 12  # steps within one of those
_CLEARLY = 0.5  # of the error with the plate's own focal length: another one beyond doubt
_SURE_PX = 2.0  # of 1000 pixels of width: pictures that err by less have the plate's focal length
_LEAST_ZOOM = 0.03  # a share under which it is none


def zooms_of(views: Views, frames: Sequence[int], path: CameraPath) -> tuple[float, ...]:
    """The focal length of every picture, over the plate's; 1 where nothing clearly says otherwise.

    One picture after the other, the worst first, takes that which explains best what it shares with the others from
    where the path puts both.
    """
    num = len(frames)
    zooms = [1.0] * num
    pairs = [k for k, p in views.pairs.items() if len(p) >= MIN_MATCHES and frames[k[0]] != frames[k[1]]]

    def error(trial: Sequence[float]) -> float:
        return float(np.mean([_off(views, pair, trial, (frames, path)) for pair in pairs]))

    for _ in range(num - 1 if pairs else 0):
        before = error(zooms)
        if before <= _SURE_PX:
            break
        each = [_best(error, zooms, i) for i in range(num) if zooms[i] == 1.0]
        found, index, zoom = min(each)
        if found > _CLEARLY * before or abs(zoom - 1) < _LEAST_ZOOM:
            break
        zooms[index] = zoom
    return tuple(zooms)


def _best(error, zooms: Sequence[float], index: int) -> tuple[float, int, float]:  # type: ignore[no-untyped-def]
    def tried(values):  # type: ignore[no-untyped-def]
        return min((error([*zooms[:index], float(z), *zooms[index + 1 :]]), index, float(z)) for z in values)

    _, _, coarse = tried(_ZOOMS)
    step = _ZOOMS[1] / _ZOOMS[0]
    return tried(coarse * step ** np.linspace(-1, 1, 2 * _FINER + 1))


def _off(
    views: Views, pair: tuple[int, int], zooms: Sequence[float], placed: tuple[Sequence[int], CameraPath]
) -> float:
    """The middle error of a pair both ways, of 1000 pixels of width."""
    (i, j), (frames, path) = pair, placed
    middle = np.array(views.hw[::-1]) / 2
    p, q = (middle + (px - middle) / zooms[k] for px, k in zip(views.shared_px(i, j), pair))
    one, two = path[frames[i]], path[frames[j]]
    both = np.concatenate([off_px(one, two, p, q), off_px(two, one, q, p)])
    return float(np.median(both)) * 1000 / views.hw[1]
