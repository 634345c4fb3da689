"""``python -m cyclorama`` is ``cyc``."""

from cyclorama.cli import main

main()
