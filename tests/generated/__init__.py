"""Claims made by chance, but always the same by their seed: clean ones, and ones with a single fault.

Drugs come from the shipped reference tables, read here by simple means of their own, so that the program's way of
reading them is not its own witness.
"""
