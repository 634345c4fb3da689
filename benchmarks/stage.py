"""Path-traced stage cases: ``stage.py FOLDER [--keep DIR] [--words="--no-shadow"]``: three references on every case."""

import argparse
import json
from pathlib import Path

from cases import FIGURES, MORE, cases_in, run_case, still_score, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of cases")
    parser.add_argument("--keep", type=Path, help="keep the shots and their work folders here")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--words", default="", help="more words for cyc replace")
    words = parser.parse_args()
    cases = [c for c in cases_in(words.folder) if words.only in c.name]
    marked = [c for c in cases if json.loads((c / "meta.json").read_text()).get("markers")]
    bare = [c for c in cases if c not in marked]
    names = (*FIGURES, *MORE, "seconds")
    for title, group in (("with markers", marked), ("without markers", bare)):
        if group:
            rows = {c.name: run_case(c, "plate.mp4", words.words.split(), words.keep) for c in group}
            print(f"\n{title}\n\n{table(rows, names)}", flush=True)
    if bare:
        stills = {f"{c.name} (still)": still_score(c) for c in bare}
        print(f"\nstill middle reference, true alpha\n\n{table(stills, FIGURES)}", flush=True)


if __name__ == "__main__":
    main()
