"""Payer profiles: which rules hold for whom, how grave they are, and since when."""
