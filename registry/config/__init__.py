"""Frozen settings from one TOML file, overridden by the environment; no file is needed."""

from registry.config.loading import describe_settings, load_settings, render_settings
from registry.config.settings import (
    AuthSettings,
    CacheSettings,
    LimitSettings,
    LogSettings,
    MountSettings,
    ServerSettings,
    Settings,
    StorageSettings,
)

__all__ = [
    "AuthSettings",
    "CacheSettings",
    "LimitSettings",
    "LogSettings",
    "MountSettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "describe_settings",
    "load_settings",
    "render_settings",
]
