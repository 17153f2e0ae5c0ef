"""NAR: the narrative of a line (SV101-7, SV202-7, line and claim notes)."""
