"""The tables and the files that the service keeps."""
