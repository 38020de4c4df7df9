"""
Workflows: trigger, conditions and actions, named and versioned.

Owns what a definition may look like and which workflows an event starts. Runs nothing, and knows neither the
file that a definition came from nor the Redis that keeps it.
"""

from .entities import ENTITY_TYPES, EntityType, entity_of, scope_of
from .loading import load_workflow, load_workflows
from .problems import WorkflowErrors, WorkflowProblem
from .workflow import StepSpec, Workflow, triggered, workflow_warnings

__all__ = [
    "ENTITY_TYPES",
    "EntityType",
    "StepSpec",
    "Workflow",
    "WorkflowErrors",
    "WorkflowProblem",
    "entity_of",
    "load_workflow",
    "load_workflows",
    "scope_of",
    "triggered",
    "workflow_warnings",
]
