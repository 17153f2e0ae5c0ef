"""NDC: the National Drug Code (loop 2410, LIN02 and LIN03)."""
