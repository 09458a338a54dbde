"""Lesson 07: faults and their ladders, a faulty line to find by click or by keyboard, and a doctor to ask."""

import html
import inspect
from dataclasses import replace

import ipywidgets as widgets
from IPython.display import HTML

from .. import diagnose
from ..doctor import Diagnosis
from ..figures import clinic as figures
from ..html import bold, bullets, code, fold, table
from ..lessons import clinic
from .controls import dropdown
from .shell import Explorer, where


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


def find_the_line(number: int) -> Explorer:
    """The code of a case: choose a line, by click or in the list, and read at once whether it is the faulty one."""
    lines, first = inspect.getsourcelines(clinic.case(number))
    lines = [line.rstrip() for line in lines]
    why = clinic.reasons(number, lines)
    scene, update = figures.build_code(lines, first)

    def draw(line: int):
        if not line:
            update(None)
            return scene, "One of these lines is faulty. Click on it, or choose it from the list."
        text, faulty, reason = lines[line - first].strip(), *why[line - first]
        update(line, faulty)
        verdict = "<b>This is the faulty line.</b>" if faulty else "<b>This line is right.</b>"
        return scene, f"Line {line}, <code>{html.escape(text)}</code> {verdict} {html.escape(reason)}"

    def pick(axes, x: float, y: float) -> dict[str, int] | None:
        line = round(y)
        return {"line": line} if line - first in why else None

    options = [("none yet", 0)] + [(f"{first + k}: {lines[k].strip()}", first + k) for k in why]
    return Explorer(f"Case {number}: find the line", {"line": dropdown("Line", options)}, draw, pick=pick)


def lines_repaired(diagnosis: Diagnosis) -> HTML:
    """The lines that the doctor has changed, in their order and folded: as they were, and as they are now.

    Where no repair is proved, the notes say why.
    """
    found = sorted((finding for finding in diagnosis.findings if finding.line), key=lambda finding: finding.line)
    rows = [(str(finding.line), code(finding.code), code(finding.repair)) for finding in found]
    lines = table("What the doctor changed", ("line", "as it was", "repaired"), rows)
    notes = bullets(diagnosis.notes) if diagnosis.repaired_source is None else ""
    return HTML(bold(diagnosis.headline) + notes + fold("The lines, before and after", lines))


def ask_the_doctor(number: int) -> widgets.VBox:
    """A button that has a case diagnosed, and shows the doctor's report below it.

    Without the ladder of the report: it is of other nets, and its numbers are not those of the lesson.
    """
    layout = {"width": "max-content"}
    button = widgets.Button(description="Ask the doctor", tooltip="Takes a few seconds", layout=layout)
    report = widgets.HTML()

    def ask(_: widgets.Button) -> None:
        button.disabled, report.value = True, "<p>The doctor is looking. This takes a few seconds.</p>"
        try:
            report.value = replace(diagnose(clinic.case(number), progress=False), ladder={})._repr_html_()
        except Exception as error:
            report.value = f"<p>{html.escape(where(error))}</p>"
            raise
        finally:
            button.disabled = False

    button.on_click(ask)
    return widgets.VBox([button, report])
