"""Made-up shots with exact truth, for the demo, for tests and for training.

``make_shot(ShotSpec(place="street", move="truck"))`` gives a lit green-screen plate, the finished picture, the matte,
the clean place, its depth and the camera; ``render_frame`` gives one frame of it, ``draw_actor`` its actor alone;
``write_case`` writes a folder.
"""

from cyclorama.synthetic.case import write_case
from cyclorama.synthetic.shot import (
    RenderedFrame,
    SyntheticShot,
    draw_actor,
    make_shot,
    reference_frames,
    render_frame,
)
from cyclorama.synthetic.spec import ShotSpec

__all__ = [
    "RenderedFrame",
    "ShotSpec",
    "SyntheticShot",
    "draw_actor",
    "make_shot",
    "reference_frames",
    "render_frame",
    "write_case",
]
