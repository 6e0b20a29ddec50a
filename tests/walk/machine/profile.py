"""How much the machines try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

FUZZ = int(os.environ.get("CALLBOARD_FUZZ", "0"))


def profile(examples: int, steps: int) -> settings:
    """Every run tries the same few towns; with CALLBOARD_FUZZ people try others, and more."""
    return settings(
        max_examples=FUZZ or examples,
        stateful_step_count=12 if FUZZ else steps,
        derandomize=not FUZZ,
        database=None,
        # Making a failure smaller takes minutes: only people who look for one wait for that.
        phases=[Phase.generate, *([Phase.shrink] if FUZZ else [])],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
