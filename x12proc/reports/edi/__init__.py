"""EDI output: annotated, fixed, accepted and rejected interchanges."""
