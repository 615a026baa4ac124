"""What holds for every file: the backend's interpreter and device."""

from .preferences import MMTALKER_AP_preferences, Settings, settings

__all__ = ["MMTALKER_AP_preferences", "Settings", "settings"]
