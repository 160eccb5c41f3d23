"""A job orchestrator for research groups."""

__version__ = "0.1.0"
