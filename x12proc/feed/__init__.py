"""Watched folders: inputs taken from an inbox, scrubbed, and put where they belong, with a ledger of all of it."""
