"""X12 as bytes: delimiters, segments, envelopes and the scanner. Knows no claim beyond where it begins."""
