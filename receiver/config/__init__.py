"""
Reading the configuration: one TOML file, environment variables over it, and every problem reported at once.

Owns how settings are found, merged, checked and complained about; the settings themselves are the models in
`receiver/settings.py` and `workers/settings.py`.
"""

from .problems import ConfigError, Gathering, Path, Problem, dotted, shown
from .reading import NOT_SETTINGS, RawConfig, read_config
from .validation import schema_of, validated

__all__ = [
    "NOT_SETTINGS",
    "ConfigError",
    "Gathering",
    "Path",
    "Problem",
    "RawConfig",
    "dotted",
    "read_config",
    "schema_of",
    "shown",
    "validated",
]
