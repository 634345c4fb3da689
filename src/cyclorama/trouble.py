"""What a plate's measures mean for the shot: the trouble to expect, and the remedy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DARK_TO_BRIGHT_STOPS = 1.5
_CLIPPED_PERCENT = 5.0
_NOISE_PERCENT = 8.0
_GRAIN = 6.0
_BLUR_PX, _SHAKEN_PX = 2.0, 3.0
_BITS_A_PIXEL = 0.04
_BOUNCE = 0.3
_LITTLE_SCREEN_PERCENT = 15.0
_SMALL_HEIGHT = 480


@dataclass(frozen=True)
class Trouble:
    """One sentence for what is wrong, one for what to do. ``weight``: how bad, 1 the worst."""

    weight: float
    what: str
    remedy: str


def troubles_of(facts: dict[str, Any]) -> tuple[Trouble, ...]:
    """``facts``: as ``inspectjob`` makes them. The worst first."""
    found = [*_of_media(facts["media"]), *_of_picture(facts["picture"])]
    found += [_NO_SCREEN] if facts["screen"] is None else _of_screen(facts["screen"])
    return tuple(sorted(found, key=lambda t: -t.weight))


_NO_SCREEN = Trouble(
    1.0,
    "no green or blue screen was found: this is ordinary footage, or the screen is hard to tell",
    "give --matte with the actor's matte, --mask 0:first.png with him painted on one frame, or --screen '#rrggbb'",
)


def _of_media(media: dict[str, Any]) -> Iterator[Trouble]:
    bits, pixels = media["bits_a_pixel"], media["pixels"] or ""
    if bits is not None and bits < _BITS_A_PIXEL:
        yield Trouble(
            0.6,
            f"the file is strongly compressed ({bits:.3f} bits a pixel): hair and the screen's edge lie in its blocks",
            "take the camera's own file, not one that was sent or uploaded; record at a higher rate",
        )
    if "420" in pixels and bits is not None:
        yield Trouble(
            0.15,
            "its colour has half the resolution (4:2:0): the key's finest edges come from luma",
            "for hair, record 4:2:2 with 10 bits where the camera can",
        )
    if media["variable_rate"]:
        yield Trouble(
            0.2,
            "its frame rate varies: sound stays in step, but programs that take numbered frames will not know",
            "keep mp4 or mov as the output, or convert to a constant rate first",
        )
    if media["frames"] == 1:
        yield Trouble(0.3, "it is one frame: no camera can be solved from it", "give a clip, or --move")
    if min(media["size"]) < _SMALL_HEIGHT:
        yield Trouble(0.3, "the picture is small: edges and markers have few pixels", "take the full-size original")


def _of_picture(picture: dict[str, Any]) -> Iterator[Trouble]:
    blur, worst = picture["blur_px"], picture["blur_worst_px"]
    if picture["grain"] > _GRAIN:
        yield Trouble(
            0.5,
            f"it is grainy ({picture['grain']} of 255): soft edges and dark hair drown in it",
            "more light on the screen, a lower ISO; --clip-black and --clip-white clean what is left",
        )
    if blur is not None and blur > _BLUR_PX:
        yield Trouble(
            0.5,
            f"even its sharpest edges are {blur} px soft: out of focus, scaled up or shaken",
            "take the sharp original; choose a place picture that is as soft",
        )
    elif worst is not None and worst > _SHAKEN_PX:
        yield Trouble(
            0.3,
            f"some frames are blurred by motion ({worst} px, others {blur})",
            "a shorter shutter keeps markers and edges sharp; blurred frames lean on their neighbours",
        )


def _of_screen(screen: dict[str, Any]) -> Iterator[Trouble]:
    if screen["clipped_percent"] > _CLIPPED_PERCENT:
        yield Trouble(
            0.7,
            f"the screen is overexposed: {screen['clipped_percent']:.0f} % of it is at the top of the code values, "
            "where shadows and fine hair are lost",
            "expose the screen a stop lower than the actor",
        )
    if screen["noise_percent"] > _NOISE_PERCENT:
        yield Trouble(
            0.6,
            f"the screen is noisy ({screen['noise_percent']:.0f} % of its level)",
            "light it more; --soften and --clip-black help what is there",
        )
    if screen["stops"] > _DARK_TO_BRIGHT_STOPS:
        yield Trouble(
            0.4,
            f"the screen is uneven: {screen['stops']} stops between its dark and its bright parts",
            "--clean-plate with the empty screen, shot in the same light, makes it even",
        )
    if not screen["even"]:
        yield Trouble(
            0.45,
            "the screen has wrinkles or seams that look like soft edges",
            "--clean-plate with the empty screen takes them off; else stretch it, or light it softly from both sides",
        )
    if screen["bounce"] > _BOUNCE:
        yield Trouble(
            0.35,
            f"the screen throws much {screen['colour']} light on the actor ({100 * screen['bounce']:.0f} % of his own)",
            "move him two metres or more from it; --despill says how much is taken off",
        )
    if screen["share_percent"] < _LITTLE_SCREEN_PERCENT:
        yield Trouble(
            0.5,
            f"only {screen['share_percent']} % of the picture is screen",
            "what lies outside its outline is made transparent; give a garbage matte or a holdout where that is wrong",
        )
    if screen["marker_px"] is None and screen["even"] and not screen["ends_inside"]:
        yield Trouble(
            0.4,
            "the screen has no markers: it says nothing of how the camera moved",
            "if the camera moves, give two or more pictures with times (--reference PICTURE@TIME), --camera or --move; "
            "next time put crosses of another shade on the screen",
        )
