"""Models with faults that diagnose_model is tried on."""


def is_named(family: str, expected: set[str] | list[str]) -> bool:
    """Whether a family is one of those expected, or says of a lost carry no more than the numbers prove."""
    return family in expected or ("carry" in expected and family in ("between steps", "start"))
