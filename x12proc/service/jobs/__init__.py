"""Jobs of the worker processes."""
