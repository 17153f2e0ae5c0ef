"""Helpers of several rule families. No rule is declared here."""
