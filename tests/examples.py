"""Hypothesis as the tests use it: the same examples at every run, others on demand.

``IMPRINT_LONG=1`` tries thousands of others; ``--hypothesis-seed=N`` says which.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

LONG = bool(os.environ.get("IMPRINT_LONG"))


def make_steady() -> None:
    """Have Hypothesis's examples depend on the test and its seed alone.

    It draws constants out of the modules that happen to be loaded, even to choose one of a list:
    which tests ran before in the same process would decide what this one tries.
    """
    HypothesisProvider._local_constants = Constants()


def patient(*, few: int, many: int) -> settings:
    """So few examples, the same every time, where everybody waits for them; many others else."""
    return settings(
        max_examples=many if LONG else few,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not LONG,
        database=None,
    )
