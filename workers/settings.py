"""
A worker's settings, checked and loaded: how it works, the order APIs, workflows and actions.

Owns the check of the whole file: problems on the receiver's side come in the same list, so one run shows all.
Workers verify no delivery, so the secrets of the sources' schemes are neither needed nor read here, and a
worker's environment need not hold them. `orderhook sources check` reads both sides.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from receiver.config import ConfigError, Gathering, Path, Problem, RawConfig, dotted, shown, validated
from receiver.secrets import Secret, SecretError
from receiver.settings import ReceiverSettings, SourceTerms

from .actions import ActionError, Around, Registry
from .download_settings import DownloadSettings
from .loop_settings import LoopGuardSettings
from .mail_settings import EmailSettings
from .provider_settings import IntegrationsSection
from .push_settings import PushSettings
from .reconcile_settings import ReconcileSettings
from .sections import MODULE_NAME, ApiSettings, RetrySettings, WorkerFile, WorkerSection
from .target_settings import TargetSettings
from .templating import Shelf
from .workflows import Workflow, WorkflowErrors, WorkflowProblem, load_workflows

__all__ = [
    "ApiSettings",
    "RetrySettings",
    "WorkerSection",
    "WorkerSettings",
    "definitions",
    "worker_settings",
]

T = TypeVar("T")

_REFERENCES = ("env:", "file:")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """
    Everything a worker needs, checked; what it need not know, a scheme's secrets, is not in it.
    """

    redis_url: str = field(repr=False)
    worker: WorkerSection
    sources: Mapping[str, SourceTerms]
    apis: Mapping[str, ApiSettings]
    #: By source; those that have the job.
    reconciles: Mapping[str, ReconcileSettings]
    #: By source.
    loop_guards: Mapping[str, LoopGuardSettings]
    targets: Mapping[str, TargetSettings] = field(repr=False)
    shelf: Shelf
    email: EmailSettings | None = field(repr=False)
    push: PushSettings | None = field(repr=False)
    downloads: DownloadSettings
    actions: tuple[str, ...]
    registry: Registry = field(repr=False)
    workflows: tuple[Workflow, ...] = field(repr=False)
    integrations: IntegrationsSection = field(default_factory=IntegrationsSection)
    #: What opens the credentials of connected shops.
    credentials_key: tuple[Secret, ...] = field(default=(), repr=False)

    @property
    def order_source(self) -> str:
        """The source whose order API is given the orders of shops; empty where the file names none."""
        only = next(iter(self.apis)) if len(self.apis) == 1 else ""
        return self.integrations.order_source or only


def worker_settings(raw: RawConfig) -> WorkerSettings:
    """
    Check the whole file and load what it names; importing the modules of `actions` runs their code.

    Raises:
        ConfigError: With all problems at once, those of the receiver's part included.

    """
    gathering = Gathering()
    gathering.attempt(
        lambda: validated(ReceiverSettings, raw, values=_unread(raw.values), overlook=(SecretError,))
    )
    file = gathering.attempt(lambda: validated(WorkerFile, raw))
    registry = gathering.attempt(lambda: _registry(raw))
    workflows = gathering.attempt(lambda: _workflows(raw, registry)) if registry is not None else None
    gathering.raise_all()
    return _assembled(_there(file), _there(registry), _there(workflows))


def definitions(raw: RawConfig) -> tuple[Registry, tuple[Workflow, ...]]:
    """
    Load actions and workflows alone, for those who only read them: needs neither secrets nor tokens.

    Raises:
        ConfigError: With all problems of the first of the two that has any.

    """
    registry = _registry(raw)
    return registry, _workflows(raw, registry)


def order_source(raw: RawConfig) -> str:
    """Return what `WorkerSettings.order_source` is, for those who only read workflows: needs no tokens."""
    sources = raw.values.get("sources", {})
    apis = [name for name in sources if _inside(sources[name], "api")] if isinstance(sources, Mapping) else []
    named = _inside(raw.values.get("integrations"), "order_source")
    return str(named) if named else next(iter(apis)) if len(apis) == 1 else ""


def _there(part: T | None) -> T:
    assert part is not None  # else a problem was gathered, and raised
    return part


def _assembled(file: WorkerFile, registry: Registry, workflows: tuple[Workflow, ...]) -> WorkerSettings:
    return WorkerSettings(
        redis_url=file.redis_url,
        worker=file.worker,
        sources=file.sources,
        apis={name: source.api for name, source in file.sources.items() if source.api},
        reconciles={name: one.reconcile for name, one in file.sources.items() if one.reconcile},
        loop_guards={name: one.loop_guard.over(file.loop_guard) for name, one in file.sources.items()},
        targets=file.targets,
        shelf=Shelf(folder=file.templates),
        email=file.email,
        push=file.push,
        downloads=file.downloads,
        actions=tuple(file.actions),
        registry=registry,
        workflows=workflows,
        integrations=file.integrations,
        credentials_key=file.console.credentials_key,
    )


def _with_api(sources: object) -> Iterable[str]:
    found = sources if isinstance(sources, Mapping) else {}
    return (name for name, source in found.items() if isinstance(source, Mapping) and "api" in source)


def registry_of(raw: RawConfig) -> Registry:
    """
    Load the actions alone.

    Raises:
        ConfigError: With all problems of the modules.

    """
    return _registry(raw)


def _registry(raw: RawConfig) -> Registry:
    found = raw.values.get("actions", ())
    names = [name for name in found if _is_module(name)] if isinstance(found, list) else []
    try:
        return Registry.load(names, folder=raw.folder, around=_around(raw))
    except ActionError as error:
        raise ConfigError(_action_problems(error, found, raw)) from error


def _around(raw: RawConfig) -> Around:
    """Return what parameters may name, by the names alone: neither secrets nor checked values are needed for it."""
    targets, folder = raw.values.get("targets", {}), raw.values.get("templates")
    return Around(
        targets=frozenset(targets) if isinstance(targets, Mapping) else frozenset(),
        shelf=Shelf(folder=(raw.folder / folder).resolve() if isinstance(folder, str) and folder else None),
        tables=frozenset(raw.values),
        apis=frozenset(_with_api(raw.values.get("sources"))),
    )


def _is_module(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(MODULE_NAME, name) is not None


def _action_problems(error: ActionError, names: Sequence[object], raw: RawConfig) -> Iterable[Problem]:
    for module, message in error.problems:
        path: Path = ("actions", names.index(module)) if module in names else ("actions",)
        yield Problem(
            where=raw.origin(path), key=dotted(path), found=f"module {module}: {message}", expected=""
        )


def _workflows(raw: RawConfig, registry: Registry) -> tuple[Workflow, ...]:
    found = raw.values.get("workflows", ())
    try:
        return load_workflows(found if isinstance(found, list) else (), known=registry)
    except WorkflowErrors as error:
        raise ConfigError(_workflow_problem(problem, raw) for problem in error.problems) from error


def _workflow_problem(problem: WorkflowProblem, raw: RawConfig) -> Problem:
    return Problem(
        where=raw.origin(("workflows",)),
        key=problem.key,
        found=f"workflow {shown(problem.workflow)}: {problem.message}",
        expected="",
    )


def _unread(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return *values* with every reference to a scheme's secret in the state of not having been read.
    """
    sources = values.get("sources")
    if not isinstance(sources, Mapping):
        return values
    return {**values, "sources": {name: _source_unread(source) for name, source in sources.items()}}


def _source_unread(source: Any) -> Any:
    secrets = _inside(_inside(source, "scheme"), "secrets")
    if not isinstance(secrets, list):
        return source
    return {**source, "scheme": {**source["scheme"], "secrets": [_secret_unread(one) for one in secrets]}}


def _inside(table: Any, key: str) -> Any:
    return table.get(key) if isinstance(table, Mapping) else None


def _secret_unread(secret: Any) -> Any:
    if isinstance(secret, Mapping) and "secret" in secret:
        return {**secret, "secret": _secret_unread(secret["secret"])}
    return Secret(secret, None) if isinstance(secret, str) and secret.startswith(_REFERENCES) else secret
