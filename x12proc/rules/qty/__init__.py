"""QTY: NDC quantity and unit (loop 2410, CTP04 and CTP05-1)."""
