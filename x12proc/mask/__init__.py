"""A real file into one that may be shared: identifiers replaced, all that the rules read kept."""
