"""State changes, told to people."""
