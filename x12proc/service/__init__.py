"""The HTTP service: scrubs submitted files in worker processes, keeps them with their reports for a limited time,
and serves the worklist of rejected claims to browsers.

Needs the extra ``service``. All state is in one data folder: a SQLite database and a folder per run.
"""
