"""The worklist: pages for people."""
