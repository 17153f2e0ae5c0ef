"""Target lines with their drug identification, without checks."""
