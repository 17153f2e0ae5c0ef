"""Corrected claims: denied claims of an 837 as replacements or voids with the payer's own claim number."""
