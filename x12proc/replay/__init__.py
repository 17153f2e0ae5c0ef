"""Fixtures and what they expect: ours, and those of whoever writes rules of their own."""
