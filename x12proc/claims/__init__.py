"""The 837 as values: loop tables, one builder for both guides, and the claim model."""
