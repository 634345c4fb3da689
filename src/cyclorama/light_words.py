"""What a user can say of the light in the place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclorama.core.errors import InputError
from cyclorama.option import Option

_SIDES = {"left": -1.0, "right": 1.0}
_HEIGHTS = {"high": 1.0, "level": 0.0, "low": -0.7}
_PLACES = {"front": -1.0, "behind": 1.0}
_WARMTHS = {"warm": 0.35, "neutral": 0.0, "cool": -0.35}
_SOFTNESSES = {"soft": 0.7, "hard": 0.2}
_GROUPS = (_SIDES, _HEIGHTS, _PLACES, _WARMTHS, _SOFTNESSES)


@dataclass(frozen=True)
class KeyArgument:
    """The key light in words: where it comes from, as the camera sees it, its warmth and its softness."""

    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "KeyArgument":
        """At most one word of each kind. ``InputError`` with all of them for anything else."""
        words = tuple(text.replace(",", " ").lower().split())
        kinds = [next((i for i, g in enumerate(_GROUPS) if w in g), -1) for w in words]
        if not words or -1 in kinds or len(set(kinds)) != len(kinds):
            choices = "; ".join(", ".join(g) for g in _GROUPS)
            raise InputError(f"a key light is one or more of: {choices}; one of each kind, got '{text}'")
        return cls(words)

    def _of(self, group: dict[str, float]) -> float | None:
        return next((group[w] for w in self.words if w in group), None)

    @property
    def toward(self) -> tuple[float, float, float] | None:
        """Towards the light: right, down, away from the camera; not of length 1. None where no direction was said."""
        found = [self._of(group) for group in (_SIDES, _HEIGHTS, _PLACES)]
        if all(f is None or f == 0.0 for f in found):
            return None
        side, height, place = (f or 0.0 for f in found)
        return (side, -height, place if place or (side and not height) else -0.5)

    @property
    def warmth_stops(self) -> float | None:
        """Of red above green, and of green above blue; None where none was said."""
        return self._of(_WARMTHS)

    @property
    def softness(self) -> float | None:
        return self._of(_SOFTNESSES)


@dataclass(frozen=True, kw_only=True)
class LightSettings:
    """How the actor takes the place's light, and what of it he keeps from the place."""

    relight: Annotated[
        float | None,
        Option(
            "How far the actor takes the place's light: 0 not at all, 1 whole. Whole where he was keyed off a lit "
            "screen, else not at all, for the light that he was shot in is not known."
        ),
    ] = None
    no_relight: Annotated[bool, Option("The same as --relight 0.")] = False
    steady_light: Annotated[
        bool,
        Option("One light for the whole shot, also where the place's light changes or the actor walks through it."),
    ] = False
    environment: Annotated[
        Path | None, Option("The place's light: an HDR panorama (.hdr, .exr), its middle ahead.")
    ] = None
    key_light: Annotated[
        KeyArgument | None,
        Option("The place's key light in words: 'left high warm'.", ("--key-light", "--key"), "WORDS"),
    ] = None
    relit: Annotated[
        Path | None,
        Option(
            "The actor relit by another program (a video or a folder of the plate's frames): its light is laid on him "
            "in place of the place's, and his detail stays the plate's.",
            shape="CLIP",
        ),
    ] = None
    normals: Annotated[
        Path | None,
        Option(
            "A pass of the actor's normals (a folder of pictures or a lossless video), as the camera sees them, in "
            "place of those that his outline tells.",
            shape="CLIP",
        ),
    ] = None
    actor_depth: Annotated[
        Path | None,
        Option(
            "A depth pass of the actor (a folder of pictures or a video) of any scale, which tells his normals.",
            shape="CLIP",
        ),
    ] = None
    shadow: Annotated[
        float | None,
        Option(
            "How dark the actor's shadow on the place is: 0 none, 1 whole. Whole where his feet and the ground show."
        ),
    ] = None
    no_shadow: Annotated[bool, Option("The same as --shadow 0.")] = False
    reflection: Annotated[
        float | None,
        Option(
            "How strong the actor's mirror image in the ground is: 0 none, 1 whole. Whole where the place shows that "
            "its ground is glossy, and his feet are seen on it."
        ),
    ] = None
    no_reflection: Annotated[bool, Option("The same as --reflection 0.")] = False

    @property
    def shadow_strength(self) -> float:
        """0..1, as asked; else whole."""
        return 0.0 if self.no_shadow else 1.0 if self.shadow is None else self.shadow

    @property
    def reflection_strength(self) -> float:
        """0..1, as asked; else whole."""
        return 0.0 if self.no_reflection else 1.0 if self.reflection is None else self.reflection

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that are read."""
        given = (self.environment, self.relit, self.normals, self.actor_depth)
        return tuple(path for path in given if path is not None)
