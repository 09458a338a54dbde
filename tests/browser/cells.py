"""Go to a cell of the open notebook, write into it, run it and read it, as a learner does by keyboard."""

SECONDS = 30  # that a cell may take on a busy machine

# Make the cell with that id the active one and scroll to it.
GO_TO = """id => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.id === id);
    notebook.mode = 'command';
    return notebook.scrollToItem(notebook.activeCellIndex).then(() => notebook.activate());
}"""
# The element of the cell with that id.
CELL = """id => window.jupyterapp.shell.currentWidget.content.widgets.find(cell => cell.model.id === id).node"""
STATUS = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
SOURCE = """id => window.jupyterapp.shell.currentWidget.content.widgets.find(cell => cell.model.id === id)
    .model.sharedModel.source"""


def go_to(page, cell_id):
    """Make a cell the active one and return its element."""
    page.evaluate(GO_TO, cell_id)
    return page.evaluate_handle(CELL, cell_id).as_element()


def wait_until_idle(page, seconds=SECONDS):
    """Wait until the kernel has done all that it was given.

    An error stands in its cell a moment before the kernel drops what waits behind it; a cell that is run within that
    moment is dropped as well, and stays as it is.
    """
    page.wait_for_function(f"({STATUS}) === 'idle'", timeout=seconds * 1000)


def run(page, cell_id):
    """Run a cell by keyboard."""
    wait_until_idle(page)
    go_to(page, cell_id)
    page.keyboard.press("ControlOrMeta+Enter")


def write(page, cell_id, source):
    """Put a source into a cell and run it, by keyboard."""
    wait_until_idle(page)
    go_to(page, cell_id)
    page.keyboard.press("Enter")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)
    assert page.evaluate(SOURCE, cell_id) == source
    page.keyboard.press("ControlOrMeta+Enter")


def wait_for_text(page, cell_id, text):
    """Wait until a cell shows that text."""
    page.wait_for_function(
        f"([id, text]) => ({CELL})(id).innerText.includes(text)", arg=[cell_id, text], timeout=SECONDS * 1000
    )


def press(page, element, key):
    """Press a key on an element."""
    element.focus()
    page.keyboard.press(key)


def nameless(form):
    """The controls of a form that a screen reader cannot name."""
    fields = form.query_selector_all("input, button")
    return [f for f in fields if not f.evaluate("element => (element.labels?.[0] ?? element).textContent.trim()")]
