"""The HTTP service: files are sent, scrubbed by worker processes, and kept for a time with their reports; people
work on the rejected claims in a browser.

Needs the extra ``service``. What is stored lies in one data folder: a SQLite database and a folder a run.
"""
