"""Run fixture cases, built-in ones and those of custom rules, and compare the results."""
