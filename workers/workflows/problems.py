"""What can be wrong with definitions, as values."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowProblem:
    """One problem of a definition; `key` is its place (`workflows[0].actions[1].tag`), `step` is from 0."""

    workflow: str
    step: int | None
    key: str
    message: str

    def __str__(self) -> str:
        return f"workflow {self.workflow!r}: {self.key}: {self.message}"


class WorkflowErrors(Exception):
    """Definitions that cannot be used."""

    def __init__(self, problems: Sequence[WorkflowProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, problems)))
