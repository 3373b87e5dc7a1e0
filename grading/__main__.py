"""``python -m grading VERB``: release, audit, grade, course."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

VERBS = {
    "release": ("grading.release", "write the notebooks of the lessons (--check: say which are stale)"),
    "audit": ("grading.audit", "hold every exercise to the rules, with automatic mutants"),
    "grade": ("grading.grade", "grade a folder of submissions: SUBMISSIONS --out DIR"),
    "course": ("grading.gradebook", "lay out an nbgrader course: DIR [--submissions SUBMISSIONS]"),
}


def main(arguments: Sequence[str]) -> int:
    """Run one verb; its options are its own (``VERB --help``)."""
    if not arguments or arguments[0] not in VERBS:
        asked = bool(arguments) and arguments[0] in ("-h", "--help")
        lines = [f"  {verb:8} {words}" for verb, (_, words) in VERBS.items()]
        print("\n".join(["usage: python -m grading VERB ...", *lines]), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    module = importlib.import_module(VERBS[arguments[0]][0])
    code: int = module.main(list(arguments[1:]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
