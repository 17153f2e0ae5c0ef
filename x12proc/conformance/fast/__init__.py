"""The implementation guides as tables, and a walk that is sure only of sound claims."""
