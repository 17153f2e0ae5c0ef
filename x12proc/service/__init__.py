"""The HTTP service and the worklist in the browser: files are sent, kept, scrubbed, and their claims mended.

Needs the extra ``service``. What is stored lies in one data folder: a SQLite database and a folder a run.
"""
