import hypothesis
from projectfiles import CI

if not CI:  # in CI hypothesis loads a profile of its own, which has no deadline either
    hypothesis.settings.register_profile("no deadline", deadline=None)  # a slow machine is not a fault
    hypothesis.settings.load_profile("no deadline")


def pytest_collection_modifyitems(items):
    """Run the quick tests first and the browser last."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
