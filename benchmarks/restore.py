"""Real clips: ``restore.py FOLDER [--keep DIR]``. The flat plate, and the footage with its matte, three references."""

import argparse
from pathlib import Path

from cases import FIGURES, cases_in, run_case, still_score, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--keep", type=Path, help="keep the shots and their work folders here")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    words = parser.parse_args()
    cases = [c for c in cases_in(words.folder) if words.only in c.name]
    names = (*FIGURES, "matte_mse", "seconds")
    flat = {c.name: run_case(c, "plate.mp4", (), words.keep and words.keep / "flat") for c in cases}
    stills = {c.name: still_score(c) for c in cases}
    for case, scores in flat.items():
        scores["to_still"] = scores["mse"] / stills[case]["mse"]
    print("\nflat plate (to_still: mse against the still middle reference's)\n")
    print(table(flat, (*names, "to_still")), flush=True)
    footage = {
        c.name: run_case(c, "footage.mp4", ("--matte", str(c / "alpha")), words.keep and words.keep / "footage")
        for c in cases
    }
    print(f"\nfootage with its matte\n\n{table(footage, names)}", flush=True)


if __name__ == "__main__":
    main()
