"""One input into its artifacts: files, settings, processes. All I/O of the core is here."""
