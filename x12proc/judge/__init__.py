"""What of a file is held against the implementation guide, and what becomes of the answer. Knows no validator."""
