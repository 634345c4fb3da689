"""What a made-up shot is: a few words and numbers."""

from dataclasses import dataclass
from fractions import Fraction

from cyclorama.synthetic.moves import MOVES
from cyclorama.synthetic.places import PLACES

ACTORS = ("stands", "turns", "walks")
SCREENS = ("green", "blue", "flat")


@dataclass(frozen=True)
class ShotSpec:
    """A made-up shot; the same spec always gives the same pixels.

    ``ValueError`` for anything outside the words and ranges below.
    """

    seed: int = 0
    """Picks the layout, the textures, the lights, the clothes, the hair and the noise."""
    num_frames: int = 24
    hw: tuple[int, int] = (270, 480)
    """Height and width in pixels, 16 or more each."""
    rate: Fraction = Fraction(24)
    place: str = "street"
    """``street``, ``room`` or ``yard``."""
    actor: str = "walks"
    """``stands``, ``turns`` or ``walks``."""
    move: str = "truck"
    """``static``, ``pan``, ``tilt``, ``truck``, ``dolly``, ``orbit``, ``handheld``, ``zoom``, or some with ``+``."""
    amount: float = 1.0
    """How far the camera moves over the whole shot, 0..3; see ``moves.Move`` for what 1 is."""
    screen: str = "green"
    """``green`` or ``blue``: a lit stage. ``flat``: pure green behind the actor, without bounce, shadow or noise."""
    markers: bool = True
    """Crosses of tape on the stage."""
    motion_blur: bool = False
    """Half a frame of open shutter, centred on the frame's time. ``place`` and ``alpha`` blur too; depth does not."""
    noise: float = 1.0
    """Strength of the plate's sensor noise, 0..8; 1 is about 1.5 code values."""
    crossing: bool = False
    """Things nearer than the actor may pass in front of it in the truth. The alpha stays the plate's: whole."""

    def __post_init__(self) -> None:
        for name, value, words in (
            ("place", self.place, tuple(PLACES)),
            ("actor", self.actor, ACTORS),
            ("screen", self.screen, SCREENS),
        ):
            if value not in words:
                raise ValueError(f"{name} must be one of {', '.join(words)}, got {value!r}")
        for name in self.move.split("+"):
            if name not in MOVES:
                raise ValueError(f"move must be of {', '.join(MOVES)}, joined with +, got {self.move!r}")
        if self.num_frames < 1 or min(self.hw) < 16 or self.rate <= 0:
            raise ValueError(
                f"a shot must have a frame, sides of 16 pixels and a positive rate, "
                f"got {self.num_frames}, {self.hw}, {self.rate}"
            )
        for name, number, high in (("amount", self.amount, 3.0), ("noise", self.noise, 8.0)):
            if not 0.0 <= number <= high:
                raise ValueError(f"{name} must be 0..{high:g}, got {number}")
