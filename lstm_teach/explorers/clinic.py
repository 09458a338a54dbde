"""Lesson 07: faults and their ladders, a faulty line to find, and what the doctor changed."""

import html
import inspect

from IPython.display import HTML

from ..doctor import Diagnosis
from ..figures import clinic as figures
from ..html import bold, bullets, code, fold, inline, table
from ..lessons import clinic
from .controls import dropdown
from .shell import Explorer


def fault_explorer() -> Explorer:
    """Choose a fault in a right pass, and see its ladder from both initial states."""
    titles = {f"Initial state {state}": state for state in clinic.STATES}
    ladders = {
        fault: {title: clinic.ladder(clinic.with_fault(fault), state) for title, state in titles.items()}
        for fault in clinic.FAULTS
    }
    scene, update = figures.build(list(titles), clinic.LENGTHS)

    def draw(fault: str):
        update(list(ladders[fault].values()), *clinic.FAULTS[fault])
        words = figures.describe(ladders[fault])
        return scene, f'<details aria-label="In words"><summary>In words</summary>{words}</details>'

    return Explorer("Nine faults and their ladders", {"fault": dropdown("Fault", list(clinic.FAULTS))}, draw)


def find_the_line(number: int) -> HTML:
    """The code of a case: open a line, and read at once whether it is the faulty one."""
    lines, first = inspect.getsourcelines(clinic.case(number))
    why, shown = clinic.reasons(number, lines), ""
    for k, line in enumerate(lines):
        text, hang = html.escape(f"{first + k:3}  {line.rstrip()}"), len(line) - len(line.lstrip()) + 9
        look = f"white-space:pre-wrap;font-family:monospace;padding-left:{hang}ch;text-indent:-{hang}ch"
        if k not in why:
            shown += f'<div style="{look}">{text}</div>'
            continue
        faulty, reason = why[k]
        verdict = "✗ This is the faulty line." if faulty else "✓ This line is right."
        said = f'<p style="margin:2px 0 6px 3em"><b>{verdict}</b> {inline(reason)}</p>'
        opened = f'style="{look};list-style:none;cursor:pointer" data-lm-suppress-shortcuts="true"'
        shown += f'<details name="case {number}"><summary {opened}>{text}</summary>{said}</details>'
    return HTML(f'<section aria-label="Case {number}: find the line">{shown}</section>')


def lines_repaired(diagnosis: Diagnosis) -> HTML:
    """The lines that the doctor has changed, in their order and folded: as they were, and as they are now.

    Where no repair is proved, the notes say why.
    """
    found = sorted((finding for finding in diagnosis.findings if finding.line), key=lambda finding: finding.line)
    rows = [(str(finding.line), code(finding.code), code(finding.repair)) for finding in found]
    lines = table("What the doctor changed", ("line", "as it was", "repaired"), rows)
    notes = bullets(diagnosis.notes) if diagnosis.repaired_source is None else ""
    return HTML(bold(diagnosis.headline) + notes + fold("The lines, before and after", lines))
