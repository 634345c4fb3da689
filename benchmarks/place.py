"""The place alone: ``place.py FOLDER [--only CASE] [--rows WORD] [--keep DIR]``.

``cyc replace`` with the camera and the alpha of the truth, so that only the place counts; PNG out. Three references,
three with their depth pictures, two (begin, end), one (middle), one with its depth picture.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cases import cases_in, run_case, table

FIGURES = ("psnr_set", "slip_px", "slip_p90_px", "motion", "flicker", "mse", "seconds")


@dataclass(frozen=True)
class Given:
    """What the place is built from in one table."""

    title: str
    references: Sequence[str]
    depth: bool = False


ROWS = (
    Given("three references", ("begin", "middle", "end")),
    Given("three references with depth", ("begin", "middle", "end"), depth=True),
    Given("two references (begin, end)", ("begin", "end")),
    Given("one reference (middle)", ("middle",)),
    Given("one reference (middle) with depth", ("middle",), depth=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--rows", default="", help="tables whose title begins with this")
    parser.add_argument("--keep", type=Path, help="keep the shots and their work folders here")
    words = parser.parse_args()
    cases = [c for c in cases_in(words.folder) if words.only in c.name]
    for given in ROWS:
        if given.title.startswith(words.rows):
            keep = words.keep and words.keep / given.title.replace(" ", "-")
            rows = {case.name: _score(case, given, keep) for case in cases}
            print(f"\n{given.title}\n\n{table(rows, FIGURES)}", flush=True)


def _score(case: Path, given: Given, keep: Path | None) -> dict[str, object]:
    truth = ["--camera", str(case / "camera.json"), "--matte", str(case / "alpha")]
    for name in given.references if given.depth else ():
        truth += ["--depth", str(case / "depth" / f"{name}.npy")]
    return run_case(case, "plate.mp4", truth, keep, only=given.references)


if __name__ == "__main__":
    main()
