"""The version of x12proc, in one place."""

__version__ = "0.1.0"
