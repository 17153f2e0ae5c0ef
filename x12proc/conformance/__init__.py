"""Checks claims against their implementation guides, quickly where they are sound and through pyx12 elsewhere."""
