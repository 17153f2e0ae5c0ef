"""MOD: modifiers of a drug line."""
