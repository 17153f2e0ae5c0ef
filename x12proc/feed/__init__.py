"""Watched folders: take files from an inbox, scrub them, deliver artifacts, and record all of it in a ledger."""
