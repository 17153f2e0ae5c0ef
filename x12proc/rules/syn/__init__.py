"""SYN: syntax of the segments and texts of a drug line."""
