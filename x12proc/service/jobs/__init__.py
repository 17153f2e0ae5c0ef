"""Work that other processes do."""
