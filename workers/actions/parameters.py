"""
Kinds of parameters that an action may annotate, beside those of pydantic.
"""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo

#: Under which name the known targets are in a validation's context.
TARGETS = "targets"


def _known(name: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get(TARGETS)
    if known is not None and name not in known:
        there = f"known: {', '.join(sorted(known))}" if known else "none is configured"
        raise ValueError(f"unknown target {name!r}; {there}; see [targets.NAME]")
    return name


TargetName: TypeAlias = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_known)]
"""The name of a target of webhooks: `step.targets[name]`. One that the configuration lacks is found at the start."""
