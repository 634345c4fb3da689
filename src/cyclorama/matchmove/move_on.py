"""The user's camera moves on the camera that was found."""

from dataclasses import replace
from fractions import Fraction

from cyclorama.core.camera import CameraPath
from cyclorama.core.moves import Moves
from cyclorama.matchmove.camera import Matchmove
from cyclorama.matchmove.move_path import add_moves

USUAL_DISTANCE_M = 4.0
"""To the actor, where nothing says it."""


def with_moves(found: Matchmove, moves: Moves, rate: Fraction) -> Matchmove:
    """On top of a camera that the plate, the references or a file gave; alone, in place of a guess from the actor.

    ``InputError`` for moves that the shot is too short for or a lens cannot do.
    """
    guessed = found.source in ("actor", "none")
    path = found.path
    if guessed:
        path = CameraPath((path[0],) * len(path))
    metres = guessed or found.source == "given"
    metre = 1.0 if metres else found.unit / USUAL_DISTANCE_M
    moved = add_moves(path, moves, rate=rate, metre=metre, distance_m=USUAL_DISTANCE_M)
    on = "alone" if guessed else f"on top of the camera from the {_FROM[found.source]}"
    note = f"the camera moves as --move says ({moves}), {on}, the actor taken to be {USUAL_DISTANCE_M:g} m away"
    if guessed:
        return Matchmove(moved, "move", None, (note,), actor=found.actor, unit=USUAL_DISTANCE_M)
    return replace(found, path=moved, notes=(*found.notes, note))


_FROM = {"plate": "plate", "references": "references", "given": "file"}
