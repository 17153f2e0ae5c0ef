"""x12proc."""
