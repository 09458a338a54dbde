"""Fill in the answers of an exercise, run its cells in plain Python and collect the points of its graded cells."""

import ast
import re

import nbformat


def points_of(notebook: nbformat.NotebookNode) -> dict[str, tuple[float, float]]:
    """Run the code cells one after the other; for each graded cell the points that it gives, and the most it can."""
    namespace, points = {"__name__": "__main__"}, {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {cell.id}", "exec"), namespace)
        result = eval(compile(ast.Expression(last.value), f"cell {cell.id}", "eval"), namespace) if last else None
        if cell.metadata.get("nbgrader", {}).get("grade"):
            points[cell.id] = float(result), cell.metadata.nbgrader.points
    return points


def solved_version(release, source: nbformat.NotebookNode, topic: str) -> nbformat.NotebookNode:
    """The source with the right letter (for a prediction, a word) instead of every "..."."""
    notebook = nbformat.from_dict(source)
    for question, name in release.questions(notebook, topic):
        right = question.right or "a guess"
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = re.sub(rf'^{name} = "\.\.\."', f'{name} = "{right}"', cell.source, flags=re.MULTILINE)
    return notebook
