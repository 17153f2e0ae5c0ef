"""The implementation guides as tables, and a fast walk that recognizes sound claims only."""
