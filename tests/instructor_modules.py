"""The modules of instructor/, which are scripts and no package, for the tests."""

import sys

from projectfiles import ROOT

if str(ROOT / "instructor") not in sys.path:
    sys.path.append(str(ROOT / "instructor"))

import apart
import collected
import grade
import handed_in
import remote
import reports
import score

__all__ = ["apart", "collected", "grade", "handed_in", "remote", "reports", "score"]
