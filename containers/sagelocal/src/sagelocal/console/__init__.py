"""Pages for people: what is here, read only, at the addresses that AWS's console has for the same things."""
