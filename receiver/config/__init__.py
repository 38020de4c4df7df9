"""
Reading the configuration: one TOML file, environment variables over it, and every problem reported at once.

Owns how settings are found, merged, checked and complained about; the settings themselves are models elsewhere
(`receiver/settings.py`, `workers/settings.py`).
"""

from .problems import ConfigError, Gathering, Problem
from .reading import NOT_SETTINGS, RawConfig, read_config
from .validation import validated

__all__ = ["NOT_SETTINGS", "ConfigError", "Gathering", "Problem", "RawConfig", "read_config", "validated"]
