"""Acknowledgements for the sender: 999, 277CA and TA1."""
