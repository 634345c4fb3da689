"""What all parts of ``speed.py`` share: the made plates, their sizes, and the clock.

Nothing heavy is imported here: ``speed.py`` must stay small in memory.
"""

import resource

PLATE, LONG, HAIR = "plate.mp4", "long.mp4", "hair.mp4"
NUM_FRAMES, LONG_FRAMES, HAIR_FRAMES, RATE = 120, 480, 60, 24
FRAMES_OF = {PLATE: NUM_FRAMES, LONG: LONG_FRAMES, HAIR: HAIR_FRAMES}
PREFIX = 24  # frames of the short run that the difference is taken against
HW = (720, 1280)


def cpu_s() -> float:
    """CPU seconds of this process so far, user and system, all threads, ended children included."""
    return sum(
        r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
