"""For all tests: the workers of pytest-xdist share the cores, so each keeps to one thread of linear algebra."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
