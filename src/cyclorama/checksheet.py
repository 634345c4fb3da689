"""Check sheets of a key: pictures in which a person sees at once what is wrong with a matte."""

from collections.abc import Iterator, Mapping

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear, display_from_linear, linear_from_display
from cyclorama.core.layers import Foreground
from cyclorama.matting import ScreenKey
from cyclorama.tiles import captioned, curves, fitted, grid, png, tile_hw, write

_TILE_AREA, _THUMB_AREA = 640 * 360, 320 * 180
_ZOOMS = (4, 2)
_LEAST_ZOOMED = 1 / 14
"""Part of the picture's height that an edge zoom must hold; the smaller zoom is taken where the greater holds less."""
_NUM_ZOOMS = 3
_SPILL_GAIN = 4.0
_FAINT = 0.05
"""Distance from clear or opaque that the stretched matte spreads over the darkest and the brightest third."""
_GREY = float(linear_from_display(np.array(0.5)))
_CHECKER = tuple(float(linear_from_display(np.array(v))) for v in (0.35, 0.6))
_CODE = np.float32(0.5 / 255)
"""Half a step of an 8-bit matte: what is nearer to 0 or 1 is clear or opaque."""
_EMPTY = 1e-4
"""Mean partial alpha of a window in which there is no edge to look at."""
_OPAQUE = 90
"""Grey of opaque pixels in the false colours."""


class CheckSheets:
    """A sheet for each of some frames, and all of them small on one."""

    def __init__(self, name: str, frames: tuple[int, ...], screen: ScreenKey | None) -> None:
        """``name``: the plate's, for the titles. ``screen``: the key, where it is one of a screen."""
        self._name, self._frames, self._screen = name, frames, screen
        self._sheets: dict[str, bytes] = {}
        self._rows: dict[str, dict[int, Array]] = {}

    @staticmethod
    def names(frames: tuple[int, ...]) -> list[str]:
        """The files that are made: one a frame, by its number in the plate."""
        return [*map(_name, frames), "contact.png"]

    def wants(self, frame: int) -> bool:
        return frame in self._frames

    def add(self, frame: int, plate: Array, foreground: Foreground) -> None:
        """``plate``: h w 3 float32 scene-linear, the frame that was keyed."""
        clean = None if self._screen is None else self._screen.clean_plate(frame, plate)
        rgb = None if self._screen is None else np.array(self._screen.model.rgb, np.float32)
        sheet = Sheet(plate, foreground, clean, rgb)
        title = f"{self._name}: frame {frame}, {plate.shape[1]}x{plate.shape[0]}"
        self._sheets[_name(frame)] = png(sheet.picture(title))
        for name, picture in sheet.overview():
            self._rows.setdefault(name, {})[frame] = fitted(picture, tile_hw(picture.shape[:2], _THUMB_AREA))

    def told(self, frames: range) -> dict[str, Array]:
        found = {
            f"sheet/{f}": np.frombuffer(self._sheets[_name(f)], np.uint8) for f in frames if _name(f) in self._sheets
        }
        return found | {f"{name}/{f}": row[f] for name, row in self._rows.items() for f in frames if f in row}

    def recall(self, frames: range, told: Mapping[str, Array]) -> None:
        for frame in frames:
            for key in (key for key in told if key.endswith(f"/{frame}")):
                name = key.rpartition("/")[0]
                if name == "sheet":
                    self._sheets[_name(frame)] = told[key].tobytes()
                else:
                    self._rows.setdefault(name, {})[frame] = told[key]

    def files(self) -> dict[str, bytes]:
        """Every sheet as a PNG file, and ``contact.png``."""
        tiles = [[captioned(p, f"frame {f}: {name}") for f, p in row.items()] for name, row in self._rows.items()]
        return {**self._sheets, "contact.png": png(grid(tiles, self._name))}

    def strips(self) -> dict[str, Array]:
        """The frames side by side, once for everything that is shown: h w 3 uint8."""
        return {name: np.concatenate(list(row.values()), 1) for name, row in self._rows.items()}


def _name(frame: int) -> str:
    return f"{frame:04d}.png"


class Sheet:
    """What is shown of one frame. ``clean``: the clean plate, ``rgb``: the screen's colour; None without a screen."""

    def __init__(self, plate: Array, foreground: Foreground, clean: Array | None, rgb: Array | None) -> None:
        self._plate, self._foreground, self._clean, self._rgb = plate, foreground, clean, rgb
        self._hw = tile_hw(plate.shape[:2], _TILE_AREA)
        self._factor = _ZOOMS[self._hw[0] / _ZOOMS[0] < _LEAST_ZOOMED * len(plate)]
        self._window = (
            min(plate.shape[0], self._hw[0] // self._factor),
            min(plate.shape[1], (self._hw[1] // 2 - 1) // self._factor),
        )

    def picture(self, title: str) -> Array:
        views = dict(self._views())
        spots = find_spots(self._foreground.alpha, self._window, _NUM_ZOOMS)
        uncertain = next(v for caption, v in views.items() if caption.startswith("uncertain"))
        self._mark(uncertain, spots)
        tiles = [captioned(view, caption) for caption, view in views.items()]
        tiles += [self._zoom(number, *spot) for number, spot in enumerate(spots, 1)]
        columns = 3 if self._hw[1] >= self._hw[0] else 6
        return grid([tiles[i : i + columns] for i in range(0, len(tiles), columns)], title)

    def overview(self) -> Iterator[tuple[str, Array]]:
        """The views that are worth a small picture, by a short name."""
        short = ("plate", "matte", "over checker", "over complement", "uncertain")
        for caption, view in self._views():
            name = next((s for s in short if caption.startswith(s)), None)
            if name is not None and not caption.startswith("matte stretched"):
                yield name, view

    def _views(self) -> Iterator[tuple[str, Array]]:
        alpha = self._foreground.alpha
        yield "plate", self._coded(self._plate)
        yield "matte: white is actor", _grey(fitted(alpha, self._hw))
        yield "matte stretched: what is not quite black or white", _grey(fitted(stretched(alpha), self._hw))
        yield "over checker", self._over(checker(alpha.shape, alpha.shape[0] / self._hw[0] * 16))
        if self._rgb is not None:
            yield "over complement of the screen", self._over(complement(self._rgb))
        else:
            yield "over complement of the background", self._over(opposite(_mean_behind(self._plate, alpha)))
        yield f"uncertain: {100 * partial_share(alpha):.2f} % of the picture is partial", self._uncertain()
        if self._clean is not None and self._rgb is not None:
            yield "screen model: the clean plate", self._coded(self._clean)
            yield level_view(self._clean, self._rgb, self._hw)
            spill = spill_layer(self._plate, self._foreground, self._clean)
            yield f"spill taken off, x{_SPILL_GAIN:g}", self._coded(spill * np.float32(_SPILL_GAIN))

    def _coded(self, linear: Array) -> Array:
        return code8_from_linear(fitted(linear, self._hw))

    def _over(self, background: Array) -> Array:
        return self._coded(over(self._foreground, background))

    def _uncertain(self) -> Array:
        """Full size, thin edges kept thick enough to be seen when the picture is made smaller."""
        width = max(1, round(self._foreground.alpha.shape[0] / self._hw[0]))
        return fitted(false_colour(self._foreground.alpha, width), self._hw)

    def _mark(self, view: Array, spots: list[tuple[int, int]]) -> None:
        scale = self._hw[0] / self._plate.shape[0]
        for number, (y, x) in enumerate(spots, 1):
            low = round(x * scale), round(y * scale)
            high = round((x + self._window[1]) * scale) - 1, round((y + self._window[0]) * scale) - 1
            for colour, thickness in (((0, 0, 0), 4), ((60, 200, 255), 2)):
                cv2.rectangle(view, low, high, colour, thickness)
            write(view, str(number), (low[0] + 5, low[1] + 15))

    def _zoom(self, number: int, y: int, x: int) -> Array:
        """Keyed over grey and the plate side by side, pixels blown up, under a caption."""
        cut = np.s_[y : y + self._window[0], x : x + self._window[1]]
        keyed = over(
            Foreground(self._foreground.color[cut], self._foreground.alpha[cut]), np.full(3, _GREY, np.float32)
        )
        out = np.zeros((*self._hw, 3), np.uint8)
        for picture, left in ((keyed, 0), (self._plate[cut], self._hw[1] // 2 + 1)):
            side = np.kron(code8_from_linear(picture), np.ones((self._factor, self._factor, 1), np.uint8))
            out[: len(side), left : left + side.shape[1]] = side
        return captioned(out, f"edge {number} at x {x}, y {y}, x{self._factor}: keyed over grey, and the plate")


def _grey(values: Array) -> Array:
    """0..1 as display values of grey."""
    return np.repeat(np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)[..., None], 3, 2)


def over(foreground: Foreground, background: Array) -> Array:
    """The actor over a colour (3,) or a picture h w 3, scene-linear."""
    return foreground.color + (1 - foreground.alpha[..., None]) * background


def checker(hw: tuple[int, int], cell_px: float) -> Array:
    """A checkerboard, h w 1 float32 scene-linear."""
    y, x = (np.floor(np.arange(n) / cell_px).astype(int) for n in hw)
    return np.array(_CHECKER, np.float32)[(y[:, None] + x) % 2][..., None]


def complement(rgb: Array) -> Array:
    """The opposite display colour: magenta of green, yellow-orange of blue. (3,) scene-linear."""
    return linear_from_display(1 - np.clip(display_from_linear(rgb), 0, 1))


def opposite(rgb: Array) -> Array:
    """The display colour that is furthest in every channel, also from grey. (3,) scene-linear."""
    return (display_from_linear(rgb) < 0.5).astype(np.float32)


def _mean_behind(plate: Array, alpha: Array) -> Array:
    weight = 1 - alpha
    return (plate * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1.0)


def stretched(alpha: Array) -> Array:
    """The matte with what is within ``_FAINT`` of clear or opaque spread over a third each, by a square root: half a
    per cent becomes a tenth."""
    low = np.sqrt(np.clip(alpha / _FAINT, 0, 1)) / 3
    high = np.sqrt(np.clip((1 - alpha) / _FAINT, 0, 1)) / 3
    middle = (np.clip(alpha, _FAINT, 1 - _FAINT) - _FAINT) / (1 - 2 * _FAINT) / 3
    return (low + middle + 1 / 3 - high).astype(np.float32)


def partial_share(alpha: Array) -> float:
    """Share of the pixels that are neither clear nor opaque in 8 bits."""
    return float(((alpha >= _CODE) & (alpha < 1 - _CODE)).mean())


def false_colour(alpha: Array, width: int = 1) -> Array:
    """Clear is black, opaque is grey, and what is between glows, most at one half: h w 3 uint8. ``width``: every
    partial pixel is drawn so many pixels wide."""
    partial = ((alpha >= _CODE) & (alpha < 1 - _CODE)).astype(np.uint8)
    heat = np.round((0.3 + 0.7 * (1 - np.abs(2 * np.clip(alpha, 0, 1) - 1))) * 255).astype(np.uint8) * partial
    if width > 1:
        heat = cv2.dilate(heat, np.ones((width, width), np.uint8))
    colours = cv2.cvtColor(cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    plain = np.where(alpha >= 0.5, np.uint8(_OPAQUE), np.uint8(0))[..., None]
    return np.where(heat[..., None] > 0, colours, plain)


def spill_layer(plate: Array, foreground: Foreground, clean: Array) -> Array:
    """The screen's light that was taken off the actor: h w 3 scene-linear, 0 or more."""
    if foreground.spill is not None:
        return np.maximum(foreground.spill, 0)
    behind = (1 - foreground.alpha[..., None]) * clean
    seen = (foreground.alpha > 0)[..., None]
    return np.maximum(plate - behind - foreground.color, 0) * seen


def level_view(clean: Array, rgb: Array, hw: tuple[int, int]) -> tuple[str, Array]:
    """The screen's brightness against its usual one: caption and picture."""
    channel = int(np.argmax(rgb))
    level = 100 * clean[..., channel] / rgb[channel]
    across, down = np.median(level, 0), np.median(level, 1)
    picture = curves([(across, (240, 240, 240)), (down, (255, 160, 60))], hw, max(150.0, float(level.max())), 100.0)
    write(picture, "across", (6, hw[0] - 24))
    cv2.line(picture, (70, hw[0] - 28), (110, hw[0] - 28), (240, 240, 240), 2)
    write(picture, "down", (6, hw[0] - 8))
    cv2.line(picture, (70, hw[0] - 12), (110, hw[0] - 12), (255, 160, 60), 2)
    return f"screen level: {level.min():.0f} to {level.max():.0f} % of the usual (line: 100 %)", picture


def find_spots(alpha: Array, window: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """(y, x) of up to ``count`` windows that hold the most partial alpha, well apart."""
    glow = 1 - np.abs(2 * np.clip(alpha, 0, 1) - 1)
    sums = cv2.integral(glow.astype(np.float32))
    h, w = window
    held = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
    apart_y, apart_x = (max(side, whole // 6) for side, whole in zip(window, alpha.shape))
    spots: list[tuple[int, int]] = []
    while len(spots) < count and held.max() > _EMPTY * h * w:
        y, x = divmod(int(held.argmax()), held.shape[1])
        spots.append((y, x))
        held[max(0, y - apart_y + 1) : y + apart_y, max(0, x - apart_x + 1) : x + apart_x] = 0
    return spots
