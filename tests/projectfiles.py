"""Where the project's files are, for the tests that look at files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI", "").lower() in ("1", "true")


def notebooks() -> list[Path]:
    """Every notebook of the project, in order."""
    found = (path for folder in ("notebooks", "instructor") for path in (ROOT / folder).rglob("*.ipynb"))
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def relative(path: Path) -> str:
    """The path as seen from the project's folder, with slashes: the name of a parametrized test."""
    return path.relative_to(ROOT).as_posix()


def tracked_files() -> list[Path]:
    """Every file that git keeps; skips (in CI: fails) where the project is not a git checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        skip_but_fail_in_ci("no git here, or no git checkout, so git can't say which files it keeps")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def skip_but_fail_in_ci(reason: str) -> None:
    """Skip the test on a user's machine; fail it in CI, where nothing may be missing."""
    if CI:
        pytest.fail(f"{reason} (this is CI, where nothing may be missing)", pytrace=False)
    pytest.skip(reason)
