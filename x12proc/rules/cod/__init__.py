"""COD: the procedure code of a drug line."""
