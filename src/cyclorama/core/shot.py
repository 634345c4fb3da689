"""A shot: a plate with everything that analysis found in it."""

from dataclasses import dataclass

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import Clip
from cyclorama.core.film import Film
from cyclorama.core.layers import Foreground, Key, foregrounds_of
from cyclorama.core.lighting import Relighting
from cyclorama.core.mirroring import Mirroring
from cyclorama.core.passes import Normals, Relit
from cyclorama.core.shadowing import Shadowing
from cyclorama.core.standing import Standing


@dataclass(frozen=True)
class Shot:
    """The plate, the actor's key, the camera path and the light: agreed on length and size."""

    plate: Clip
    key: Key
    path: CameraPath
    relighting: Relighting | None
    """From the stage's light to the place's; None when the actor's light is left alone."""
    standing: Standing | None = None
    """Where the actor stands in the place; None where it is not known."""
    occluders: tuple[Array, ...] | None = None
    """One mask (bool, h w of any size) for every view of the backdrop: what may hide the actor. None: nothing does."""
    shadowing: Shadowing | None = None
    """What the actor's shadow in the place is made from; None where he casts none."""
    film: Film | None = None
    """The plate's lens and film, as far as they are laid on the place; None where nothing is."""
    mirroring: Mirroring | None = None
    """What the actor's mirror image in the ground is made from; None where the ground is not glossy."""
    relit: Relit | None = None
    """The actor under another program's light, which stands in place of ``relighting``; None where there is none."""
    normals: Normals | None = None
    """Which way the actor's surface faces, in place of what his outline says; None where it is not given."""

    def __post_init__(self) -> None:
        if len(self.path) != self.plate.num_frames or self.path.hw != self.plate.hw:
            raise ValueError(
                f"plate and camera path must agree, got {self.plate.num_frames} frames of {self.plate.hw} "
                f"and {len(self.path)} cameras of {self.path.hw}"
            )
        if self.relit is not None and self.relit.clip.num_frames != self.plate.num_frames:
            raise ValueError(
                f"plate and relit actor must agree, got {self.plate.num_frames} and {self.relit.clip.num_frames} frames"
            )

    def foregrounds(self, index: int, plate: Array) -> tuple[Foreground, ...]:
        """The layers of a frame, layer 1 first. ``plate``: the frame."""
        return foregrounds_of(self.key, index, plate)
