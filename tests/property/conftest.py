"""How laws are tried: a slow machine is no failure. ``LAMINA_LAWS`` says how many examples."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "laws",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("LAMINA_LAWS", "20")),
)
settings.load_profile("laws")
