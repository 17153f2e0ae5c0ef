"""Payer profiles: which rules apply to whom, with which severity, and since when."""
