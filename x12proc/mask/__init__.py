"""Make a file that may be shared from a real one: identifiers replaced, everything the rules read kept."""
