"""What a step leaves behind: its record, and the way to its pages."""
