"""Real clips: ``restore.py FOLDER [--one] [--keep DIR]``. The flat plate, and the footage with its matte, three
references; ``--one``: the middle one alone. The still middle reference beside."""

import argparse
from pathlib import Path

from cases import FIGURES, cases_in, run_case, still_score, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--keep", type=Path, help="keep the shots and their work folders here")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--one", action="store_true", help="the middle reference alone")
    words = parser.parse_args()
    only = ("middle",) if words.one else ()
    cases = [c for c in cases_in(words.folder) if words.only in c.name]
    names = (*FIGURES, "matte_mse", "seconds", "to_still")
    stills = {c.name: still_score(c) for c in cases}
    print(f"\nstill middle reference, true alpha\n\n{table(stills, FIGURES)}", flush=True)
    for title, plate, matte in (("flat plate", "plate.mp4", False), ("footage with its matte", "footage.mp4", True)):
        keep = words.keep and words.keep / plate.removesuffix(".mp4")
        extra = {c: ("--matte", str(c / "alpha")) if matte else () for c in cases}
        rows = {c.name: run_case(c, plate, extra[c], keep, only) for c in cases}
        for case, scores in rows.items():
            scores["to_still"] = scores["mse"] / stills[case]["mse"]
        print(f"\n{title} (to_still: mse against the still reference's)\n\n{table(rows, names)}", flush=True)


if __name__ == "__main__":
    main()
