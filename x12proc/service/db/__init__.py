"""The database tables and stored files of the service."""
