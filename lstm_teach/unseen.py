"""Run a learner's cell again and again so that nobody notices. Imports numpy.

What it shows it has shown once; the numbers of other nets would only be puzzling, or give an answer away.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Meanwhile nothing is printed, displayed, drawn, warned of or logged; random numbers go on as they were before."""
    ipython, pyplot = sys.modules.get("IPython"), sys.modules.get("matplotlib._pylab_helpers")
    shell = ipython and ipython.get_ipython()
    figures = pyplot.Gcf.figs if pyplot else {}
    publisher, drawn = getattr(shell, "display_pub", None), dict(figures)
    log, random = logging.getLogger(), np.random.get_state()
    disabled, handlers = log.manager.disable, [*log.handlers]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        if shell:
            shell.display_pub = SimpleNamespace(publish=_nothing, clear_output=_nothing, is_publishing=False)
        figures.clear()
        logging.disable()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            if shell:
                shell.display_pub = publisher
            figures.clear()
            figures.update(drawn)
            logging.disable(disabled)
            log.handlers[:] = handlers  # logging.warning makes one where there is none, which writes to nowhere
            np.random.set_state(random)


def _nothing(*args: object, **kwargs: object) -> None:
    pass
