"""Questions about an account that change nothing in it, but for a probe object that is deleted again."""
