"""Tripoint, the open cross-border e-commerce service platform system."""

__version__ = "0.1.0"
