"""Every control of every explorer, moved from end to end: the picture is what drawing all of it anew would show."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach import explorers, tasks
from lstm_teach.explorers.controls import SLIDERS
from lstm_teach.explorers.shell import Explorer, plain

MODULES = [
    importlib.import_module(f"lstm_teach.explorers.{found.name}") for found in pkgutil.iter_modules(explorers.__path__)
]
MAKERS = {
    name: function
    for module in MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and inspect.signature(function).return_annotation is Explorer
}
RUNS = [lt.train(lt.Params.random(7, 4, seed=seed), tasks.reber(8), 30, progress=False) for seed in (0, 1)]
NORMS = {"right": np.array([1.0, 8.0]), "broken": np.array([1e9, 1e12])}
CALLS = {  # with what the notebooks call them, where it isn't without arguments
    "bell_explorer": [{}, {"gates": "ifo"}],
    "two_way": [
        {"steps": 1, "direction": "forward"},
        {"steps": 1, "upto": "loss"},
        {"steps": 2, "direction": "back", "flaws": lt.FLAWS},
    ],
    "learning_explorer": [{"histories": dict(zip(("right", "broken"), RUNS, strict=True))}],
    "clipping_explorer": [{"norms": NORMS}],
}


def ends(control):
    """What to set, and to which values: a slider to both ends, a box with and without its tick, some options."""
    if isinstance(control, SLIDERS):
        exponents = control.has_trait("base")  # of a logarithmic slider
        return "value", [control.base**end if exponents else end for end in (control.min, control.max)]
    if not control.has_trait("index"):
        return "value", (True, False)
    return "index", np.linspace(0, len(control.options) - 1, 7, dtype=int).tolist()


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "arguments"),
    [pytest.param(name, each, id=f"{name}-{k}") for name in MAKERS for k, each in enumerate(CALLS.get(name, [{}]))],
)
def test_every_control_moves_from_end_to_end_and_leaves_nothing_stale(name, arguments):
    explorer = MAKERS[name](**arguments)
    for control in explorer.controls.values():
        trait, values = ends(control)
        seen = set()
        for value in values:
            setattr(control, trait, value)
            assert explorer.message == "" and plain(explorer.text) == explorer.picture.alt
            assert_same_as_full_drawing(explorer._scene)
            seen.add(explorer.png)
        assert len(seen) > 1, control.description
    explorer.close()
